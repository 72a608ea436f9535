"""Hearing from the proxy while the model is silent.

Ollama sends nothing while it loads a model or reads a prompt, which can take minutes. Claude
Code gives up after 300 silent seconds and asks for the same again, so after a short wait, in
which an error can still be a true HTTP status, the answer begins and is kept alive.
"""

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web

from cc_proxy.app.anthropic.events import encode
from cc_proxy.app.gateway.answering import Answer


@dataclass(frozen=True)
class Pace:
    """How long headers wait for a true status, and the longest silence after that."""

    hold_seconds: float = 10.0
    beat_seconds: float = 5.0


class Pacer:
    """Writes an answer, and a keep-alive event whenever it has been silent for a beat."""

    def __init__(
        self,
        request: web.Request,
        response: web.StreamResponse,
        answer: Answer,
        pace: Pace,
    ) -> None:
        self._request = request
        self._response = response
        self._answer = answer
        self._pace = pace
        self._last_write = 0.0
        # A beat must not fall between the two halves of another write.
        self._writing = asyncio.Lock()
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the clock."""
        self._beating = asyncio.create_task(self._beats())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the clock."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])

    async def send(self, data: bytes) -> None:
        """Write to the client; begins the response if that has not been done."""
        async with self._writing:
            await self._write(data)

    async def _write(self, data: bytes) -> None:
        if not self._response.prepared:
            await self._response.prepare(self._request)
        await self._response.write(data)
        self._last_write = asyncio.get_running_loop().time()

    async def _beats(self) -> None:
        beat = self._pace.beat_seconds
        await asyncio.sleep(self._pace.hold_seconds)
        while True:
            async with self._writing:
                # Asked only now: an answer that has just been written needs no beat, and one
                # that has been translated but not written must not be overtaken by it.
                silent = asyncio.get_running_loop().time() - self._last_write
                if silent >= beat:
                    if not await self._write_beat():
                        return
                    silent = 0.0
            await asyncio.sleep(beat - silent)

    async def _write_beat(self) -> bool:
        events = self._answer.start() or self._answer.keep_alive()
        if not events:
            return True
        try:
            await self._write(encode(events))
        except ConnectionError:
            # The client has left; its handler is being cancelled and says so in the log.
            return False
        return True
