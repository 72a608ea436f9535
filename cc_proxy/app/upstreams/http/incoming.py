"""An answer as it comes in: to the task that waits for it, or straight through.

A word that only adds to what a client sees already need not wake a task for that, which takes a
second pass of the event loop: with many slow streams it is a fifth of all work.
"""

import asyncio

import aiohttp

from cc_proxy.app.chat.answer import InlineConsumer
from cc_proxy.app.chat.errors import UpstreamBrokeError
from cc_proxy.app.upstreams.http import framing, reasons
from cc_proxy.app.upstreams.http.decoder import AnswerDecoder, ReadBatch

# An answer of a million tokens is about 150 MB, as each has a line of its own; what was said is
# kept until its end.
MAX_CHAT_BYTES = 256 * 1024 * 1024


class Incoming(asyncio.Protocol):
    """Reads the answer to one chat, and ends a wait after `silence_seconds` without a byte.

    It is between the connection and aiohttp until the answer is complete, and hears what
    comes when aiohttp has understood it. Only waiting counts as silence: while nobody asks, as a
    slow client holds everything up, it is not the server that is silent. One timer looks, when it
    would be time, how long the wait has been; aiohttp's own sets a new one for every word.
    `decoder` understands what comes, and `server` is the name of who sends it.
    """

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        decoder: AnswerDecoder,
        server: str,
        silence_seconds: float,
    ) -> None:
        self.shortcut: InlineConsumer | None = None
        self._content = response.content
        self._decoder = decoder
        self._server = server
        self._found: ReadBatch | None = None
        self._read_bytes = 0
        # Whether aiohttp's parser waits for a chunk to begin, and a line does too: one chunk of
        # whole lines can pass both by.
        self._is_between = False
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._heard_at = 0.0
        self._is_lost = False
        self._heard_bytes = 0
        self._gone: Exception | None = None
        self._silence_seconds = silence_seconds
        self._timer = self._loop.call_later(silence_seconds, self._look)
        # Without one the answer is here already, all of it.
        connection = response.connection
        protocol = connection.protocol if connection is not None else None
        self._transport = protocol.transport if protocol is not None else None
        if protocol is not None and self._transport is not None:
            protocol.read_timeout = None
            protocol.start_timeout()  # which takes the one away that runs, and sets none
            self._aiohttp: asyncio.Protocol = protocol
            self._transport.set_protocol(self)

    async def read(self) -> ReadBatch | None:
        """Return the chunks that have come and what is wrong behind them; None at the end.

        Raises:
            TimeoutError: nothing came for too long.
            aiohttp.ClientError, ConnectionError: the connection broke.

        """
        while True:
            if self._found is not None:
                found, self._found = self._found, None
                return found
            if self._gone is not None:
                raise self._gone
            if piece := self._content.read_nowait():
                self._read_bytes += len(piece)
                return self._decoder.feed(piece)
            if self._content.at_eof():
                return None
            if self._is_lost:
                raise ConnectionResetError("it ended before the answer did")
            await self._more()

    def end(self) -> None:
        """Leave the connection to aiohttp, and count no silence any more."""
        self._timer.cancel()
        if self._transport is not None and self._transport.get_protocol() is self:
            self._transport.set_protocol(self._aiohttp)

    def data_received(self, data: bytes) -> None:
        """Have aiohttp understand what came, and pass it on."""
        self._heard_bytes += len(data)
        if self._heard_bytes > MAX_CHAT_BYTES:
            most = MAX_CHAT_BYTES // 2**20
            self._gone = UpstreamBrokeError(f"{self._server}'s answer is larger than {most} MiB.")
            self._wake()
            return
        if self._is_between and self._passes_by(data):
            return
        before = self._content.total_bytes
        self._aiohttp.data_received(data)
        lines = framing.whole_lines(data)
        self._is_between = lines is not None and len(lines) == self._content.total_bytes - before
        is_complete = self._content.is_eof()
        if is_complete:
            # The connection is in the pool by now, for another request.
            self.end()
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        self._heard_at = self._loop.time()
        if is_complete or self.shortcut is None:
            waiter.set_result(None)
            return
        try:
            if not self._pass_inline(self.shortcut):
                waiter.set_result(None)
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
            waiter.set_exception(error)

    def eof_received(self) -> bool | None:
        """Tell aiohttp that the other side sends no more, and wake whoever waits."""
        ended = self._aiohttp.eof_received()
        self._wake()
        return ended

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell aiohttp that the connection is gone, and wake whoever waits."""
        self._is_lost = True
        if reasons.is_gone(exc):
            # aiohttp says only that the answer is not whole.
            self._gone = exc
        self._aiohttp.connection_lost(exc)
        self._wake()

    def pause_writing(self) -> None:
        """Tell aiohttp that the send buffer is full."""
        self._aiohttp.pause_writing()

    def resume_writing(self) -> None:
        """Tell aiohttp that the send buffer has room."""
        self._aiohttp.resume_writing()

    def _passes_by(self, data: bytes) -> bool:
        """Take a word that came as a chunk of its own, past aiohttp; tell whether it was taken."""
        lines, waiter = framing.whole_lines(data), self._waiter
        if lines is None or self.shortcut is None or waiter is None or waiter.done():
            return False
        batch = self._decoder.plain_words(lines)
        try:
            if batch is None or not self.shortcut(batch):
                return False
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
            waiter.set_exception(error)
        self._heard_at = self._loop.time()
        return True

    def _pass_inline(self, shortcut: InlineConsumer) -> bool:
        content = self._content
        # More than once: to read can have aiohttp go on with what it had left for later.
        while content.total_bytes > self._read_bytes:
            piece = content.read_nowait()
            self._read_bytes += len(piece)
            batch, trouble = found = self._decoder.feed(piece)
            if trouble is not None or (batch and not shortcut(batch)):
                self._found = found
                return False
        return True

    async def _more(self) -> None:
        self._heard_at = self._loop.time()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _look(self) -> None:
        waited = 0.0
        if self._waiter is not None:
            waited = self._loop.time() - self._heard_at
        if waited < self._silence_seconds:
            self._timer = self._loop.call_later(self._silence_seconds - waited, self._look)
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(TimeoutError())
