"""Events of a client's session, as the demo shows them."""

from dataclasses import dataclass
from typing import Any

from cc_proxy.app.errors import CcProxyError


@dataclass(frozen=True)
class TextEvent:
    """The model's text."""

    text: str


@dataclass(frozen=True)
class ToolCallEvent:
    """A tool that the model asked for, with its arguments."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class ToolResultEvent:
    """The result of a tool."""

    text: str
    is_error: bool


Event = TextEvent | ToolCallEvent | ToolResultEvent


class SessionError(CcProxyError):
    """The session did not come to its end."""

    code = "demo_failed"
