"""What can go wrong with the background process, and the sentences that are not errors."""

from dataclasses import dataclass

from cc_proxy.app.errors import CcProxyError


class DaemonError(CcProxyError):
    """The background process cannot be started, stopped or asked; `code` says what it was."""

    code = "daemon_error"


@dataclass(frozen=True)
class Notice:
    """Something a person should know though the command went well.

    `code` is stable, `hint` the command that mends it, if anything is to be mended.
    """

    code: str
    message: str
    hint: str | None = None
