import io
import os
import subprocess
from collections.abc import Mapping

import pytest

from cc_proxy.app.cli.output import colour
from cc_proxy.app.cli.output.colour import Style

from .conftest import Home


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "on_terminal", "elsewhere"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colour_is_for_terminals_and_for_those_who_want_it(
    environ: Mapping[str, str],
    on_terminal: bool,  # noqa: FBT001 - a column of the table
    elsewhere: bool,  # noqa: FBT001 - as above
) -> None:
    assert colour.is_wanted(Screen(), environ) is on_terminal
    assert colour.is_wanted(io.StringIO(), environ) is elsewhere


def test_only_our_own_codes_become_colours() -> None:
    line = colour.styled("fail", Style.FAIL) + " \x1b[32mtheirs <0011223344556677:32>"
    assert colour.without_colour(line) == "fail \x1b[32mtheirs <0011223344556677:32>"
    assert colour.coloured(line).startswith("\x1b[1;31mfail\x1b[0m ")
    assert colour.coloured(line).endswith(" <0011223344556677:32>")


def seen_on_a_terminal(home: Home, *arguments: str) -> bytes:
    """Return what comes to a terminal on stderr."""
    import pty  # noqa: PLC0415 - there is none on Windows

    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        subprocess.run(
            [*home.command, *arguments],
            env=home.environ | {"TERM": "xterm"},
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            check=False,
        )
        return screen.read(65536)


@pytest.mark.posix_only("pseudo-terminals")
def test_an_error_is_red_on_a_terminal(home: Home) -> None:
    assert b"\x1b[1;31mError:\x1b[0m Expected a command" in seen_on_a_terminal(home, "strat")


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.posix_only("pseudo-terminals")
def test_no_color_is_taken_before_and_after_the_command(home: Home, place: str) -> None:
    words = ["--no-color", "status"] if place == "before" else ["status", "--no-color"]
    said = seen_on_a_terminal(home, *words)
    assert b"Error: cc-proxy is not running." in said
    assert b"\x1b" not in said


def test_a_pipe_gets_no_codes(home: Home) -> None:
    ran = home.run("doctor", "--no-model")
    assert "fail" in ran.out
    assert "\x1b" not in ran.out + ran.err
    assert "\x1b[1;31mfail\x1b[0m" in home.run("doctor", "--no-model", FORCE_COLOR="1").out
