"""The recent sessions, each with the totals of its requests."""

from collections import Counter, OrderedDict
from dataclasses import dataclass

from cc_proxy.app.gateway.activity.tracked import Counts, Outcome, TrackedRequest

MAX_SESSIONS = 64
# A prompt of which less was read says little about the speed.
_LEAST_READ = 128
_LEAST_WRITTEN = 8


@dataclass(eq=False, slots=True)
class TrackedSession:
    """A session; `key` is the name of the key of its requests.

    `last` are the counts of its latest turn, `has_calls` that it ended with calls.
    """

    id: str
    key: str = ""
    folder: str = ""
    model: str = ""
    window: int = 0
    compacts_at: int | None = None
    requests: int = 0
    tokens_read: int = 0
    tokens_reused: int = 0
    tokens_written: int = 0
    read_speed: float | None = None
    write_speed: float | None = None
    last: Counts | None = None
    has_calls: bool = False
    has_failed: bool = False
    active: float = 0.0


class TrackedSessions:
    """At most `MAX_SESSIONS` of them, apart for each key, though two may name the same id.

    Of the key that has the most, the one that was used longest ago goes first.
    """

    def __init__(self) -> None:
        self._sessions: OrderedDict[tuple[str, str], TrackedSession] = OrderedDict()

    def all(self) -> list[TrackedSession]:
        """Return the sessions, the one that was used last first."""
        return list(reversed(self._sessions.values()))

    def of(self, request: TrackedRequest, now: float) -> TrackedSession | None:
        """Return the session of a request, None for a client that names none."""
        if not request.session:
            return None
        place = request.key, request.session
        session = self._sessions.setdefault(place, TrackedSession(request.session, request.key))
        self._sessions.move_to_end(place)
        session.active = now
        if len(self._sessions) > MAX_SESSIONS:
            del self._sessions[self._oldest_of_the_most()]
        return session

    def _oldest_of_the_most(self) -> tuple[str, str]:
        counts = Counter(key for key, _ in self._sessions)
        most = max(counts.values())
        return next(place for place in self._sessions if counts[place[0]] == most)

    def ended(self, request: TrackedRequest, now: float) -> None:
        """Take in the end of a request."""
        session = self.of(request, now)
        if session is None or request.outcome is Outcome.PROBE:
            return
        session.requests += 1
        if counts := request.counts:
            session.tokens_read += counts.known_read or 0
            session.tokens_reused += counts.reused or 0
            session.tokens_written += counts.written
        if request.agent or request.is_side:
            return
        session.has_failed = request.outcome is Outcome.FAILED
        session.has_calls = request.stop_reason == "tool_use"
        if request.counts is not None:
            session.last = request.counts
            session.read_speed = read_speed(request) or session.read_speed
            session.write_speed = write_speed(request) or session.write_speed


def read_speed(request: TrackedRequest) -> float | None:
    """Return how many tokens a second the model has read; None where little was read."""
    counts, seconds = request.counts, reading_seconds(request)
    if counts is None or counts.reused is None or not seconds or counts.read < _LEAST_READ:
        return None
    return counts.read / seconds


def reading_seconds(request: TrackedRequest) -> float | None:
    """Return how long the model read, None until it has; loading it took time of its own."""
    seconds, writes = request.read_seconds, request.write_seconds
    if seconds is None or request.worked_seconds is None or writes is None:
        return seconds
    return max(0.0, min(seconds, request.worked_seconds - writes))


def write_speed(request: TrackedRequest) -> float | None:
    """Return how many tokens a second the model has written; None where it wrote next to none."""
    counts, seconds = request.counts, request.write_seconds
    if counts is None or not seconds or counts.written < _LEAST_WRITTEN:
        return None
    # The first token marks the beginning.
    return (counts.written - 1) / seconds
