"""The model of what goes on, with a clock that the test sets: states, progress, bounds."""

import pytest

from cc_proxy.app.gateway.activity.folder import folder_name
from cc_proxy.app.gateway.activity.request_tracker import MAX_NOTE, MAX_NOTES, RequestTracker
from cc_proxy.app.gateway.activity.sessions import MAX_SESSIONS
from cc_proxy.app.gateway.activity.totals import MAX_MODELS, OTHER_MODEL, Histogram
from cc_proxy.app.gateway.activity.tracked import Counts, Outcome, TrackedRequest
from cc_proxy.app.gateway.activity.tracker import MAX_ENDED, MAX_ENGINES, ActivityTracker
from cc_proxy.app.gateway.activity.view import MAX_BEHIND, ActivityView


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tracker(clock: Clock) -> ActivityTracker:
    return ActivityTracker(clock=clock)


def begun(
    tracker: ActivityTracker, name: str, *, model: str = "m", session: str = "", tokens: int = 1000
) -> TrackedRequest:
    request = tracker.begin(name)
    request.session = session
    tracker.sessions.of(request, tracker.clock())
    request.model, request.window, request.prompt_tokens = model, 65536, tokens
    return request


def view(tracker: ActivityTracker, per_token: float | None = 0.01) -> ActivityView:
    return ActivityView(tracker, lambda _model, tokens: per_token and per_token * tokens)


def states(tracker: ActivityTracker) -> dict[str, str]:
    return {one.id: one.state for one in view(tracker).activity(0.0).requests}


def test_sessions_of_two_keys_are_apart_and_neither_drives_the_other_out(
    tracker: ActivityTracker,
) -> None:
    for key, name in [("alice", "s"), ("bob", "s"), *(("bob", str(n)) for n in range(100))]:
        request = tracker.begin(f"{key}-{name}")
        request.key, request.session = key, name
        tracker.sessions.of(request, tracker.clock())
        if name == "s":
            tracker.placed(request)
    found = {(one.key, one.id): one for one in view(tracker).activity(0.0).sessions}
    assert len(found) == MAX_SESSIONS
    assert found["alice", "s"].state == "waiting"
    assert found["alice", "s"].request == "alice-s"
    of_alice = view(tracker).activity(0.0, session="s", key="alice").sessions
    assert [(one.key, one.requests) for one in of_alice] == [("alice", 0)]
    assert view(tracker).activity(0.0, session="99", key="alice").sessions == ()


def test_a_request_goes_from_state_to_state(tracker: ActivityTracker) -> None:
    request = tracker.begin("a")
    seen = [states(tracker)["a"]]
    request.model = "m"
    tracker.placed(request)
    seen.append(states(tracker)["a"])
    tracker.sent(request, None)
    seen.append(states(tracker)["a"])
    tracker.writes(request)
    seen.append(states(tracker)["a"])
    tracker.end(request, Outcome.OK)
    seen.append(states(tracker)["a"])
    assert seen == ["preparing", "waiting", "reading", "writing", "done"]


@pytest.mark.parametrize(
    ("outcome", "state"), [(Outcome.FAILED, "failed"), (Outcome.CANCELLED, "cancelled")]
)
def test_the_end_of_a_request_is_a_state(
    tracker: ActivityTracker, outcome: Outcome, state: str
) -> None:
    tracker.end(begun(tracker, "a"), outcome)
    assert states(tracker) == {"a": state}


def test_one_that_the_engine_has_no_slot_for_waits_behind_those_before_it(
    tracker: ActivityTracker,
) -> None:
    first, second, third = (begun(tracker, name) for name in "abc")
    other = begun(tracker, "other", model="another")
    for request in (first, second, third, other):
        tracker.sent(request, None)
    requests = {one.id: one for one in view(tracker).activity(0.0).requests}
    assert {name: one.state for name, one in requests.items()} == {
        "a": "reading",
        "b": "waiting",
        "c": "waiting",
        "other": "reading",
    }
    assert requests["b"].waiting_behind == ("a",)
    assert requests["c"].waiting_behind == ("a", "b")
    tracker.writes(first)
    assert states(tracker)["b"] == "waiting"
    tracker.end(first, Outcome.OK)
    assert states(tracker)["b"] == "reading"
    assert states(tracker)["c"] == "waiting"


def test_an_engine_with_two_slots_works_at_two_requests(clock: Clock) -> None:
    tracker = ActivityTracker(lambda _model: 2, clock)
    for name in "abc":
        tracker.sent(begun(tracker, name), None)
    assert states(tracker) == {"a": "reading", "b": "reading", "c": "waiting"}


def test_a_long_queue_is_shown_by_those_just_before(tracker: ActivityTracker) -> None:
    for number in range(10):
        tracker.sent(begun(tracker, str(number)), None)
    last = view(tracker).activity(0.0).requests[9]
    assert last.waiting_behind == ("4", "5", "6", "7", "8")
    assert len(last.waiting_behind) == MAX_BEHIND


def test_reading_is_told_in_tokens_and_seconds(tracker: ActivityTracker, clock: Clock) -> None:
    request = begun(tracker, "a", tokens=13_300)
    tracker.sent(request, 300)
    clock.now += 81.0
    (shown,) = view(tracker).activity(0.0).requests
    assert (shown.prompt_tokens, shown.reused_tokens, shown.tokens_to_read) == (13_300, 300, 13_000)
    assert (shown.tokens_read, shown.seconds_left) == (8_100, 49.0)
    clock.now += 1000.0
    (shown,) = view(tracker).activity(0.0).requests
    # The model has not written yet, so it has not read all of it.
    assert (shown.tokens_read, shown.seconds_left) == (12_999, 0.0)


def test_an_unknown_speed_tells_no_progress(tracker: ActivityTracker, clock: Clock) -> None:
    tracker.sent(begun(tracker, "a"), None)
    clock.now += 3.0
    (shown,) = view(tracker, None).activity(0.0).requests
    assert (shown.state, shown.tokens_read, shown.seconds_left) == ("reading", None, None)


def test_the_clock_of_reading_starts_when_the_one_before_has_ended(
    tracker: ActivityTracker, clock: Clock
) -> None:
    first, second = begun(tracker, "a"), begun(tracker, "b")
    tracker.sent(first, None)
    tracker.sent(second, None)
    clock.now += 60.0
    tracker.end(first, Outcome.OK)
    clock.now += 2.0
    shown = view(tracker).activity(0.0).requests[0]
    assert (shown.id, shown.tokens_read, shown.seconds_left) == ("b", 200, 8.0)


def test_a_model_that_is_loaded_reads_afterwards(tracker: ActivityTracker, clock: Clock) -> None:
    request = begun(tracker, "a")
    with tracker.loading("m:latest"):
        tracker.sent(request, None)
        clock.now += 20.0
        assert states(tracker) == {"a": "loading"}
    clock.now += 1.0
    (shown,) = view(tracker).activity(0.0).requests
    assert (shown.state, shown.tokens_read) == ("reading", 100)


@pytest.fixture
def unloading(clock: Clock) -> ActivityTracker:
    """Give a tracker over an upstream that unloads what is idle; loading took 20 s before."""
    tracker = ActivityTracker(clock=clock, unloads=True)
    with tracker.loading("m"):
        clock.now += 20.0
    return tracker


def kept(tracker: ActivityTracker, name: str, seconds: float | None) -> TrackedRequest:
    request = begun(tracker, name)
    request.keep_seconds = seconds
    return request


def test_a_model_that_was_idle_for_too_long_is_loaded_before_it_reads(
    unloading: ActivityTracker, clock: Clock
) -> None:
    clock.now += 301.0
    unloading.sent(kept(unloading, "a", 300.0), None)
    clock.now += 19.0
    assert states(unloading) == {"a": "loading"}
    clock.now += 2.0
    (shown,) = view(unloading).activity(0.0).requests
    assert (shown.state, shown.tokens_read) == ("reading", 100)


def test_the_first_token_says_that_it_is_loaded(unloading: ActivityTracker, clock: Clock) -> None:
    clock.now += 301.0
    first, second = kept(unloading, "a", 300.0), kept(unloading, "b", 300.0)
    unloading.sent(first, None)
    unloading.sent(second, None)
    assert states(unloading) == {"a": "loading", "b": "loading"}
    unloading.writes(first)
    assert states(unloading) == {"a": "writing", "b": "waiting"}


@pytest.mark.parametrize(("idle", "seconds"), [(299.0, 300.0), (9999.0, None)])
def test_a_model_that_is_still_kept_reads_at_once(
    unloading: ActivityTracker, clock: Clock, idle: float, seconds: float | None
) -> None:
    clock.now += idle
    unloading.sent(kept(unloading, "a", seconds), None)
    assert states(unloading) == {"a": "reading"}


def test_an_answer_keeps_the_model_loaded(unloading: ActivityTracker, clock: Clock) -> None:
    clock.now += 200.0
    answer(kept(unloading, "a", 300.0), unloading, clock, "end_turn")
    clock.now += 200.0
    unloading.sent(kept(unloading, "b", 300.0), None)
    assert states(unloading)["b"] == "reading"


def test_words_are_counted_when_somebody_looks(tracker: ActivityTracker, clock: Clock) -> None:
    request = begun(tracker, "a")
    words = 1
    request.count_words = lambda: words
    tracker.sent(request, None)
    tracker.writes(request)
    clock.now += 2.0
    words = 83
    (shown,) = view(tracker).activity(0.0).requests
    assert (shown.tokens_written, shown.tokens_written_per_second) == (83, 41.0)


def test_a_request_that_waits_in_the_queue_reads_once_it_is_taken(
    tracker: ActivityTracker, clock: Clock
) -> None:
    request = begun(tracker, "a")
    tracker.sent(request, None)
    tracker.queued(request)
    clock.now += 30.0
    found = view(tracker).activity(0.0)
    assert (found.queued, found.states) == (1, {"waiting": 1})
    tracker.taken(request)
    clock.now += 1.0
    (shown,) = view(tracker).activity(0.0).requests
    assert (shown.state, shown.tokens_read) == ("reading", 100)


def answer(request: TrackedRequest, tracker: ActivityTracker, clock: Clock, stop: str) -> None:
    tracker.sent(request, None)
    clock.now += 10.0
    tracker.writes(request)
    clock.now += 5.0
    request.counts = Counts(prompt=1000, reused=600, written=101)
    request.stop_reason = stop
    tracker.end(request, Outcome.OK)


def test_a_session_knows_its_window_its_reuse_and_its_speeds(
    tracker: ActivityTracker, clock: Clock
) -> None:
    answer(begun(tracker, "a", session="s"), tracker, clock, "tool_use")
    clock.now += 4.0
    (session,) = view(tracker).activity(0.0).sessions
    assert session.state == "tool_call"
    assert (session.window_used, session.last_prompt_tokens, session.last_reused_tokens) == (
        1101,
        1000,
        600,
    )
    assert (session.tokens_read, session.tokens_reused, session.tokens_written) == (400, 600, 101)
    assert (session.tokens_read_per_second, session.tokens_written_per_second) == (40.0, 20.0)
    assert session.idle_seconds == 4.0
    again = begun(tracker, "b", session="s")
    tracker.sent(again, None)
    (session,) = view(tracker).activity(0.0).sessions
    assert (session.state, session.request, session.idle_seconds) == ("reading", "b", 0.0)
    answer(again, tracker, clock, "end_turn")
    (session,) = view(tracker).activity(0.0).sessions
    assert (session.state, session.requests) == ("idle", 2)


def test_a_subagent_does_not_change_the_state_of_its_session(
    tracker: ActivityTracker, clock: Clock
) -> None:
    answer(begun(tracker, "a", session="s"), tracker, clock, "tool_use")
    agent = begun(tracker, "b", session="s")
    agent.agent = "a1"
    tracker.sent(agent, None)
    (session,) = view(tracker).activity(0.0).sessions
    assert (session.state, session.subagents, session.window_used) == ("tool_call", 1, 1101)
    answer(agent, tracker, clock, "end_turn")
    (session,) = view(tracker).activity(0.0).sessions
    assert (session.state, session.subagents, session.requests) == ("tool_call", 0, 2)


def test_one_session_is_shown_alone(tracker: ActivityTracker) -> None:
    for name in ("a", "b"):
        tracker.sent(begun(tracker, name, session=f"of-{name}"), None)
    found = view(tracker).activity(0.0, session="of-b")
    assert [one.id for one in found.requests] == ["b"]
    assert [one.id for one in found.sessions] == ["of-b"]
    assert found.states == {"reading": 1, "waiting": 1}


def test_loading_takes_nothing_from_the_speed_of_reading(
    tracker: ActivityTracker, clock: Clock
) -> None:
    request = begun(tracker, "a", session="s")
    request.worked_seconds = 2.0 + 5.0  # of the ten seconds to the first token, eight loaded
    answer(request, tracker, clock, "end_turn")
    (session,) = view(tracker).activity(0.0).sessions
    assert session.tokens_read_per_second == 200.0


def test_of_what_is_noted_of_a_request_only_so_much_is_kept(tracker: ActivityTracker) -> None:
    request = RequestTracker("a", tracker)
    for number in range(1000):
        request.noted(f"{number} {'x' * 10_000}")
    request.end(Outcome.FAILED)
    (shown,) = view(tracker).activity(0.0).requests
    assert len(shown.notes) == MAX_NOTES
    assert {len(note) for note in shown.notes} == {MAX_NOTE}


def test_a_hundred_thousand_requests_leave_no_more_than_the_bounds_say(
    tracker: ActivityTracker,
) -> None:
    for number in range(100_000):
        request = begun(
            tracker, str(number), session=f"s{number % 1000}", model=f"m{number % 1000}"
        )
        tracker.sent(request, None)
        tracker.end(request, Outcome.OK)
    assert not tracker.running
    assert len(tracker.ended) == MAX_ENDED
    assert len(tracker.sessions.all()) == MAX_SESSIONS
    assert len(tracker._engines) <= MAX_ENGINES  # noqa: SLF001 - the bound is what is tested
    assert len(tracker.totals.models) == MAX_MODELS + 1
    assert tracker.totals.models[OTHER_MODEL].duration.counts
    assert sum(tracker.totals.requests.values()) == 100_000


def test_a_histogram_counts_a_value_at_its_bound_below_it() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 9.0):
        histogram.add(value)
    assert (histogram.counts, histogram.sum) == ([2, 2, 1], 14.0)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<env>\nWorking directory: /home/me/shop\nIs directory", "shop"),
        (" - Primary working directory: /home/me/my shop/\n - Is", "my shop"),
        ("Primary working directory: C:\\work\\shop\n", "shop"),
        ("no such line", ""),
    ],
)
def test_the_folder_is_the_one_that_claude_code_names(text: str, name: str) -> None:
    assert folder_name([text]) == name
