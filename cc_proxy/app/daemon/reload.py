"""Asking a running proxy to read its configuration again."""

from http import HTTPStatus
from http.client import HTTPException

import msgspec

from cc_proxy.app.control.http_exchange import exchange
from cc_proxy.app.control.wire import LastReload
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.process.state import ProcessState

_TIMEOUT_SECONDS = 10.0


def reload(now: ProcessState, key: str) -> LastReload:
    """Have the configuration read again, and return how that went.

    To be asked only of a process that has confirmed who it is: it is shown the key.

    Raises:
        DaemonError: code `reload_failed`, when it does not answer.

    """
    try:
        status, answer = exchange(
            now.host, now.port, "/reload", key=key, body=b"", timeout_seconds=_TIMEOUT_SECONDS
        )
        if status != HTTPStatus.OK:
            raise _failed(now, f"it answers {status}")
        return msgspec.json.decode(answer, type=LastReload)
    except (OSError, HTTPException, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _failed(now, str(error) or type(error).__name__) from error


def _failed(now: ProcessState, why: str) -> DaemonError:
    return DaemonError(
        f"Expected the cc-proxy that runs (pid {now.pid}, {now.url}) to read its configuration"
        f" again, found: {why}.",
        code="reload_failed",
        hint="To start it anew: cc-proxy restart",
    )
