"""Decoding of `/api/chat` and `/api/generate`, with errors in Go's own words."""

import json
import re
from dataclasses import dataclass
from typing import Any

from cc_proxy.app.practice.requests import shapes
from cc_proxy.app.practice.requests.durations import seconds
from cc_proxy.app.practice.requests.tool_types import check_parameters
from cc_proxy.app.practice.wire import WireError

_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_THINK_VALUES = ("high", "medium", "low", "max")


@dataclass(frozen=True)
class ApiCall:
    """A tool call: the tool's name and its arguments."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class ApiMessage:
    """A turn of the conversation; images are base64."""

    role: str
    content: str
    thinking: str = ""
    images: tuple[str, ...] = ()
    calls: tuple[ApiCall, ...] = ()


@dataclass(frozen=True)
class ApiChatRequest:
    """A request that has the right types. `keep_alive` in seconds, None when absent.

    `raw`: the one message is the whole prompt, with no template around it.
    """

    model: str
    messages: tuple[ApiMessage, ...]
    tools: tuple[dict[str, Any], ...]
    stream: bool
    think: bool | str | None
    format: Any
    options: dict[str, Any]
    truncate: bool
    shift: bool
    keep_alive: float | None
    debug_render: bool
    raw: bool = False

    @property
    def tool_names(self) -> tuple[str, ...]:
        """The names of the declared tools, in their order."""
        return tuple((tool.get("function") or {}).get("name") or "" for tool in self.tools)


def decode(body: bytes, go_type: str) -> dict[str, Any]:
    """Return the JSON object in a body.

    Raises:
        WireError: 400 for no body, cut JSON, bad JSON or another type (recordings 19-19c).

    """
    if not body.strip():
        raise WireError(400, "missing request body")
    try:
        value = json.loads(body, parse_constant=_no_json)
    except UnicodeDecodeError as error:
        raise WireError(400, "invalid UTF-8 in the body") from error
    except json.JSONDecodeError as error:
        raise WireError(400, _syntax(error)) from error
    except RecursionError as error:
        raise WireError(400, "exceeded max depth") from error
    if not isinstance(value, dict):
        kind = shapes.kind_of(value)
        raise WireError(400, f"json: cannot unmarshal {kind} into Go value of type api.{go_type}")
    return _without_surrogates(value) if _ESCAPED_SURROGATE.search(body) else value


def read_chat(raw: dict[str, Any]) -> ApiChatRequest:
    """Return the request in the decoded body of `/api/chat`.

    Raises:
        WireError: 400 with the text that Ollama answers.

    """
    shapes.check(raw, shapes.CHAT, "ChatRequest")
    for tool in raw.get("tools") or ():
        check_parameters(((tool or {}).get("function") or {}).get("parameters") or {})
    return ApiChatRequest(
        model=raw.get("model") or "",
        messages=tuple(_message(message or {}) for message in raw.get("messages") or ()),
        tools=tuple(tool for tool in raw.get("tools") or () if tool),
        stream=_or_true(raw.get("stream")),
        think=_think(raw.get("think")),
        format=raw.get("format") or None,
        options=raw.get("options") or {},
        truncate=_or_true(raw.get("truncate")),
        shift=_or_true(raw.get("shift")),
        keep_alive=seconds(raw.get("keep_alive")),
        debug_render=bool(raw.get("_debug_render_only")),
    )


def read_generate(raw: dict[str, Any]) -> ApiChatRequest:
    """Return the request in the decoded body of `/api/generate`, as a chat of one turn.

    Raises:
        WireError: 400 with the text that Ollama answers.

    """
    shapes.check(raw, shapes.GENERATE, "GenerateRequest")
    system, prompt = raw.get("system") or "", raw.get("prompt") or ""
    turns = [ApiMessage("system", system)] if system else []
    if prompt:
        turns.append(
            ApiMessage("user", prompt, images=tuple(filter(None, raw.get("images") or ())))
        )
    return ApiChatRequest(
        model=raw.get("model") or "",
        messages=tuple(turns) if prompt else (),
        tools=(),
        stream=_or_true(raw.get("stream")),
        think=_think(raw.get("think")),
        format=raw.get("format") or None,
        options=raw.get("options") or {},
        truncate=_or_true(raw.get("truncate")),
        shift=_or_true(raw.get("shift")),
        keep_alive=seconds(raw.get("keep_alive")),
        debug_render=bool(raw.get("_debug_render_only")),
        raw=bool(raw.get("raw")),
    )


def _message(raw: dict[str, Any]) -> ApiMessage:
    calls = [(call or {}).get("function") or {} for call in raw.get("tool_calls") or ()]
    return ApiMessage(
        role=(raw.get("role") or "").lower(),
        content=raw.get("content") or "",
        thinking=raw.get("thinking") or "",
        images=tuple(image or "" for image in raw.get("images") or ()),
        calls=tuple(ApiCall(call.get("name") or "", call.get("arguments") or {}) for call in calls),
    )


def _think(value: object) -> bool | str | None:
    if value is None or isinstance(value, bool) or value in _THINK_VALUES:
        return value
    if isinstance(value, str):
        raise WireError(
            400,
            f'invalid think value: "{value}"'
            ' (must be "high", "medium", "low", "max", true, or false)',
        )
    raise WireError(400, 'think must be a boolean or string ("high", "medium", "low", "max")')


def _or_true(value: bool | None) -> bool:  # noqa: FBT001 - a field of the wire, not a flag
    return value is not False


def _no_json(constant: str) -> None:
    """Refuse NaN and Infinity, which Python reads and JSON does not have."""
    raise WireError(400, f"invalid character '{constant[0]}' looking for beginning of value")


def _syntax(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos :].strip()
    # An unterminated string is reported at its start, although the body ends inside it.
    if not rest or error.msg.startswith("Unterminated string"):
        return "unexpected EOF"
    return f"invalid character '{rest[0]}' looking for beginning of value"


def _without_surrogates(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Replace lone surrogates by U+FFFD, as Go does (recording 87b)."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    return value
