"""Having the model read the front of a session while the person is still typing."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from cc_proxy.app.byte_cache import ByteCache, text_bytes
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.chat.model_names import full_name
from cc_proxy.app.chat.target import Target
from cc_proxy.app.gateway.scheduling.lanes import Lanes
from cc_proxy.app.gateway.storage.front_file import FrontFile
from cc_proxy.app.gateway.tokens.counter import TokenCounter
from cc_proxy.app.translate.prompt.session_prefix import SessionPrefix, session_prefix_of
from cc_proxy.app.translate.request.build import TranslatedRequest

log = logging.getLogger(__name__)

# Folders that a person works in by turns; each of their fronts is about 60 KB.
_MOST_FRONTS = 8
MAX_FRONT_BYTES = 2 * 1024 * 1024
MAX_FRONTS_BYTES = 32 * 1024 * 1024


def _held_by(model: str, fronts: list[SessionPrefix]) -> int:
    return text_bytes(model) + sum(front.held_bytes() for front in fronts)


class ReadAhead:
    """Remembers each model's latest fronts, and has one read when a session is about to begin.

    It gives way at once to every real request, and never runs beside one.
    """

    def __init__(self, lanes: Lanes, tokens: TokenCounter, file: FrontFile) -> None:
        self._lanes = lanes
        self._tokens = tokens
        self._file = file
        # Of each model; those used last come last, of the models and of the fronts of one.
        self._fronts: ByteCache[str, list[SessionPrefix]] = ByteCache(MAX_FRONTS_BYTES, _held_by)
        for model, fronts in file.load().items():
            self._fronts.put(model, fronts)
        self._reading: asyncio.Task[None] | None = None
        self._answering = 0

    def gives_way_to(
        self,
        translated: TranslatedRequest,
        *,
        begins: bool,
        prints: bool = False,
        is_check: bool = False,
    ) -> AbstractContextManager[None]:
        """Stand back while a real request is answered, and learn its front.

        `begins`: it may be the first one of a session, and not a subagent's or one beside it:
        those have a front of their own, which no new session begins with. `is_check`: it is the
        first safety check of one, whose policy is the front.
        """
        self._give_way()
        front = session_prefix_of(translated, prints=prints, is_check=is_check) if begins else None
        if front is not None and front.held_bytes() <= MAX_FRONT_BYTES:
            self._learn(full_name(translated.request.model), front)
        return self._stands_back()

    def _learn(self, model: str, front: SessionPrefix) -> None:
        known = self._fronts.get(model) or []
        others = [one for one in known if one != front]
        self._fronts.put(model, [*others, front][-_MOST_FRONTS:])
        if known[-1:] != [front]:
            self._file.save(dict(self._fronts.items()))

    @contextmanager
    def _stands_back(self) -> Iterator[None]:
        self._answering += 1
        try:
            yield
        finally:
            self._answering -= 1

    def start(self, target: Target, folder: str = "", *, prints: bool = False) -> bool:
        """Have the front of a model read, if one is known and that costs nobody anything.

        That of the latest session in `folder`; where none is known, of the latest one. `prints`:
        the session that begins is `claude -p`, which has fronts of its own.
        """
        fronts = self._fronts.get(full_name(target.model.name)) or []
        known = [front for front in fronts if front.prints == prints]
        if not known or self._answering or self._reading is not None:
            return False
        here = [front for front in known if folder and front.names(folder)]
        front = (here or known)[-1]
        if not self._lanes.of(target).slots.costs_nobody(front.prompt(target)):
            text = "nothing is read ahead for %s: it would save nothing, or slow another session"
            log.info(text, target.model.name)
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

    async def _read(self, target: Target, front: SessionPrefix) -> None:
        model = target.model.name
        began = time.monotonic()
        last = ChatChunk()
        prompt = front.prompt(target)
        lane = self._lanes.of(target)
        lane.slots.read_ahead(prompt)
        try:
            asks = lane.upstream.encode(front.asks(), target)
            tokens = self._tokens.estimate(prompt).tokens
            with self._lanes.watch("read_ahead", model, tokens):
                async with lane.upstream.chat(asks) as batches:
                    async for batch in batches:
                        last = batch[-1]
        except asyncio.CancelledError:
            log.info("read ahead for %s: gave way to a request", model)
            raise
        except UpstreamError as error:
            log.warning("read ahead for %s: %s", model, error.log_text)
        else:
            took = time.monotonic() - began
            spent = self._tokens.learned(prompt, last)
            log.info("read ahead for %s: tokens=%d seconds=%.1f", model, spent.read, took)
        self._reading = None
