import io
import json
import sys
from collections.abc import Generator

import pytest

from cc_proxy.app.cli.output import amounts
from cc_proxy.app.cli.output.result import ErrorItem, Result, aligned, envelope, show

FULL = Result(
    "status",
    {"pid": 1},
    ("a line",),
    warnings=(ErrorItem("odd", "Something is odd."),),
    errors=(ErrorItem("bad", "Something is bad.", "Mend it."),),
    exit_code=1,
)


def test_people_read_the_answer_on_stdout_and_the_rest_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(FULL, as_json=False)
    seen = capsys.readouterr()
    assert seen.out == "a line\n"
    assert seen.err == "Warning: Something is odd.\nError: Something is bad.\n  -> Mend it.\n"


def test_with_json_stdout_has_one_object_and_people_read_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(FULL, as_json=True)
    seen = capsys.readouterr()
    assert json.loads(seen.out) == {
        "version": 1,
        "command": "status",
        "status": "error",
        "exit_code": 1,
        "data": {"pid": 1},
        "warnings": [{"code": "odd", "message": "Something is odd.", "hint": None}],
        "errors": [{"code": "bad", "message": "Something is bad.", "hint": "Mend it."}],
    }
    assert seen.err.startswith("a line\nWarning: ")


def test_a_command_is_ok_when_its_exit_code_is_0() -> None:
    assert json.loads(envelope(Result("stop")))["status"] == "ok"
    assert json.loads(envelope(Result("claude", exit_code=7)))["status"] == "error"


def test_a_stream_is_shown_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flushes: list[str] = []

    class Out(io.StringIO):
        def flush(self) -> None:
            flushes.append(self.getvalue())

    monkeypatch.setattr(sys, "stdout", Out())
    show(Result("logs", stream=iter(["one", "two"])), as_json=False)
    assert flushes[-2:] == ["one\n", "one\ntwo\n"]
    assert capsys.readouterr().err == ""


def work(*, seen: list[str]) -> Generator[str, None, Result]:
    """Yield two lines, and return a result."""
    yield "one"
    seen.append("one was shown")
    yield "two"
    return Result("doctor", {"n": 2}, ("summary",), exit_code=1)


def test_the_lines_of_work_are_shown_as_they_come_and_its_result_after_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    seen: list[str] = []
    stream = work(seen=seen)
    assert show(Result("doctor", stream=stream), as_json=False) == 1
    assert (out.getvalue(), seen) == ("one\ntwo\nsummary\n", ["one was shown"])


def test_with_json_the_result_of_work_is_all_of_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert show(Result("doctor", stream=work(seen=[])), as_json=True) == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out)["data"] == {"n": 2}
    assert shown.err == "one\ntwo\nsummary\n"


def test_a_character_that_the_terminal_lacks_is_shown_by_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    show(Result("status", lines=("Ordner ä",)), as_json=False)
    out.seek(0)
    assert out.read() == "Ordner \\xe4\n"


def test_values_begin_in_one_column() -> None:
    assert aligned([("a", "1"), ("long", "2")]) == ("a     1", "long  2")
    assert aligned([]) == ()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.9, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7380, "2 h 3 min"), (90000, "1 d 1 h")],
)
def test_a_duration_is_said_in_two_units(seconds: float, text: str) -> None:
    assert amounts.duration(seconds) == text
