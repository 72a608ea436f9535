"""The one model of what goes on: the requests that run, the latest that ended, and the sessions.

It is fed by the path of a request, a few calls for each request and none for a word. Nothing in it
grows with time: what runs is bounded by the connections, all else by a number.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from cc_proxy.app.chat.model_names import full_name
from cc_proxy.app.gateway.activity.prompt_memory import PromptMemory
from cc_proxy.app.gateway.activity.sessions import TrackedSessions
from cc_proxy.app.gateway.activity.totals import Totals
from cc_proxy.app.gateway.activity.tracked import Engine, Outcome, TrackedRequest, steps_of

# Some hours of one session; with the longest notes some 900 KB.
MAX_ENDED = 200
MAX_ENGINES = 64
# Names and ids come from clients.
MAX_NAME = 200
# One that took less was loaded before.
_LOADED_SECONDS = 0.5

Clock = Callable[[], float]
Slots = Callable[[str], int]


class UsageSink(Protocol):
    """Adds up requests that ended."""

    def add(self, request: TrackedRequest, folder: str) -> None:
        """Take in a request, and the folder of its session."""

    async def close(self) -> None:
        """Return once all is written."""


def _one_slot(_model: str) -> int:
    return 1


class ActivityTracker:
    """Follows each request by the calls of its path.

    `slots` returns how many requests the engine of a model works at side by side. `usage` adds up
    the requests that ended, `on_end` is called with each. `unloads`: the upstream unloads a model
    that has been idle for long.
    """

    def __init__(
        self,
        slots: Slots = _one_slot,
        clock: Clock = time.monotonic,
        usage: UsageSink | None = None,
        *,
        unloads: bool = False,
    ) -> None:
        self.totals = Totals()
        self.sessions = TrackedSessions()
        self.prompts = PromptMemory()
        self.clock = clock
        self._slots = slots
        self._usage = usage
        self._unloads = unloads
        self._running: dict[TrackedRequest, None] = {}
        self._background: dict[TrackedRequest, None] = {}
        self._background_count = 0
        self._ended: deque[TrackedRequest] = deque(maxlen=MAX_ENDED)
        self.ended_count = 0
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self.on_end: Callable[[TrackedRequest], None] | None = None

    @property
    def running(self) -> list[TrackedRequest]:
        """The requests that run, the oldest first."""
        return list(self._running)

    @property
    def background(self) -> list[TrackedRequest]:
        """The texts that models read for nobody yet: read-aheads, and fillers before a prompt."""
        return list(self._background)

    @property
    def ended(self) -> list[TrackedRequest]:
        """The latest requests that ended, the last one first."""
        return list(reversed(self._ended))

    def engine(self, model: str) -> Engine | None:
        """Return the engine of a model, None if nothing was sent to it recently."""
        return self._engines.get(full_name(model)) if model else None

    def refresh(self) -> None:
        """Let pass what only takes time, such as loading; whoever looks calls it first."""
        now = self.clock()
        for model, engine in self._engines.items():
            if engine.cold_since is not None:
                engine.advance(self._slots(model), now)

    def begin(self, request_id: str) -> TrackedRequest:
        """Return a request that has come."""
        request = TrackedRequest(request_id, self.clock())
        self._running[request] = None
        return request

    def placed(self, request: TrackedRequest, kept: int | None = None) -> None:
        """Note that a request waits for its turn at the model."""
        request.is_placed = True
        request.placed = self.clock()
        request.kept = kept

    def sent(self, request: TrackedRequest, kept: int | None) -> None:
        """Note that a request goes to the upstream; `kept` tokens of it the engine holds."""
        now = self.clock()
        request.kept = kept
        request.sent, request.reads, request.writes = now, None, None
        engine = self._engine(request.model)
        if self._unloads:
            engine.note_idle(request.keep_seconds, now)
        if request not in engine.sent:
            if request.first_token is None:
                engine.note_sent(request)
            engine.sent.append(request)
        engine.advance(self._slots(request.model), now)

    def left(self, request: TrackedRequest) -> None:
        """Note that the upstream is done with a request, at least for this round."""
        engine = self.engine(request.model)
        if engine is not None and request in engine.sent:
            now = self.clock()
            engine.sent.remove(request)
            if request.writes is not None:
                engine.warm(now)
            engine.advance(self._slots(request.model), now)

    def queued(self, request: TrackedRequest) -> None:
        """Note that the upstream takes no more requests, so that this one waits here."""
        request.is_queued = True
        request.reads = None
        self.left(request)

    def taken(self, request: TrackedRequest) -> None:
        """Note that the upstream has taken a request that waited here."""
        if request.is_queued and request.outcome is None:
            request.is_queued = False
            self.sent(request, request.kept)

    def writes(self, request: TrackedRequest) -> None:
        """Note the first token of an answer, or of a further round of it."""
        now = self.clock()
        request.is_queued = False
        began = request.reads if request.reads is not None else request.sent
        request.writes = now
        if (engine := self.engine(request.model)) is not None:
            engine.warm(now)
            engine.advance(self._slots(request.model), now)
        if request.first_token is None:
            request.first_token = now
            request.read_seconds = now - began if began is not None else None
            request.steps = steps_of(request, now)

    def end(self, request: TrackedRequest, outcome: Outcome) -> None:
        """Note the end of a request."""
        now = self.clock()
        request.ended, request.outcome = now, outcome
        request.count_words = None
        self._running.pop(request, None)
        self.left(request)
        self._ended.append(request)
        self.ended_count += 1
        self.sessions.ended(request, now)
        self.totals.add(request)
        if self._usage is not None:
            session = self.sessions.of(request, now)
            self._usage.add(request, session.folder if session else "")
        if self.on_end is not None:
            self.on_end(request)

    @contextmanager
    def reading_for_nobody(self, kind: str, model: str, tokens: int) -> Iterator[None]:
        """Note that the engine reads a text of cc-proxy's own while the block runs.

        It is in no total: `kind` is its class, `read_ahead` or `filler`.
        """
        self._background_count += 1
        request = TrackedRequest(f"{kind}-{self._background_count}", self.clock())
        request.request_class, request.model, request.prompt_tokens = kind, model, tokens
        self._background[request] = None
        self.sent(request, None)
        try:
            yield
        finally:
            del self._background[request]
            self.left(request)

    async def close(self) -> None:
        """Return once the usage is written."""
        if self._usage is not None:
            await self._usage.close()

    @contextmanager
    def loading(self, model: str) -> Iterator[None]:
        """Note that a model is loaded while the block runs."""
        engine = self._engine(model)
        engine.loading += 1
        began = self.clock()
        try:
            yield
            now = self.clock()
            engine.warm(now)
            if now - began >= _LOADED_SECONDS:
                engine.load_seconds = now - began
        finally:
            engine.loading -= 1
            engine.advance(self._slots(model), self.clock())

    def _engine(self, model: str) -> Engine:
        name = full_name(model)
        engine = self._engines.setdefault(name, Engine())
        self._engines.move_to_end(name)
        for other in [name for name, one in self._engines.items() if not (one.sent or one.loading)]:
            if len(self._engines) <= MAX_ENGINES:
                break
            if other != name:
                del self._engines[other]
        return engine
