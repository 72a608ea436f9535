"""The table of sessions and hosts, with a clock that the test turns."""

from dataclasses import dataclass, field

import pytest

from cc_proxy.app.gateway.scheduling.host_table import IDLE_SECONDS, MAX_SESSIONS, HostTable


@dataclass
class Turned:
    """A table of three hosts, and its clock."""

    now: float = 1000.0
    table: HostTable = field(init=False)

    def __post_init__(self) -> None:
        self.table = HostTable(lambda: self.now)
        self.table.use({"a": False, "b": False, "c": False})

    def place(self, session: str, **more: object) -> tuple[str, str]:
        found = self.table.place(session, **more)  # type: ignore[arg-type]
        assert found is not None
        return found.host, found.placed

    def sessions(self) -> dict[str, int]:
        return {state.host: state.sessions for state in self.table.states()}


@pytest.fixture
def turned() -> Turned:
    return Turned()


def test_new_sessions_are_spread_and_old_ones_stay(turned: Turned) -> None:
    assert [turned.place(f"s{n}") for n in range(6)] == [(host, "new") for host in "abcabc"]
    assert [turned.place(f"s{n}")[0] for n in range(6)] == list("abcabc")
    assert turned.place("s4") == ("b", "sticky")
    assert turned.sessions() == {"a": 2, "b": 2, "c": 2}


def test_a_session_that_is_idle_for_half_an_hour_counts_no_more(turned: Turned) -> None:
    for session in ("s0", "s1", "s2"):
        turned.place(session)
    turned.now += IDLE_SECONDS - 1
    turned.place("s1")
    turned.now += 2
    assert turned.sessions() == {"a": 0, "b": 1, "c": 0}
    assert turned.place("s0") == ("a", "new")


def test_a_session_whose_answer_runs_stays_for_as_long_as_that_takes(turned: Turned) -> None:
    placement = turned.table.place("s0")
    assert placement is not None
    with turned.table.at_work(placement):
        turned.now += 3 * IDLE_SECONDS
        assert turned.sessions() == {"a": 1, "b": 0, "c": 0}
    turned.now += IDLE_SECONDS - 1
    assert turned.place("s0") == ("a", "sticky")


def test_the_sessions_are_bounded_and_the_oldest_leave(turned: Turned) -> None:
    for number in range(MAX_SESSIONS + 3):
        turned.place(f"s{number}")
    assert sum(turned.sessions().values()) == MAX_SESSIONS
    assert turned.place("s0")[1] == "new"


def test_a_host_that_failed_is_left_out_for_ever_longer_up_to_two_minutes(turned: Turned) -> None:
    waits = []
    for _ in range(6):
        turned.table.failed("a", "refused")
        (state, *_) = turned.table.states()
        assert state.retry_seconds is not None
        waits.append(state.retry_seconds)
        assert turned.table.due() == []
        turned.now += state.retry_seconds
        assert turned.table.due() == ["a"]
    assert waits == [10, 20, 40, 80, 120, 120]
    turned.table.answered("a")
    turned.table.failed("a", "refused")
    assert turned.table.states()[0].retry_seconds == 10


def test_requests_that_fail_together_leave_a_host_out_once(turned: Turned) -> None:
    for _ in range(5):
        turned.table.failed("a", "refused")
    assert turned.table.states()[0].retry_seconds == 10


def test_a_session_that_moved_stays_though_its_host_is_back(turned: Turned) -> None:
    turned.place("s0")
    turned.table.failed("a", "refused")
    assert turned.place("s0") == ("b", "moved")
    turned.table.answered("a")
    assert turned.place("s0") == ("b", "sticky")
    assert turned.sessions() == {"a": 0, "b": 1, "c": 0}


def test_a_drained_host_keeps_its_sessions_and_gets_no_others(turned: Turned) -> None:
    turned.place("s0")
    turned.table.use({"a": True, "b": False, "c": False})
    assert turned.place("s0") == ("a", "sticky")
    assert {turned.place(f"t{number}")[0] for number in range(9)} == {"b", "c"}
    turned.now += IDLE_SECONDS + 1
    assert turned.place("s0") == ("b", "new")


def test_a_drained_host_is_better_than_none(turned: Turned) -> None:
    turned.table.use({"a": True, "b": False, "c": False})
    for host in ("b", "c"):
        turned.table.failed(host, "refused")
    assert turned.place("s0") == ("a", "new")


def test_with_all_hosts_out_the_one_that_is_due_first_is_asked(turned: Turned) -> None:
    for host in ("b", "a", "c"):
        turned.table.failed(host, "refused")
        turned.now += 1
    assert turned.place("s0") == ("b", "new")
    assert turned.place("s1", tried={"b"}) == ("a", "new")
    assert turned.table.place("s2", tried={"a", "b", "c"}) is None


def test_hosts_without_the_model_are_left_out(turned: Turned) -> None:
    assert turned.place("s0", having={"c"}) == ("c", "new")
    # Its session is elsewhere, and stays there: it is the other model's prompts that are.
    assert turned.place("s0", model="m2", having={"b"}) == ("b", "new")
    assert turned.place("s0", model="m2", having={"b"}) == ("b", "sticky")
    assert turned.place("s0", having={"c"}) == ("c", "sticky")


def test_a_host_that_is_taken_out_of_the_configuration_gives_its_sessions_away(
    turned: Turned,
) -> None:
    turned.place("s0")
    turned.table.use({"b": False, "c": False})
    assert turned.place("s0") == ("b", "moved")
    turned.table.use({"a": False, "b": False, "c": False})
    assert turned.sessions() == {"a": 0, "b": 1, "c": 0}


def test_requests_without_a_session_go_where_least_is_running(turned: Turned) -> None:
    first = turned.table.place("")
    assert first is not None
    with turned.table.at_work(first):
        assert turned.place("") == ("b", "new")
    assert turned.place("") == ("a", "new")
    assert turned.sessions() == {"a": 0, "b": 0, "c": 0}


def test_the_next_new_session_goes_to_the_host_that_was_named_for_it(turned: Turned) -> None:
    for number in range(7):
        expected = turned.table.next_host()
        assert turned.place(f"s{number}") == (expected, "new")
