"""Asking a running proxy to read its configuration again."""

import http.client
from http import HTTPStatus

import msgspec

from cc_proxy.app.daemon.addresses import to_connect
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.health import LastReload
from cc_proxy.app.daemon.state import State

_ANSWER_LIMIT = 1 << 20
_TIMEOUT_SECONDS = 10.0


def reload(now: State, key: str) -> LastReload:
    """Have the configuration read again, and return how that went.

    To be asked only of a process that has confirmed who it is: it is shown the key.

    Raises:
        DaemonError: code `reload_failed`, when it does not answer.

    """
    headers = {"Authorization": f"Bearer {key}", "Connection": "close"}
    connection = http.client.HTTPConnection(
        to_connect(now.host), now.port, timeout=_TIMEOUT_SECONDS
    )
    try:
        connection.request("POST", "/reload", headers=headers)
        response = connection.getresponse()
        answer = response.read(_ANSWER_LIMIT)
        if response.status != HTTPStatus.OK:
            raise _failed(now, f"it answers {response.status}")
        return msgspec.json.decode(answer, type=LastReload)
    except (OSError, http.client.HTTPException, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _failed(now, str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _failed(now: State, why: str) -> DaemonError:
    return DaemonError(
        f"Expected the cc-proxy that runs (pid {now.pid}, {now.url}) to read its configuration"
        f" again, found: {why}.",
        code="reload_failed",
        hint="To start it anew: cc-proxy restart",
    )
