"""The engine that computes nothing: the rules of the real one, and the time that a read takes."""

import asyncio
import math

from cc_proxy.app.engine_cache import EngineCache, Slot
from cc_proxy.app.practice.engine.base import Progress, PromptReading
from cc_proxy.app.practice.engine.chunks import Chunks
from cc_proxy.app.practice.model import meter
from cc_proxy.app.practice.model.speed import PracticeSpeed, clock


class RulesEngine:
    """Keeps what the real engine would keep (engine_cache.py), at the speed of a machine."""

    def __init__(self, speed: PracticeSpeed, parallel: int = 1) -> None:
        self._speed = speed
        self._parallel = parallel
        self._busy: set[int] = set()
        self.stop()

    async def start(self, num_ctx: int) -> None:
        """Begin with nothing read."""
        del num_ctx  # the window is the practice server's matter

    def stop(self) -> None:
        """Forget everything."""
        empty: Slot[Chunks] = Slot()
        self._cache = EngineCache(slots=(empty,) * self._parallel)

    async def close(self) -> None:
        """Have nothing to wait for."""
        self.stop()

    async def read(self, prompt: bytes, progress: Progress) -> PromptReading:
        """Take the time that the unknown part of the prompt takes."""
        step = self._cache.take(Chunks(prompt), frozenset(self._busy))
        self._cache = step.cache
        self._busy.add(step.slot)
        progress(step.kept, 0)
        began, per_second = clock(), self._speed.prefill_tokens_per_second
        try:
            await asyncio.sleep(step.read / per_second)
        except asyncio.CancelledError:
            spent = clock() - began
            read = step.read if math.isinf(per_second) else min(step.read, int(spent * per_second))
            self.keep(step.slot, prompt[: (step.kept + read) * meter.TOKEN_BYTES])
            progress(step.kept, read)
            raise
        nanoseconds = self._speed.prefill_nanoseconds(step.read)
        return PromptReading(step.kept, step.read, nanoseconds, step.slot)

    def keep(self, slot: int, text: bytes) -> None:
        """Note what a slot holds."""
        self._busy.discard(slot)
        self._cache = self._cache.hold(slot, Chunks(text))
