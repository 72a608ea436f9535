"""Hearing from the proxy while the model is silent.

Ollama sends nothing while it loads a model or reads a prompt, which can take minutes. Claude
Code gives up after 300 silent seconds and asks for the same again, so after a short wait, in
which an error can still be a true HTTP status, the answer begins and is kept alive.
"""

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from aiohttp import web

from cc_proxy.app.anthropic.events import encode
from cc_proxy.app.gateway.answer.rounds import Answer

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter


@dataclass(frozen=True)
class KeepAliveTiming:
    """The wait of headers for a true status, and the longest silence after that.

    Those of an answer in one piece wait longer, since an error after them has no words. The
    shortest timeout in common use is the 30 s of HAProxy's examples.
    """

    initial_delay_seconds: float = 10.0
    interval_seconds: float = 5.0
    whole_initial_delay_seconds: float = 25.0


class StreamWriter:
    """Writes an answer, and a keep-alive event whenever it has been silent for a beat.

    `answer` may be replaced by another one until its first words are written.
    """

    def __init__(
        self,
        request: web.Request,
        response: web.StreamResponse,
        answer: Answer,
        pace: KeepAliveTiming,
    ) -> None:
        self._request = request
        self._response = response
        self.answer = answer
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._writer: AbstractStreamWriter | None = None
        self._in_chunks = False
        self._last_write = 0.0
        self._sending = False
        # One timer for a whole silence, and a task only for a beat: both cost too much to have
        # one for every word.
        self._timer: asyncio.TimerHandle | None = None
        self._keep_alive_task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the clock."""
        self._look_again_after(self._pace.initial_delay_seconds)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the clock."""
        if self._keep_alive_task is not None:
            self._keep_alive_task.cancel()
            await asyncio.wait([self._keep_alive_task])
        if self._timer is not None:
            self._timer.cancel()

    async def send(self, data: bytes) -> None:
        """Write to the client; begins the response if that has not been done."""
        self._sending = True
        try:
            if self._keep_alive_task is not None:
                await asyncio.wait([self._keep_alive_task])
            await self._write(data)
        finally:
            self._sending = False

    async def _write(self, data: bytes) -> None:
        if self._writer is None:
            self._writer = await self._response.prepare(self._request)
            # Not so in HTTP/1.0, which some programs still speak.
            self._in_chunks = self._response.headers.get("Transfer-Encoding") == "chunked"
        if self._writer is not None:
            # What the response's own write() does, without its checks for every word.
            await self._writer.write(data)
        self._last_write = self._loop.time()

    def at_once(self) -> asyncio.WriteTransport | None:
        """Return the client, if the answer has begun and nothing of it is held up."""
        if not self._in_chunks or self._sending or self._keep_alive_task is not None:
            return None
        client = self._request.transport
        return None if client is None or client.get_write_buffer_size() else client

    def send_at_once(self, client: asyncio.WriteTransport, data: bytes) -> None:
        """Write to the client that `at_once` gave, without a task that waits."""
        # What the writer's own write() does, which is a coroutine.
        client.write(b"%x\r\n%b\r\n" % (len(data), data))
        self._last_write = self._loop.time()

    def _look_again_after(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        silent = self._loop.time() - self._last_write
        if silent < self._pace.interval_seconds:
            self._look_again_after(self._pace.interval_seconds - silent)
            return
        # Before the beat is written: one that the client does not take ends with this look only.
        self._look_again_after(self._pace.interval_seconds)
        if self._keep_alive_task is None:
            self._keep_alive_task = self._loop.create_task(self._keep_alive())

    async def _keep_alive(self) -> None:
        # Asked only now: an answer that has been translated but not written must not be
        # overtaken, and one that a slow client does not take needs no beat behind it.
        if not self._sending and (events := self.answer.start() or self.answer.keep_alive()):
            try:
                await self._write(encode(events))
            except ConnectionError:
                # The client has left; its handler is being cancelled and says so in the log.
                return
        self._keep_alive_task = None
