"""Noticing that nothing has come for too long, at the price of reading a clock.

aiohttp's own `sock_read` takes a timer away and sets a new one for each piece of an answer; in
a stream of words that is a tenth of all work. Here one timer looks, when it would be time, how
long the wait has really been.
"""

import asyncio

import aiohttp


class SilenceWatch:
    """Ends a wait for `content` with a TimeoutError after `seconds` without a byte.

    Only waiting counts: while nobody asks, as a slow client holds everything up, it is not
    Ollama that is silent.
    """

    def __init__(self, content: aiohttp.StreamReader, seconds: float) -> None:
        self._content = content
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._waiting_since: float | None = None
        self._timer = self._loop.call_later(seconds, self._look)

    async def read(self) -> bytes:
        """Return what has come, all of it; nothing at the end.

        Raises:
            TimeoutError: nothing came for too long.

        """
        self._waiting_since = self._loop.time()
        piece = await self._content.readany()
        self._waiting_since = None
        return piece

    def end(self) -> None:
        """Stop watching."""
        self._timer.cancel()

    def _look(self) -> None:
        waited = 0.0
        if self._waiting_since is not None:
            waited = self._loop.time() - self._waiting_since
        if waited >= self._seconds:
            self._content.set_exception(TimeoutError())
        else:
            self._timer = self._loop.call_later(self._seconds - waited, self._look)
