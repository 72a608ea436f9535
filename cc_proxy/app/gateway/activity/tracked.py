"""One request as it is seen from outside, and the engine that the requests of a model share.

Pure: every moment comes from outside, in seconds of one clock.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from cc_proxy.app.control.activity import RequestState
from cc_proxy.app.translate.prompt.difference import Difference

# Of another client, which has no classes.
OTHER_CLASS = "other"
# The prompts of an engine that are remembered, and those of them that one request names.
MAX_LATEST, MAX_BETWEEN = 32, 5


class Outcome(Enum):
    """The end of a request."""

    OK = "ok"
    PROBE = "probe"
    FAILED = "failed"
    CANCELLED = "cancelled"


_ENDED: dict[Outcome, RequestState] = {
    Outcome.OK: "done",
    Outcome.PROBE: "done",
    Outcome.FAILED: "failed",
    Outcome.CANCELLED: "cancelled",
}


@dataclass(eq=False, slots=True)
class Counts:
    """The tokens of an answered request; `reused` is None if that is not known."""

    prompt: int = 0
    reused: int | None = None
    written: int = 0

    @property
    def known_read(self) -> int | None:
        """The tokens that the model read, None where the reuse is not known."""
        return None if self.reused is None else self.prompt - self.reused

    @property
    def read(self) -> int:
        """The tokens that the model read: all of them where the reuse is not known."""
        return self.prompt - (self.reused or 0)


@dataclass(eq=False, slots=True)
class CallCounts:
    """The tool calls of an answer: all, those read from text, and those that were changed."""

    all: int = 0
    rescued: int = 0
    repaired: int = 0


@dataclass(frozen=True, slots=True)
class PromptHistory:
    """The request before one in its conversation, and where the prompts of the two part.

    `other_model` is that of the earlier one, "" for the same; `difference` is None where one of
    the prompts continues the other. The tokens are those of the earlier one.
    """

    request: str
    prompt_tokens: int
    written_tokens: int
    other_model: str
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class FirstTokenSteps:
    """The seconds up to the first token; loading the model is part of reading or of waiting."""

    preparing: float
    making_room: float
    waiting: float
    reading: float


@dataclass(frozen=True, slots=True)
class Between:
    """A request whose prompt the engine has read between two of a conversation."""

    request: str
    request_class: str
    session: str
    key: str
    prompt_tokens: int | None


@dataclass(eq=False, slots=True)
class TrackedRequest:
    """A request and its moments, None for those that have not come.

    `key` is the name of its key, "" for the proxy's own; `upstream` that of its upstream.
    `keep_seconds` is how long the upstream keeps the model loaded after it, None if for ever or
    unknown. `prompt_tokens` and `kept` are estimates: of the prompt, and of its part that the
    engine has. `sent`: it was passed to the upstream; `reads`: the engine works at it; `writes`:
    the first token of this round came, `first_token` that of the first round. `read_seconds` is
    from `reads` to `first_token`, by our clock; `worked_seconds` is what the engine says that it
    took to read and to write, and `load_seconds` to load the model. `count_words` returns how many
    tokens the model has written so far. `behind` has the requests that the engine answered first,
    `between` those since the one before in this conversation, `between_count` of them in all.
    `notes` are what the log says of it, without a word of a conversation.
    """

    id: str
    arrived: float
    key: str = ""
    request_class: str = OTHER_CLASS
    session: str = ""
    agent: str = ""
    is_side: bool = False
    model: str = ""
    upstream: str = ""
    window: int = 0
    keep_seconds: float | None = None
    prompt_tokens: int | None = None
    kept: int | None = None
    is_placed: bool = False
    is_queued: bool = False
    queued_seconds: float = 0.0
    sent: float | None = None
    reads: float | None = None
    writes: float | None = None
    first_token: float | None = None
    read_seconds: float | None = None
    worked_seconds: float | None = None
    load_seconds: float = 0.0
    placed: float | None = None
    steps: FirstTokenSteps | None = None
    history: PromptHistory | None = None
    behind: tuple[str, ...] = ()
    between: tuple[Between, ...] = ()
    between_count: int = 0
    assists: tuple[str, ...] = ()
    ended: float | None = None
    outcome: Outcome | None = None
    stop_reason: str | None = None
    counts: Counts | None = None
    calls: CallCounts = field(default_factory=CallCounts)
    notes: list[str] = field(default_factory=list)
    error: str = ""
    count_words: Callable[[], int] | None = None

    @property
    def to_read(self) -> int | None:
        """The tokens that the engine must read, as far as that is known."""
        if self.prompt_tokens is None:
            return None
        return max(1, self.prompt_tokens - (self.kept or 0))

    @property
    def write_seconds(self) -> float | None:
        """The seconds in which the model wrote, None if it did not."""
        if self.writes is None or self.ended is None:
            return None
        return self.ended - self.writes


@dataclass(eq=False, slots=True)
class Engine:
    """The requests that one model has been sent and has not answered, in their order.

    `latest` are those that it was sent last. `loading` is how many preloads run, `used` when the
    model was seen to be loaded. `cold_since`: it had been idle for longer than it is kept, so that
    a request loads it; `load_seconds` is the time that this took before.
    """

    sent: list[TrackedRequest] = field(default_factory=list)
    latest: deque[Between] = field(default_factory=lambda: deque(maxlen=MAX_LATEST))
    loading: int = 0
    used: float | None = None
    cold_since: float | None = None
    load_seconds: float | None = None

    def note_sent(self, request: TrackedRequest) -> None:
        """Note a prompt that goes to the engine, what is before it, and what has come between."""
        request.behind = tuple(one.id for one in self.before(request)[-MAX_BETWEEN:])
        own = request.history.request if request.history else None
        between: list[Between] = []
        for one in reversed(self.latest):
            if one.request in (own, request.id):
                break
            between.append(one)
        if own is not None:
            request.between_count = len(between)
            request.between = tuple(reversed(between[-MAX_BETWEEN:]))
        kind, tokens = request.request_class, request.prompt_tokens
        self.latest.append(Between(request.id, kind, request.session, request.key, tokens))

    @property
    def is_loading(self) -> bool:
        """True while the model is loaded by a preload or a request."""
        return bool(self.loading) or self.cold_since is not None

    def warm(self, now: float) -> None:
        """Note that the model is loaded."""
        self.used, self.cold_since = now, None

    def note_idle(self, keep_seconds: float | None, now: float) -> None:
        """Note that a request comes: it loads the model if that has been idle for too long."""
        if self.sent or self.loading or self.used is None or keep_seconds is None:
            return
        if now - self.used > keep_seconds:
            self.cold_since = now

    def advance(self, slots: int, now: float) -> None:
        """Note that the engine works at the first requests, if the model is loaded."""
        if self.cold_since is not None and self.load_seconds is not None:
            loaded = self.cold_since + self.load_seconds
            if now >= loaded:
                self.warm(loaded)
                now = loaded
        if self.is_loading:
            return
        for request in self.sent[: max(1, slots)]:
            if request.reads is None:
                request.reads = now

    def before(self, request: TrackedRequest) -> list[TrackedRequest]:
        """Return the requests that the engine answers first, if this one has to wait."""
        if request.reads is not None or request.writes is not None:
            return []
        return self.sent[: self.sent.index(request)] if request in self.sent else list(self.sent)


def steps_of(request: TrackedRequest, now: float) -> FirstTokenSteps | None:
    """Return what the seconds up to the first token went to; None if nothing was sent."""
    if request.sent is None:
        return None
    placed = request.placed if request.placed is not None else request.sent
    reading = request.read_seconds or 0.0
    reads = now - reading
    # A request that was queued was sent more than once.
    room = max(0.0, request.sent - placed - request.queued_seconds)
    return FirstTokenSteps(placed - request.arrived, room, max(0.0, reads - placed - room), reading)


def state_of(request: TrackedRequest, engine: Engine | None) -> RequestState:
    """Return the state of a request; `engine` is that of its model, None if it has none yet."""
    if request.outcome is not None:
        return _ENDED[request.outcome]
    if request.writes is not None:
        return "writing"
    if engine is not None and engine.is_loading and (request.sent is not None or request.is_placed):
        return "loading"
    if request.is_queued:
        return "waiting"
    if request.reads is not None:
        return "reading"
    return "waiting" if request.sent is not None or request.is_placed else "preparing"


@dataclass(frozen=True)
class Progress:
    """The progress of an engine in a prompt; None where its speed is not known."""

    read: int | None
    seconds_left: float | None


def progress(request: TrackedRequest, seconds_per_token: float | None, now: float) -> Progress:
    """Return how much of a prompt was read, by the engine's usual speed: never all of it."""
    total = request.to_read
    if request.reads is None or total is None or not seconds_per_token:
        return Progress(None, None)
    seconds = now - request.reads
    read = min(total - 1, int(seconds / seconds_per_token))
    return Progress(max(0, read), max(0.0, total * seconds_per_token - seconds))
