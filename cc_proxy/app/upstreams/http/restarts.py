"""Waiting for a server that was killed a moment ago and is being started again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp

from cc_proxy.app.upstreams.http import reasons

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

# Ollama's own service starts it again 3 seconds after it was killed, and then it takes one more to
# listen. Claude Code asks again only once, after 50 milliseconds (2.1.330), and then gives up.
PATIENCE_SECONDS = 8.0
PAUSE_SECONDS = 0.25


class Restarts:
    """Sends a request again while a server that has answered before refuses connections.

    It waits up to `patience_seconds` (0: not at all), and once: a server that is still down after
    that is reported at once until it answers again. `server` is its name for people.
    """

    def __init__(self, server: str, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._server = server
        self.patience_seconds = patience_seconds
        self._has_answered = False

    def answered(self) -> None:
        """Note that the server is there."""
        self._has_answered = True

    def forget(self) -> None:
        """Take the server for one that was never there: it is another one from now on."""
        self._has_answered = False

    async def send(self, send: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return what `send` returns, sent again while the server may be starting.

        Raises:
            aiohttp.ClientConnectorError: nothing listens, and did not within the patience.

        """
        try:
            return await send()
        except aiohttp.ClientConnectorError as error:
            if not self._may_start(error):
                raise
        log.warning(
            "%s was there and refuses connections now: waiting for it to start again", self._server
        )
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self.patience_seconds
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                return await send()
            except aiohttp.ClientConnectorError as error:
                if not self._may_start(error) or loop.time() >= give_up_at:
                    self._has_answered = False
                    raise

    def _may_start(self, error: aiohttp.ClientConnectorError) -> bool:
        waits = self._has_answered and self.patience_seconds > 0
        return waits and reasons.how(error) == "refused"
