"""Errors and notices of the background process."""

from dataclasses import dataclass

from cc_proxy.app.errors import CcProxyError


class DaemonError(CcProxyError):
    """The background process cannot be started, stopped or asked; `code` says what it was."""

    code = "daemon_error"


@dataclass(frozen=True)
class Notice:
    """Something a person should know though the command went well.

    `code` is stable; `hint` is the command that fixes it, if there is anything to fix.
    """

    code: str
    message: str
    hint: str | None = None
