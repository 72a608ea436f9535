"""A client of `GET /why`."""

from http import HTTPStatus
from http.client import HTTPException
from urllib.parse import urlencode

import msgspec

from cc_proxy.app.control.http_exchange import exchange, reason_of
from cc_proxy.app.control.why import Why

_SECONDS = 5.0


def ask(  # noqa: PLR0913 - one address, and what is asked there by keyword
    host: str,
    port: int,
    key: str,
    *,
    request: str = "",
    words: bool = False,
    timeout_seconds: float = _SECONDS,
) -> Why | str | None:
    """Return why a request took so long; its id may be the end of one, "": the last slow one.

    A string is the proxy's own word that there is no such request; None: it does not answer in
    time, or is an older one. To be asked only of a process that is known to be ours.
    """
    query = {"request": request} if request else {}
    target = "/why?" + urlencode(query | ({"words": "1"} if words else {}))
    try:
        status, body = exchange(host, port, target, key=key, timeout_seconds=timeout_seconds)
        if status == HTTPStatus.OK:
            return msgspec.json.decode(body, type=Why)
        if status == HTTPStatus.NOT_FOUND:
            return reason_of(body)
    except (OSError, HTTPException, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return None
