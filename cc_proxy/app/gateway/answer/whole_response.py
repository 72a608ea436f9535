"""An answer that is sent in one piece, and heard of while the model is silent.

A JSON text may begin with spaces (RFC 8259, section 2). The official SDKs read such an answer
(Python 2.14, TypeScript 1.14), and every byte lets the timeouts of clients and gateways begin
again: 300 s of Node's fetch, 60 s of nginx.
"""

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web

from cc_proxy.app.gateway.answer.keep_alive import KeepAliveTiming

_SPACE = b" "


class WholeResponse:
    """Sends a JSON body; before it, once the silence is long, the headers and now and then a space.

    Until then an error can be a true HTTP status. After that it can only end the connection: both
    SDKs take an error in an answer of status 200 for a message.
    """

    def __init__(
        self, request: web.Request, headers: dict[str, str], timing: KeepAliveTiming
    ) -> None:
        self._request = request
        self._response = web.StreamResponse(headers=headers)
        self._response.content_type = "application/json"
        self._timing = timing
        self._ended = asyncio.Event()
        self._beats: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the clock."""
        self._beats = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the clock."""
        if self._beats is not None and not self._beats.done():
            self._beats.cancel()
            await asyncio.wait([self._beats])

    async def has_begun(self) -> bool:
        """Stop the clock; return whether the headers are sent, and no status can follow."""
        self._ended.set()
        if self._beats is not None:
            await asyncio.wait([self._beats])
        return self._response.prepared

    async def send(self, body: bytes) -> web.StreamResponse:
        """Send the body, and return the response.

        Raises:
            ConnectionError: the client has left.

        """
        if not await self.has_begun():
            self._response.content_length = len(body)
            await self._response.prepare(self._request)
        await self._response.write(body)
        await self._response.write_eof()
        return self._response

    def cut(self) -> None:
        """End the connection before the end of the answer, so that no client takes it for whole."""
        if self._request.transport is not None:
            self._request.transport.close()

    async def _beat(self) -> None:
        seconds = max(self._timing.initial_delay_seconds, self._timing.whole_initial_delay_seconds)
        try:
            while not await self._is_ended_within(seconds):
                if not self._response.prepared:
                    await self._response.prepare(self._request)
                await self._response.write(_SPACE)
                seconds = self._timing.interval_seconds
        except ConnectionError:
            # The client has left; its handler is being cancelled and says so in the log.
            return

    async def _is_ended_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._ended.wait()
        except TimeoutError:
            return False
