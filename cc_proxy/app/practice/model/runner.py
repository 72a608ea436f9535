"""The loaded models: one request at a time each (or `parallel`), and the engines behind them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cc_proxy.app.practice.engine.base import PracticeEngine
from cc_proxy.app.practice.model.models import PracticeModel, loaded
from cc_proxy.app.practice.model.speed import PracticeSpeed
from cc_proxy.app.practice.wire import BUSY, WireError, timestamp

DEFAULT_KEEP_ALIVE_SECONDS = 300.0
MAX_PENDING = 512
_FOR_EVER_SECONDS = 10 * 365 * 86_400.0


@dataclass(frozen=True)
class RunnerSettings:
    """The options that a model is loaded with; another value reloads it and empties its cache."""

    num_ctx: int
    shift: bool


class Runner:
    """A model that may be loaded."""

    def __init__(
        self, model: PracticeModel, speed: PracticeSpeed, engine: PracticeEngine, parallel: int = 1
    ) -> None:
        self.model = model
        self.engine = engine
        self.settings: RunnerSettings | None = None
        self.expires_at = 0.0
        self.turn = asyncio.Semaphore(parallel)
        self._speed = speed

    async def load(self, settings: RunnerSettings) -> bool:
        """Load the model unless it is loaded so; return whether it had to be."""
        if self.settings == settings and time.time() <= self.expires_at:
            return False
        self.unload()
        await asyncio.sleep(self._speed.load_seconds)
        await self.engine.start(settings.num_ctx)
        self.settings = settings
        return True

    def unload(self) -> None:
        """Forget everything: asked for, or the runner has died."""
        self.settings = None
        self.engine.stop()

    def stay(self, keep_alive: float | None) -> None:
        """Stay loaded for so many seconds from now, or not at all."""
        seconds = DEFAULT_KEEP_ALIVE_SECONDS if keep_alive is None else keep_alive
        if seconds == 0:
            self.unload()
        self.expires_at = time.time() + min(seconds, _FOR_EVER_SECONDS)

    def is_loaded(self) -> bool:
        """Tell whether it is in memory; one whose time is up is unloaded on the way."""
        if self.settings is not None and not self.turn.locked() and time.time() > self.expires_at:
            self.unload()
        return self.settings is not None


class Runners:
    """All runners of a server, and the queue before them."""

    def __init__(
        self,
        speed: PracticeSpeed,
        engine: Callable[[], PracticeEngine],
        max_pending: int = MAX_PENDING,
        parallel: int = 1,
    ) -> None:
        self._speed = speed
        self._engine = engine
        self._max_pending = max_pending
        self._parallel = parallel
        self._pending = 0
        self._runners: dict[str, Runner] = {}

    def of(self, model: PracticeModel) -> Runner:
        """Return the runner of a model."""
        runner = self._runners.get(model.full_name)
        if runner is None:
            runner = Runner(model, self._speed, self._engine(), self._parallel)
            self._runners[model.full_name] = runner
        return runner

    async def close(self) -> None:
        """End the engines of all models."""
        for runner in self._runners.values():
            await runner.engine.close()

    @asynccontextmanager
    async def one_at_a_time(self, model: PracticeModel) -> AsyncIterator[Runner]:
        """Wait for the model to be free and hold it.

        Raises:
            WireError: 503 when too many requests are waiting already.

        """
        runner = self.of(model)
        if runner.turn.locked() and self._pending >= self._max_pending:
            raise WireError(503, BUSY)
        self._pending += 1
        try:
            await runner.turn.acquire()
        finally:
            self._pending -= 1
        try:
            yield runner
        finally:
            runner.turn.release()

    def ps(self) -> dict[str, list[dict[str, object]]]:
        """Return the answer of `/api/ps`, the one that stays longest first."""
        running = [runner for runner in self._runners.values() if runner.is_loaded()]
        running.sort(key=lambda runner: -runner.expires_at)
        return {
            "models": [
                loaded(
                    runner.model,
                    runner.settings.num_ctx,
                    timestamp(round(runner.expires_at * 1e9)),
                )
                for runner in running
                if runner.settings is not None
            ]
        }
