import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cc_proxy.app.cli.log_lines import Log


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
    lines = Log(path).last(count)
    assert lines[:1] == ([] if first is None else [f"line {first}"])
    assert len(lines) == min(count, 10000)


def test_a_line_that_is_not_whole_yet_is_followed_instead(
    path: Path, meanwhile: list[Callable[[], object]]
) -> None:
    path.write_text("one\ntw")
    log = Log(path)
    assert log.last(5) == ["one"]
    meanwhile.append(lambda: append(path, "o\nthree\n"))
    assert take(log.follow(), 2) == ["two", "three"]


def test_an_empty_file_has_no_lines_and_a_missing_one_is_an_error(path: Path) -> None:
    path.touch()
    assert Log(path).last(5) == []
    path.unlink()
    with pytest.raises(FileNotFoundError):
        Log(path).last(5)


def test_secrets_are_hidden_and_what_is_no_text_replaced(path: Path) -> None:
    path.write_bytes(b"key=s3cret \xff\n")
    assert Log(path, ["s3cret"]).last(1) == ["key=******** \ufffd"]


def test_following_survives_cutting_replacing_and_removing(
    path: Path, meanwhile: list[Callable[[], object]]
) -> None:
    path.write_text("a long first line\n")
    log = Log(path)
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
    assert take(Log(path).follow(), 1) == ["begun"]
