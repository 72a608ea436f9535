"""The answer of `GET /why`: the steps of a request, and why its prompt was read again."""

import msgspec

from cc_proxy.app.control.why import (
    OtherPrompt,
    PrefixBreak,
    PrefixPlace,
    ReadingCause,
    RequestSteps,
    Why,
)
from cc_proxy.app.gateway.activity.sentences import summary
from cc_proxy.app.gateway.activity.tracked import PromptHistory, TrackedRequest
from cc_proxy.app.gateway.activity.tracker import ActivityTracker
from cc_proxy.app.gateway.activity.view import ActivityView, SecondsToRead
from cc_proxy.app.translate.prompt.difference import Difference
from cc_proxy.app.translate.prompt.prefix import TOOLS

# A person waits for the first word of an answer, or for all of it, for so long without asking why.
SLOW_FIRST_TOKEN_SECONDS, SLOW_SECONDS = 5.0, 30.0
# So much of a prompt is read in no time, and what comes after a turn is an estimate.
LITTLE_READ, _NEW_SHARE = 256, 1.25


def find(tracker: ActivityTracker, name: str, key: str = "") -> TrackedRequest | None:
    """Return a request by its id or the end of it; without a name the last one that was slow.

    Where none was slow, it is the last one that a model answered. With the name of a `key` it is
    one of that key's.
    """
    known = [*reversed(tracker.running), *tracker.ended]
    own = [one for one in known if key in ("", one.key)]
    if name:
        return next((one for one in own if one.id.endswith(name)), None)
    requests = [one for one in own if one.sent is not None]
    now = tracker.clock()
    slow = (one for one in requests if _is_slow(one, now))
    return next(slow, None) or next(iter(requests), None)


def explain(
    tracker: ActivityTracker,
    seconds_to_read: SecondsToRead,
    request: TrackedRequest,
    *,
    words: bool = False,
    key: str = "",
) -> Why:
    """Return why a request took so long; `words`: with those around the byte that changed.

    With the name of a `key` the sessions of others have no names.
    """
    history = request.history
    sessions = tracker.sessions.all()
    folders = {(one.key, one.id): one.folder for one in sessions if key in ("", one.key)}
    cause = reading_cause(request)
    why = Why(
        request=ActivityView(tracker, seconds_to_read).request(request),
        steps=_steps(request, tracker.clock()),
        cause=cause,
        previous=history.request if history else "",
        prefix_break=_break(history, words=words),
        others=tuple(
            OtherPrompt(
                request=one.request,
                request_class=one.request_class,
                session=one.session if key in ("", one.key) else "",
                folder=folders.get((one.key, one.session), ""),
                prompt_tokens=one.prompt_tokens,
            )
            for one in request.between
        ),
        other_count=request.between_count,
        waited_behind=request.behind,
        second_tries=request.assists,
        rescued_calls=request.calls.rescued,
        repaired_calls=request.calls.repaired,
        stop_reason=request.stop_reason,
        error=request.error,
    )
    return msgspec.structs.replace(why, summary=summary(why))


def reading_cause(request: TrackedRequest) -> ReadingCause | None:
    """Return why the model read as much of a prompt as it did; None where it read little."""
    counts, history = request.counts, request.history
    read = request.to_read if counts is None or counts.reused is None else counts.read
    if read is not None and read < LITTLE_READ:
        return None
    if history is None:
        return "first_prompt"
    if history.other_model:
        return "model_changed"
    if history.difference is not None:
        return "prefix_changed"
    return "model_loaded" if request.load_seconds else _cause_outside(request, history)


def _cause_outside(request: TrackedRequest, history: PromptHistory) -> ReadingCause:
    """Return why a prompt was read again that continues the one before it."""
    counts = request.counts
    if counts is not None and counts.reused is not None:
        new = max(0, counts.prompt - history.prompt_tokens - history.written_tokens)
        if counts.read <= LITTLE_READ + _NEW_SHARE * new:
            return "new_text"
    if request.between:
        return "evicted"
    return "reuse_unknown" if counts is None or counts.reused is None else "unknown"


def _is_slow(request: TrackedRequest, now: float) -> bool:
    until = now if request.ended is None else request.ended
    first = until if request.first_token is None else request.first_token
    waited = first - request.arrived
    return waited >= SLOW_FIRST_TOKEN_SECONDS or until - request.arrived >= SLOW_SECONDS


def _steps(request: TrackedRequest, now: float) -> RequestSteps:
    until = now if request.ended is None else request.ended
    steps = request.steps
    if steps is None:
        return RequestSteps(waiting=_round(until - request.arrived))
    waiting, reading = steps.waiting, steps.reading
    loading = min(request.load_seconds, waiting + reading)
    in_reading = min(loading, reading)
    return RequestSteps(
        preparing=_round(steps.preparing),
        making_room=_round(steps.making_room),
        waiting=_round(waiting - (loading - in_reading)),
        loading=_round(loading),
        reading=_round(reading - in_reading),
        writing=_round(until - request.first_token) if request.first_token is not None else 0.0,
    )


def _break(history: PromptHistory | None, *, words: bool) -> PrefixBreak | None:
    if history is None or history.difference is None:
        return None
    found = history.difference
    return PrefixBreak(
        place=_place(found),
        change=found.change,
        turn=found.turn,
        role=found.role if found.turn else "",
        block=found.block,
        tool=found.tool,
        byte=found.byte,
        bytes_before=found.bytes_before,
        bytes_after=found.bytes_after,
        turns_before=found.turns_before,
        turns_after=found.turns_after,
        words_before=found.words_before if words and found.byte is not None else None,
        words_after=found.words_after if words and found.byte is not None else None,
    )


def _place(found: Difference) -> PrefixPlace:
    if found.role == "system":
        return "system"
    return "tools" if found.role == TOOLS else "turn"


def _round(seconds: float) -> float:
    return round(max(0.0, seconds), 3)
