"""Asking a running proxy to have its model loaded."""

import http.client
from http import HTTPStatus

import msgspec

from cc_proxy.app.daemon.addresses import to_connect
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.state import State

_ANSWER_LIMIT = 1 << 20
_DONE = (HTTPStatus.OK, HTTPStatus.ACCEPTED)


class Preloaded(msgspec.Struct, frozen=True):
    """The model, its window in tokens, and how long it took, None while it still loads."""

    model: str
    context_window: int
    seconds: float | None = None


class _Error(msgspec.Struct):
    message: str


class _Refusal(msgspec.Struct):
    error: _Error


def preload(
    now: State, key: str, *, model: str | None, wait: bool, timeout_seconds: float
) -> Preloaded:
    """Have a model loaded, None for the one that answers for `claude-*`.

    To be asked only of a process that has confirmed who it is: it is shown the key.

    Raises:
        DaemonError: code `preload_failed`.

    """
    body = {"wait": wait} | ({"model": model} if model else {})
    headers = {"Authorization": f"Bearer {key}", "Connection": "close"}
    connection = http.client.HTTPConnection(to_connect(now.host), now.port, timeout=timeout_seconds)
    try:
        connection.request("POST", "/preload", msgspec.json.encode(body), headers)
        response = connection.getresponse()
        answer = response.read(_ANSWER_LIMIT)
        if response.status in _DONE:
            return msgspec.json.decode(answer, type=Preloaded)
        raise _failed(msgspec.json.decode(answer, type=_Refusal).error.message)
    except TimeoutError as error:
        raise _failed(f"it took more than {timeout_seconds:g} seconds.") from error
    except (OSError, http.client.HTTPException, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _failed(f"the proxy at {now.url} does not answer ({error}).") from error
    finally:
        connection.close()


def _failed(why: str) -> DaemonError:
    return DaemonError(
        f"The model was not loaded beforehand: {why}",
        code="preload_failed",
        hint="cc-proxy serves all the same; the first request tries again. See: cc-proxy models",
    )
