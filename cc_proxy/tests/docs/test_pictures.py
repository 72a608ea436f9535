"""The pictures of the terminal are what the program shows today."""

import tempfile
from pathlib import Path

import pytest

from cc_proxy.tests.docs.shown import DOCUMENTS, ROOT
from tools import figures
from tools.recording import ANSWER, MODEL, PROMPT, RECORDING, moving_picture
from tools.screens import ASSETS, SCREENS, as_elsewhere, draw, picture, steady

HOME, UPSTREAM = Path("/x/home"), "http://127.0.0.1:45123"


@pytest.mark.claude
def test_the_pictures_are_what_the_program_shows_today(tmp_path: Path) -> None:
    drawn = {path.name: path.read_text(encoding="utf-8") for path in draw(tmp_path)}
    kept = {name: (ASSETS / name).read_text(encoding="utf-8") for name in drawn}
    stale = [name for name in drawn if drawn[name] != kept[name]]
    assert not stale, "another picture than in docs/assets: `python -m tools.screens` draws them"


def test_the_figures_are_those_of_the_benchmarks_today(tmp_path: Path) -> None:
    for path in figures.draw(tmp_path):
        kept = (ASSETS / path.name).read_text(encoding="utf-8")
        assert path.read_text(encoding="utf-8") == kept, "python -m tools.figures draws it"


def test_a_figure_without_its_row_of_results_is_named() -> None:
    with pytest.raises(ValueError, match="27 tool turns"):
        figures.reading("| current | no | 3 tool turns | 1 | 2 | 3 |")


def test_every_picture_is_drawn_by_a_tool() -> None:
    # tests/e2e/test_page.py takes those of the page.
    made = {*figures.FIGURES, *(name for name, _ in SCREENS), RECORDING, "page-wide", "page-narrow"}
    pictures = {path.stem for path in ASSETS.iterdir() if path.suffix in {".svg", ".png"}}
    assert pictures == made


def test_the_recording_shows_a_session_with_the_status_line() -> None:
    svg = (ASSETS / f"{RECORDING}.svg").read_text(encoding="utf-8").replace("&#160;", " ")
    for shown in (PROMPT, ANSWER, "cc-proxy claude", f"{MODEL} · ", "tokens/s"):
        assert shown in svg
    assert tempfile.gettempdir() not in svg
    assert str(ROOT) not in svg


def test_a_recording_plays_its_frames_and_ends_with_the_last() -> None:
    frames = [(0.0, ("<text>a</text>",)), (1.0, ("<text>a</text>", "<text>b</text>"))]
    svg = moving_picture(frames, "title")
    assert svg.count("<text>a</text>") == 1
    assert svg.count("@keyframes") == len(frames)
    assert '<g class="f last" id="f1">' in svg


def test_every_picture_shows_its_command_and_fetches_nothing() -> None:
    for name, command in SCREENS:
        svg = (ASSETS / f"{name}.svg").read_text(encoding="utf-8").replace("&#160;", " ")
        assert command in svg
        assert "@font-face" not in svg
        assert str(ROOT) not in svg


def test_every_picture_is_shown_somewhere() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    assert not [path.name for path in ASSETS.iterdir() if f"assets/{path.name})" not in text]


def test_a_picture_has_what_the_terminal_showed_with_what_varies_made_steady() -> None:
    line = f"{HOME}/.cc-proxy (pid 12) {UPSTREAM} http://127.0.0.1:7 in 3.2 s"
    shown = steady(line, HOME, UPSTREAM)
    assert shown == ("~/.cc-proxy (pid 4711) http://127.0.0.1:11434 http://127.0.0.1:3456 in 1 s")
    assert "pid&#160;4711" in picture("cc-proxy status", [shown])


def test_what_doctor_says_in_a_container_only_is_left_out_and_not_counted() -> None:
    lines = ["ok    python  3", "ok    container  this is one", "2 ok, 0 warn, 0 fail"]
    assert as_elsewhere(lines) == ["ok    python  3", "1 ok, 0 warn, 0 fail"]
