"""The pictures of the terminal are what the program shows today."""

from pathlib import Path

import pytest

from cc_proxy.tests.docs.shown import DOCUMENTS, ROOT
from tools.screens import ASSETS, SCREENS, as_elsewhere, draw, picture, steady

HOME, UPSTREAM = Path("/x/home"), "http://127.0.0.1:45123"


@pytest.mark.claude
def test_the_pictures_are_what_the_program_shows_today(tmp_path: Path) -> None:
    drawn = {path.name: path.read_text(encoding="utf-8") for path in draw(tmp_path)}
    kept = {path.name: path.read_text(encoding="utf-8") for path in ASSETS.glob("*.svg")}
    stale = [name for name in drawn.keys() | kept.keys() if drawn.get(name) != kept.get(name)]
    assert not stale, "another picture than in docs/assets: `python -m tools.screens` draws them"


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
