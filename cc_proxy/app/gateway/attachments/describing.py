"""A model that sees describes images for one that does not.

Each image is described once. Its description is kept by the hash of its content, so that it takes
the image's place in the same way on every turn, and the model reads nothing again.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.byte_cache import ByteCache, text_bytes
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.last_chunk import MAX_CHUNKS_A_TOKEN, without_end
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.chat.target import Target
from cc_proxy.app.gateway.answer.request_log import RequestLog
from cc_proxy.app.gateway.routing.models import Models
from cc_proxy.app.gateway.scheduling.caller import Caller
from cc_proxy.app.gateway.scheduling.host_lanes import Lane
from cc_proxy.app.gateway.scheduling.host_table import OtherHost
from cc_proxy.app.gateway.scheduling.lanes import Lanes
from cc_proxy.app.gateway.scheduling.slot_keeper import PromptAsk
from cc_proxy.app.gateway.storage.description_store import DescriptionStore
from cc_proxy.app.translate.prompt.prefix import Prompt
from cc_proxy.app.translate.request.image_description import (
    MAX_DESCRIPTION_TOKENS,
    described,
    description_request,
)

log = logging.getLogger(__name__)

# Returns the text for an image (base64), None where there is none.
Describe = Callable[[str], Awaitable[str | None]]

# A conversation must not wait for a failure again on every turn.
FAILURE_SECONDS = 600.0
_MAX_FAILURES_BYTES = 256 * 1024
_MAX_CHARS = 16 * 1024
_MAX_CHUNKS = MAX_CHUNKS_A_TOKEN * MAX_DESCRIPTION_TOKENS


class _Silent:
    """Hears where an image is described, which is not where the request is answered."""

    def placed(self, host: str, placed: str) -> None:
        """Do nothing."""

    def retried(self) -> None:
        """Do nothing."""


_SILENT = _Silent()


class ImageDescriber:
    """Asks `vision_model` about images, one at a time; without such a model about none."""

    def __init__(
        self, vision_model: str | None, models: Models, lanes: Lanes, store: DescriptionStore
    ) -> None:
        self._vision_model = vision_model
        self._models = models
        self._lanes = lanes
        self._store = store
        self._failed = _failures()
        # Two at once would fight for the memory, and may be the same image.
        self._one_at_a_time = asyncio.Lock()

    def use(self, vision_model: str | None) -> None:
        """Ask this model from now on; what failed is tried again."""
        self._vision_model = vision_model
        self._failed = _failures()

    async def close(self) -> None:
        """Return once all is written."""
        await self._store.close()

    @property
    def known(self) -> Describe | None:
        """Return what gives the descriptions that are known, and asks nobody."""
        model = self._vision_model
        if model is None:
            return None

        async def describe(data: str) -> str | None:
            return self._known(model, _key(model, data))

        return describe

    def asking(self, who: Caller, record: RequestLog) -> Describe | None:
        """Return what describes an image for a request; its cancellation stops the model."""
        model = self._vision_model
        if model is None:
            return None

        async def describe(data: str) -> str | None:
            return await self._describe(model, data, who, record)

        return describe

    def _known(self, model: str, key: str) -> str | None:
        text = self._store.get(key)
        return None if text is None else described(text, model)

    async def _describe(self, model: str, data: str, who: Caller, record: RequestLog) -> str | None:
        key = _key(model, data)
        if (known := self._known(model, key)) is not None:
            return known
        async with self._one_at_a_time:
            if (known := self._known(model, key)) is not None:
                return known
            if (self._failed.get(key) or 0.0) > time.monotonic():
                return None
            began = time.monotonic()
            try:
                text, last = await self._asked(await self._target(model), data, who, record)
            except (ApiError, UpstreamError) as error:
                self._failed.put(key, time.monotonic() + FAILURE_SECONDS)
                record.trouble(f"an image is not described: {error.log_text}")
                return None
        self._store.put(key, text)
        took = time.monotonic() - began
        record.info(f"{model} described an image: tokens={last.eval_count} seconds={took:.1f}")
        return described(text, model)

    async def _target(self, model: str) -> Target:
        target = await self._models.target(model)
        if not target.model.can("vision"):
            raise _refused(f"vision_model {target.model.name} cannot see images")
        return target

    async def _asked(
        self, target: Target, data: str, who: Caller, record: RequestLog
    ) -> tuple[str, ChatChunk]:
        # A session of its own: the model that sees may be on other hosts than the conversation's.
        place = await self._lanes.place(target, lambda: f"{who.session} images")
        request = description_request(target, data)
        upstream = place.lane.upstream
        asks = upstream.encode(request, target)
        prompt = Prompt(request.model, b"", request.messages)

        def ask(lane: Lane, other: OtherHost | None) -> PromptAsk:
            sends = lane.queue.asking(who, record, other)
            return lambda encoded, _: sends(encoded)

        parts: list[str] = []
        last = ChatChunk()
        async with place.asking(ask, _SILENT)(asks, prompt) as batches:
            async for batch in batches:
                parts += [chunk.message.content for chunk in batch if chunk.message]
                last = batch[-1]
                if last.done or len(parts) > _MAX_CHUNKS:
                    break
        if not last.done:
            raise without_end(MAX_DESCRIPTION_TOKENS, upstream.title)
        text = "".join(parts).strip()[:_MAX_CHARS]
        if not text:
            raise _refused(f"vision_model {target.model.name} wrote nothing about it")
        return text, last


def _key(model: str, data: str) -> str:
    return hashlib.sha256(f"{model}\n{data}".encode(errors="replace")).hexdigest()


def _failures() -> ByteCache[str, float]:
    return ByteCache(_MAX_FAILURES_BYTES, lambda key, _: text_bytes(key))


def _refused(text: str) -> ApiError:
    return ApiError(400, "invalid_request_error", text, retry=False)
