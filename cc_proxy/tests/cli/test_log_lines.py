import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from cc_proxy.app.cli.logs.log_filter import LogQuery, Since, request_id
from cc_proxy.app.cli.logs.log_lines import LogReader


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens to the file, one thing at each pause of the one who follows it."""
    steps: list[Callable[[], object]] = []
    monkeypatch.setattr(time, "sleep", lambda _seconds: steps.pop(0)())
    return steps


def take(lines: Iterator[str], count: int) -> list[str]:
    return [next(lines) for _ in range(count)]


def append(path: Path, text: str) -> Path:
    with path.open("a") as file:
        file.write(text)
    return path


@pytest.mark.parametrize(("count", "first"), [(0, None), (1, 9999), (3, 9997), (20000, 0)])
def test_the_last_lines_are_read_from_the_end(path: Path, count: int, first: int | None) -> None:
    path.write_text("".join(f"line {number}\n" for number in range(10000)))
    lines = LogReader(path).last(count)
    assert lines[:1] == ([] if first is None else [f"line {first}"])
    assert len(lines) == min(count, 10000)


def test_a_line_that_is_not_whole_yet_is_followed_instead(
    path: Path, meanwhile: list[Callable[[], object]]
) -> None:
    path.write_text("one\ntw")
    log = LogReader(path)
    assert log.last(5) == ["one"]
    meanwhile.append(lambda: append(path, "o\nthree\n"))
    assert take(log.follow(), 2) == ["two", "three"]


def test_an_empty_file_has_no_lines_and_a_missing_one_is_an_error(path: Path) -> None:
    path.touch()
    assert LogReader(path).last(5) == []
    path.unlink()
    with pytest.raises(FileNotFoundError):
        LogReader(path).last(5)


def test_secrets_are_hidden_and_what_is_no_text_replaced(path: Path) -> None:
    path.write_bytes(b"key=s3cret \xff\n")
    assert LogReader(path, ["s3cret"]).last(1) == ["key=******** \ufffd"]


@pytest.mark.posix_only("an open file that can be moved")
def test_following_survives_cutting_replacing_and_removing(
    path: Path, meanwhile: list[Callable[[], object]]
) -> None:
    path.write_text("a long first line\n")
    log = LogReader(path)
    log.last(0)
    meanwhile += [
        lambda: append(path, "one\n"),
        lambda: path.write_text("cut\n"),
        lambda: append(path, "last\n").rename(path.with_suffix(".1")),
        lambda: path.write_text("new\n"),
        path.unlink,
        lambda: path.write_text("again\n"),
    ]
    assert take(log.follow(), 5) == ["one", "cut", "last", "new", "again"]


def test_a_log_that_is_not_there_yet_is_waited_for(
    path: Path, meanwhile: list[Callable[[], object]]
) -> None:
    meanwhile.append(lambda: path.write_text("begun\n"))
    assert take(LogReader(path).follow(), 1) == ["begun"]


def entry(minute: int, level: str, message: str) -> str:
    return f"2026-01-01T00:{minute:02}:00.000Z {level:5} {message}\n"


LINES = (
    entry(1, "INFO", "req_a ok asked=m")
    + entry(2, "WARN", "req_b broke off: it died")
    + entry(3, "ERROR", "req_b a fault\n    Traceback\n    ValueError")
    + "a line of another program on stderr\n"
    + json.dumps({"time": "2026-01-01T00:04:00.000Z", "level": "warning", "message": "json"})
    + "\n"
    + entry(5, "DEBUG", "quiet")
)
SINCE_3 = dt.datetime(2026, 1, 1, 0, 3, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (LogQuery(), ["ok", "died", "fault", "Trace", "ValueE", "another", "json", "quiet"]),
        (LogQuery(request_id="req_b"), ["died", "fault", "Trace", "ValueE", "another"]),
        (LogQuery(request_id="req_"), []),
        (LogQuery(level="warning"), ["died", "fault", "Trace", "ValueE", "another", "json"]),
        (LogQuery(level="error"), ["fault", "Trace", "ValueE", "another"]),
        (LogQuery(since=SINCE_3), ["fault", "Trace", "ValueE", "another", "json", "quiet"]),
        (LogQuery(since=SINCE_3, level="warning", request_id="req_a"), []),
    ],
)
def test_an_entry_is_wanted_or_not_with_all_its_lines(
    path: Path, wanted: LogQuery, words: list[str]
) -> None:
    path.write_text(LINES)
    shown = LogReader(path, wanted=wanted).last(None)
    assert len(shown) == len(words)
    assert all(word in line for word, line in zip(words, shown, strict=True))


def test_what_is_followed_is_sifted_too(path: Path, meanwhile: list[Callable[[], object]]) -> None:
    path.write_text(LINES)
    log = LogReader(path, wanted=LogQuery(request_id="req_b"))
    assert "another" in log.last(1)[0]
    meanwhile.append(lambda: append(path, entry(6, "INFO", "req_c") + entry(6, "INFO", "req_b x")))
    assert take(log.follow(), 1) == [entry(6, "INFO", "req_b x").strip()]


def test_files_that_were_full_are_read_too_oldest_first(path: Path) -> None:
    for number, name in enumerate(["log.3", "log.2", "log.1", "log"]):
        path.with_name(name).write_text(entry(number, "INFO", f"req_a {name}"))
    path.with_name("log.old").write_text(entry(9, "INFO", "req_a of somebody else"))
    assert [line.split()[-1] for line in LogReader(path).last(3)] == ["log.2", "log.1", "log"]
    shown = LogReader(path, wanted=LogQuery(request_id="req_a")).last(None)
    assert [line.split()[-1] for line in shown] == ["log.3", "log.2", "log.1", "log"]
    path.unlink()
    assert len(LogReader(path).last(9)) == 3


def test_a_secret_is_hidden_as_json_writes_it(path: Path) -> None:
    path.write_text(json.dumps({"message": 'a"secret'}) + "\n")
    assert LogReader(path, ['a"secret']).last(1) == ['{"message": "********"}']


@pytest.mark.parametrize(
    ("text", "seconds_ago"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400)]
)
def test_a_span_is_so_long_ago(text: str, seconds_ago: int) -> None:
    moment = Since().convert(text, None, None)
    ago = dt.datetime.now(dt.UTC) - moment
    assert abs(ago.total_seconds() - seconds_ago) < 30


def test_a_moment_has_a_time_zone_or_gets_the_one_of_the_machine() -> None:
    assert Since().convert("2026-01-01T01:03:00+01:00", None, None) == SINCE_3
    assert Since().convert("2026-01-01", None, None).tzinfo is not None
    assert Since().convert("999999999d", None, None).year == 1


@pytest.mark.parametrize("text", ["soon", "10", "-5m", "2026-13-01", ""])
def test_a_moment_that_is_none_is_refused_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter, match="10m, 2h, 1d or 2026-11-22T18:00"):
        Since().convert(text, None, None)


def test_a_request_may_be_named_without_what_all_begin_with() -> None:
    assert request_id("0a1b") == request_id("req_0a1b") == "req_0a1b"
    assert request_id(None) is None
