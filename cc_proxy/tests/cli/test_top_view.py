"""What `cc-proxy top` draws, at the widths and heights of terminals."""

import msgspec
import pytest

from cc_proxy.app.cli.output import colour
from cc_proxy.app.cli.output.columns import fitted, width
from cc_proxy.app.cli.top import view
from cc_proxy.app.control.activity import Activity, ActivityRequest, ActivitySession
from cc_proxy.app.control.wire import LastError, ModelInMemory

SIZES = [(80, 24), (120, 40)]
READING = ActivityRequest(
    id="req_aaaaaaaaaaaaaaaaaaaaaaa1",
    state="reading",
    request_class="main",
    session="s1",
    model="qwen3:8b",
    seconds=21.0,
    prompt_tokens=13_300,
    reused_tokens=0,
    tokens_to_read=13_300,
    tokens_read=8_100,
    seconds_left=12.4,
)
WAITING = ActivityRequest(
    id="req_aaaaaaaaaaaaaaaaaaaaaaa2",
    state="waiting",
    request_class="main",
    session="s2",
    model="qwen3:8b",
    seconds=3.0,
    waiting_behind=(READING.id,),
    prompt_tokens=900,
)
ENDED = ActivityRequest(
    id="req_aaaaaaaaaaaaaaaaaaaaaaa3",
    state="failed",
    request_class="auxiliary",
    session="s1",
    model="qwen3:8b",
)


def session(name: str, folder: str, **more: object) -> ActivitySession:
    fields = {
        "id": name,
        "folder": folder,
        "model": "qwen3:8b",
        "window": 65_536,
        "window_used": 24_100,
        "last_prompt_tokens": 24_000,
        "last_reused_tokens": 23_520,
        "tokens_read": 12_900,
        "tokens_written": 2_400,
        "tokens_read_per_second": 310.0,
        "tokens_written_per_second": 41.0,
    }
    return ActivitySession(**(fields | more))  # type: ignore[arg-type]


FOUND = Activity(
    at="2026-11-29T08:00:00+00:00",
    uptime_seconds=7380.0,
    states={"reading": 1, "waiting": 1},
    requests=(READING, WAITING, ENDED),
    sessions=(
        session("s1", "shop", state="reading", request=READING.id),
        session("s2", "api", state="waiting", request=WAITING.id, subagents=2),
        session("s3", "", state="tool_call", idle_seconds=65.0),
    ),
    errors=(LastError(at="2026-11-29T07:59:58+00:00", request_id=ENDED.id, message="It broke."),),
    loaded_models=(ModelInMemory(name="qwen3:8b", context_window=65_536, bytes=5_200_000_000),),
)
FRAME = view.Frame("cc-proxy 0.1  http://127.0.0.1:3456", "q quit")


def drawn(columns: int, rows: int | None = None, found: Activity = FOUND) -> list[str]:
    return [colour.without_colour(line) for line in view.lines(found, FRAME, columns, rows)]


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_it_fills_the_screen_and_no_more(columns: int, rows: int) -> None:
    lines = drawn(columns, rows)
    assert len(lines) == rows
    assert max(map(width, lines)) <= columns
    assert lines[-1] == "q quit"


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_each_session_has_its_state_window_and_reuse(columns: int, rows: int) -> None:
    shop, api, other = (
        next(line for line in drawn(columns, rows) if line.startswith(name))
        for name in ("shop", "api", "session s3")
    )
    assert "reading 8,100 of 13,300, 12 s left" in shop
    assert "24k/64k  37%" in shop
    assert "98%" in shop
    assert "waiting behind shop, 2 subagents" in api
    assert "tool call, 1 min 5 s" in other


def test_a_wide_screen_has_the_models_the_speeds_and_whole_ids() -> None:
    widest, wide, narrow = ("\n".join(drawn(columns)) for columns in (150, 120, 80))
    assert READING.id in wide
    assert "qwen3:8b  " in wide
    assert "READS/S" in widest
    assert "310" in widest
    assert READING.id[-8:] in narrow
    assert "READS/S" not in narrow


def test_the_head_has_the_models_and_the_end_the_errors() -> None:
    text = "\n".join(drawn(120))
    assert "up 2 h 3 min  2 running: 1 reading, 1 waiting" in text
    assert "Loaded: qwen3:8b (65,536 tokens, 5.2 GB)" in text
    assert f"07:59:58  {ENDED.id}  It broke." in text


def test_more_sessions_than_rows_leave_the_keys_on_the_screen() -> None:
    many = tuple(session(f"s{n}", f"folder{n}", state="idle") for n in range(64))
    found = Activity(at="", uptime_seconds=0.0, sessions=many)
    lines = drawn(80, 24, found)
    assert (len(lines), lines[-1]) == (24, "q quit")
    assert sum(line.startswith("folder") for line in lines) == 8
    assert "and 56 more that are idle" in lines


def test_sessions_in_one_folder_are_told_apart() -> None:
    first = session("01b4-x", "shop", state="reading", request=READING.id)
    second = session("5885-y", "shop", state="waiting", request=WAITING.id)
    requests = (
        msgspec.structs.replace(READING, session="01b4-x"),
        msgspec.structs.replace(WAITING, session="5885-y"),
    )
    found = Activity(at="", uptime_seconds=0.0, requests=requests, sessions=(first, second))
    text = "\n".join(drawn(120, 40, found))
    assert "shop 5885" in text
    assert "waiting behind shop 01b4" in text


@pytest.mark.parametrize(("columns", "rows"), [(20, 5), (1, 1), (40, 2)])
def test_a_tiny_terminal_is_not_overrun(columns: int, rows: int) -> None:
    lines = drawn(columns, rows)
    assert len(lines) <= max(rows, 1)
    assert max(map(width, lines), default=0) <= columns


def test_a_proxy_without_sessions_says_so() -> None:
    text = "\n".join(drawn(80, 24, Activity(at="", uptime_seconds=5.0)))
    assert "nothing runs" in text
    assert "none yet" in text


def test_names_of_others_reach_the_terminal_as_text() -> None:
    found = Activity(
        at="",
        uptime_seconds=0.0,
        sessions=(session("s1", "\x1b[2Jx\ny", state="idle", model="<0:31>"),),
        errors=(LastError(at="T1", request_id="r", message="a\x1b]0;b\x07"),),
    )
    text = "".join(drawn(120, 40, found))
    assert "\x1b" not in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "places", "cut"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 4, "abc~"),
        ("日本語の", 5, "日本~"),
        ("日本語", 4, "日~ "),
        ("e\u0301a", 3, "e\u0301a "),
        ("abc", 0, ""),
    ],
)
def test_text_is_fitted_by_the_places_that_it_takes(text: str, places: int, cut: str) -> None:
    assert fitted(text, places) == cut
    assert width(fitted(text, places)) == places


def test_what_is_read_for_nobody_yet_has_a_name() -> None:
    ahead = ActivityRequest(id="read_ahead-1", state="reading", request_class="read_ahead")
    waits = msgspec.structs.replace(WAITING, waiting_behind=("read_ahead-1",))
    alone = Activity(at="", uptime_seconds=1.0, requests=(ahead,))
    frame = view.Frame("cc-proxy")
    assert "no request runs, but a read-ahead" in view.lines(alone, frame, 120)[0]
    both = Activity(at="", uptime_seconds=1.0, states={"waiting": 1}, requests=(ahead, waits))
    shown = "\n".join(view.lines(both, frame, 150))
    assert "1 running: 1 waiting, a read-ahead" in shown
    assert "waiting behind a read-ahead" in shown
