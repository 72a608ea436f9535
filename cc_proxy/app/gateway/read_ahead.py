"""Having the model read the front of a session while the person is still typing."""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from cc_proxy.app.gateway.caller import SUBAGENT
from cc_proxy.app.gateway.storage.front_file import FrontFile
from cc_proxy.app.gateway.token_counter import TokenCounter
from cc_proxy.app.ollama import chat
from cc_proxy.app.ollama.client import OllamaClient
from cc_proxy.app.ollama.errors import UpstreamError
from cc_proxy.app.translate.fronts import Front, front_of
from cc_proxy.app.translate.request import Target, Translated

log = logging.getLogger(__name__)


class ReadAhead:
    """Remembers the latest front of each model, and has it read when a session is about to begin.

    It gives way at once to every real request, and never runs beside one.
    """

    def __init__(self, ollama: OllamaClient, tokens: TokenCounter, file: FrontFile) -> None:
        self._ollama = ollama
        self._tokens = tokens
        self._file = file
        self._fronts = file.load()
        self._reading: asyncio.Task[None] | None = None
        self._answering = 0

    def gives_way_to(
        self, translated: Translated, headers: Mapping[str, str]
    ) -> AbstractContextManager[None]:
        """Stand back while a real request is answered, and learn its front."""
        self._give_way()
        model = translated.request.model
        # Subagents have a front of their own, which no new session begins with.
        if SUBAGENT not in headers:
            before = self._fronts.pop(model, None)
            front = front_of(translated, before) or before
            if front is not None:
                self._fronts[model] = front
                if front != before:
                    self._file.save(self._fronts)
        return self._stands_back()

    @contextmanager
    def _stands_back(self) -> Iterator[None]:
        self._answering += 1
        try:
            yield
        finally:
            self._answering -= 1

    def start(self, target: Target) -> bool:
        """Have the front of a model read, if one is known and nothing else is going on."""
        front = self._fronts.get(target.model.name)
        if front is None or self._answering or self._reading is not None:
            return False
        self._reading = asyncio.create_task(self._read(target, front))
        return True

    async def close(self) -> None:
        """Stop reading, and have written what was learned."""
        reading = self._reading
        self._give_way()
        if reading is not None:
            await asyncio.wait([reading])
        await self._file.close()

    def _give_way(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def _read(self, target: Target, front: Front) -> None:
        model = target.model.name
        began = time.monotonic()
        last = chat.ChatChunk()
        try:
            async with self._ollama.chat(chat.encode(front.asks(target))) as batches:
                async for batch in batches:
                    last = batch[-1]
        except asyncio.CancelledError:
            log.info("read ahead for %s: gave way to a request", model)
            raise
        except UpstreamError as error:
            log.warning("read ahead for %s: %s", model, error.message)
        else:
            took = time.monotonic() - began
            spent = self._tokens.learned(front.prompt(target), last)
            log.info("read ahead for %s: tokens=%d seconds=%.1f", model, spent.read, took)
        self._reading = None
