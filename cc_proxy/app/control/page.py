"""The exchange by which a browser gets to the page of `cc-proxy ui` without the proxy's key."""

from http import HTTPStatus
from http.client import HTTPException

import msgspec

from cc_proxy.app.control.http_exchange import exchange
from cc_proxy.app.control.wire import Seconds


class PageTicket(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the address that lets a browser in: it works once, within `seconds`."""

    ticket: str
    seconds: Seconds


class PageKey(msgspec.Struct, frozen=True, kw_only=True):
    """The page's own key: it opens `GET /activity` and nothing else."""

    key: str


def ask_ticket(host: str, port: int, key: str, *, timeout_seconds: float) -> PageTicket | None:
    """Return a new ticket, None if the proxy has no page (an older version) or does not answer.

    To be asked only of a process that is known to be ours: whoever listens is shown the key.
    """
    try:
        status, body = exchange(
            host, port, "/ui/ticket", key=key, body=b"", timeout_seconds=timeout_seconds
        )
    except (OSError, HTTPException):
        return None
    if status != HTTPStatus.OK:
        return None
    try:
        return msgspec.json.decode(body, type=PageTicket)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
