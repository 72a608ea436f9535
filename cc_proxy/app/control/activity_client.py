"""A client of `GET /activity`."""

from http import HTTPStatus
from http.client import HTTPException

import msgspec

from cc_proxy.app.control.activity import Activity
from cc_proxy.app.control.http_exchange import exchange


def ask(
    host: str, port: int, key: str, *, upstream: bool = True, timeout_seconds: float = 2.0
) -> Activity | None:
    """Return what the proxy does, None if it does not answer in time or does not take the key.

    `upstream` makes it ask Ollama which models are loaded. To be asked only of a process that is
    known to be ours: whoever listens is shown the key.
    """
    target = "/activity" if upstream else "/activity?upstream=0"
    try:
        status, body = exchange(host, port, target, key=key, timeout_seconds=timeout_seconds)
    except (OSError, HTTPException):
        return None
    if status != HTTPStatus.OK:
        return None
    try:
        return msgspec.json.decode(body, type=Activity)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
