"""Access to the page of `cc-proxy ui` without the proxy's key: it never gets into a browser.

A ticket, which `cc-proxy ui` has from the proxy, is in the address that a browser opens: others can
read that in the list of processes. So it works once, and not for long. The page exchanges it for
the page's own key, which opens `GET /activity` and nothing else.
"""

import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

# So that there is time to forward a port to another machine.
TICKET_SECONDS = 600.0
# Of those that nobody has used, the oldest goes first.
MAX_TICKETS = 16
_PURPOSE = b"the page of cc-proxy ui"
_DATA = ("GET", "/activity")
_EXCHANGE = ("POST", "/ui/key")


@dataclass(frozen=True)
class _Ticket:
    text: str
    until: float


class PageAccess:
    """The page's key, and the tickets that can be exchanged for it.

    The key is the same after a restart, so that an open page goes on.
    """

    def __init__(self, auth_key: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.key = hmac.new(auth_key.encode(), _PURPOSE, "sha256").hexdigest()
        self._clock = clock
        self._tickets: deque[_Ticket] = deque(maxlen=MAX_TICKETS)

    def new_ticket(self) -> str:
        """Return a ticket that works once, within `TICKET_SECONDS`."""
        ticket = _Ticket(secrets.token_urlsafe(16), self._clock() + TICKET_SECONDS)
        self._tickets.append(ticket)
        return ticket.text

    def opens(self, method: str, path: str, offered: bytes) -> bool:
        """Tell whether a request may pass with this key of the page, or with this ticket."""
        if (method, path) == _DATA:
            return _is_same(offered, self.key)
        return (method, path) == _EXCHANGE and self._take(offered)

    def _take(self, offered: bytes) -> bool:
        now = self._clock()
        for ticket in list(self._tickets):
            is_it = _is_same(offered, ticket.text)
            if is_it or ticket.until < now:
                self._tickets.remove(ticket)
            if is_it:
                return ticket.until >= now
        return False


def _is_same(offered: bytes, expected: str) -> bool:
    return hmac.compare_digest(offered, expected.encode())


PAGE = web.AppKey("PAGE", PageAccess)
