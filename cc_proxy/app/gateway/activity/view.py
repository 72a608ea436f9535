"""The model of what goes on, as the answer of `GET /activity`."""

import datetime as dt
from collections import Counter
from collections.abc import Callable

import msgspec

from cc_proxy.app.control.activity import (
    Activity,
    ActivityRequest,
    ActivitySession,
    RequestState,
    SessionState,
)
from cc_proxy.app.control.wire import LastError, ModelInMemory
from cc_proxy.app.gateway.activity.sessions import (
    TrackedSession,
    read_speed,
    reading_seconds,
    write_speed,
)
from cc_proxy.app.gateway.activity.tracked import TrackedRequest, progress, state_of
from cc_proxy.app.gateway.activity.tracker import ActivityTracker

# The answer of a proxy with the most connections stays small.
MAX_REQUESTS = 100
MAX_ENDED_SHOWN = 10
# Who waits behind a longer queue need not know all of it.
MAX_BEHIND = 5

# Of a session, by its turn that runs.
_SESSION_STATES: dict[RequestState, SessionState] = {
    "preparing": "preparing",
    "waiting": "waiting",
    "loading": "loading",
    "reading": "reading",
    "writing": "writing",
    "done": "idle",
    "failed": "failed",
    "cancelled": "idle",
}
# Takes a model and a length in tokens; returns what reading takes, None if that is not known.
SecondsToRead = Callable[[str, int], float | None]


def running_states(tracker: ActivityTracker) -> dict[str, int]:
    """Return how many requests run in each state."""
    tracker.refresh()
    states = Counter(state_of(one, tracker.engine(one.model)) for one in tracker.running)
    return {str(state): count for state, count in states.items()}


class ActivityView:
    """Looks at the model at one moment."""

    def __init__(self, tracker: ActivityTracker, seconds_to_read: SecondsToRead) -> None:
        self._tracker = tracker
        self._seconds_to_read = seconds_to_read
        self._now = tracker.clock()
        tracker.refresh()

    def activity(  # noqa: PLR0913 - the proxy, and by keyword what is wanted
        self,
        started: float,
        *,
        session: str | None = None,
        key: str = "",
        ended_after: int | None = None,
        errors: tuple[LastError, ...] = (),
        loaded: tuple[ModelInMemory, ...] | None = None,
    ) -> Activity:
        """Return all that goes on, or what belongs to one session, or to the name of a key.

        `started` is when the proxy did. Of the requests that ended it has the latest, or with
        `ended_after` those that ended after the first so many: as far as they are kept.
        """
        running = self._tracker.running
        ended = self._tracker.ended
        if ended_after is not None:
            ended = ended[: max(0, self._tracker.ended_count - ended_after)]
        if session is not None:
            running = [one for one in running if one.session == session]
            ended = [one for one in ended if one.session == session]
        if key:
            running = [one for one in running if one.key == key]
            ended = [one for one in ended if one.key == key]
        if ended_after is None:
            ended = ended[:MAX_ENDED_SHOWN]
        background = [] if session or key else self._tracker.background
        shown = [*running[:MAX_REQUESTS], *background, *ended]
        return Activity(
            at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            uptime_seconds=round(self._now - started, 3),
            states=running_states(self._tracker),
            queued=sum(one.is_queued for one in self._tracker.running),
            ended=self._tracker.ended_count,
            requests=tuple(map(self.request, shown)),
            sessions=tuple(
                self._session(one)
                for one in self._tracker.sessions.all()
                if session in (None, one.id) and key in ("", one.key)
            ),
            errors=errors,
            loaded_models=loaded,
        )

    def request(self, request: TrackedRequest) -> ActivityRequest:
        """Return a request as it is shown."""
        state = self._state(request)
        until = self._now if request.ended is None else request.ended
        shown = ActivityRequest(
            id=request.id,
            state=state,
            request_class=request.request_class,
            key=request.key,
            session=request.session,
            is_subagent=bool(request.agent),
            model=request.model,
            seconds=round(until - request.arrived, 3),
            waiting_behind=self._behind(request) if state == "waiting" else (),
            seconds_ago=round(self._now - request.arrived, 3),
            assists=tuple(request.assists),
            notes=tuple(request.notes),
        )
        more = self._ended(request) if request.ended else self._runs(request)
        return msgspec.structs.replace(shown, **self._phases(request, until), **more)

    @staticmethod
    def _phases(request: TrackedRequest, until: float) -> dict[str, float | None]:
        """Return how long the request waited, was read, and was answered."""
        if request.first_token is None:
            read = None if request.reads is None else until - request.reads
            return {
                "waiting_seconds": _round3(until - request.arrived - (read or 0.0)),
                "reading_seconds": _round3(read),
            }
        read = reading_seconds(request) or 0.0
        return {
            "waiting_seconds": _round3(request.first_token - request.arrived - read),
            "reading_seconds": _round3(read),
            "writing_seconds": _round3(until - request.first_token),
        }

    def _runs(self, request: TrackedRequest) -> dict[str, object]:
        tokens = request.prompt_tokens
        seconds = self._seconds_to_read(request.model, tokens) if tokens else None
        found = progress(request, seconds / tokens if seconds and tokens else None, self._now)
        is_reading = self._state(request) == "reading"
        words = request.count_words() if request.count_words else 0
        writes = self._now - request.writes if request.writes is not None else 0.0
        return {
            "prompt_tokens": tokens,
            "reused_tokens": request.kept,
            "tokens_to_read": request.to_read if request.sent is not None else None,
            "tokens_read": found.read if is_reading else None,
            "seconds_left": _round(found.seconds_left) if is_reading else None,
            "tokens_written": words,
            "tokens_written_per_second": _round((words - 1) / writes)
            if writes and words > 1
            else None,
        }

    @staticmethod
    def _ended(request: TrackedRequest) -> dict[str, object]:
        counts = request.counts
        if counts is None:
            return {"prompt_tokens": request.prompt_tokens}
        return {
            "prompt_tokens": counts.prompt,
            "reused_tokens": counts.reused,
            "tokens_read": counts.known_read,
            "tokens_written": counts.written,
            "tokens_read_per_second": _round(read_speed(request)),
            "tokens_written_per_second": _round(write_speed(request)),
            "stop_reason": request.stop_reason,
            "calls": request.calls.all,
            "calls_rescued": request.calls.rescued,
            "calls_repaired": request.calls.repaired,
        }

    def _session(self, session: TrackedSession) -> ActivitySession:
        requests = [
            one
            for one in self._tracker.running
            if (one.key, one.session) == (session.key, session.id)
        ]
        turns = [one for one in requests if not (one.agent or one.is_side)]
        turn, last = turns[-1] if turns else None, session.last
        return ActivitySession(
            id=session.id,
            state=self._session_state(session, turn),
            key=session.key,
            folder=session.folder,
            model=session.model,
            request=turn.id if turn else "",
            window=session.window,
            window_used=last.prompt + last.written if last else 0,
            compacts_at=session.compacts_at,
            last_prompt_tokens=last.prompt if last else None,
            last_reused_tokens=last.reused if last else None,
            requests=session.requests,
            subagents=len({one.agent for one in requests if one.agent}),
            tokens_read=session.tokens_read,
            tokens_reused=session.tokens_reused,
            tokens_written=session.tokens_written,
            tokens_read_per_second=_round(session.read_speed),
            tokens_written_per_second=_round(session.write_speed),
            idle_seconds=0.0 if requests else round(self._now - session.active, 3),
        )

    def _session_state(self, session: TrackedSession, turn: TrackedRequest | None) -> SessionState:
        if turn is not None:
            return _SESSION_STATES[self._state(turn)]
        if session.has_failed:
            return "failed"
        return "tool_call" if session.has_calls else "idle"

    def _state(self, request: TrackedRequest) -> RequestState:
        return state_of(request, self._tracker.engine(request.model))

    def _behind(self, request: TrackedRequest) -> tuple[str, ...]:
        engine = self._tracker.engine(request.model)
        if engine is None:
            return ()
        return tuple(one.id for one in engine.before(request)[-MAX_BEHIND:])


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _round3(value: float | None) -> float | None:
    return None if value is None else round(max(0.0, value), 3)
