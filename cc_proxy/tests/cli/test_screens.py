"""What a person sees: each command in a real terminal, beside the screen that was kept of it.

Screens that are meant to be new are kept with CC_PROXY_TEST_KEEP_SCREENS=1; read the difference
before it is committed.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cc_proxy import __version__
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.tests.fitness.played import good

from .conftest import SECONDS, Home
from .practice import practice_server

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are not of this system", allow_module_level=True)

import pexpect
import pyte

KEPT = Path(__file__).parent / "screens"
# Wide enough for a path of the tests not to be broken.
ROWS, COLUMNS = 80, 300
# Enough for what is longer than a screen, and what is kept of that.
LONG, HEAD = 4000, 12
# What differs from run to run, and what stands for it.
MASKS = (
    (r"\(pid \d+\)", "(pid N)"),
    (r"pid=\d+", "pid=N"),
    (r"\([0-9a-f]{8}\)", "(DIGEST)"),
    (r"req_[0-9a-f]{24}", "req_ID"),
    (r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:PORT"),
    (r"port \d{4,5}", "port PORT"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*", "TIME"),
    (r"\b\d+ (?:s|min \d+ s)\b", "N s"),
    (re.escape(__version__), "VERSION"),
    (r"settings-[0-9a-f]{16}", "settings-DIGEST"),
    (r"(?<=AUTH_TOKEN=)\S+", "KEY"),
    (r"\b[\d,.]+ (?=tokens/s)", "N "),
    (r"(?s)(?<=ExecStart=).*?(?=\nExecReload)", "PROGRAM"),
    (r"(?s)in use by pid .*?\)\.", "in use by pid N (PROGRAM)."),
    (r"\d+ ok, \d+ warn, \d+ fail", "N ok, N warn, N fail"),
)


class Screen:
    """A command in a terminal of its own."""

    def __init__(self, home: Home, *arguments: str, rows: int = ROWS, **variables: str) -> None:
        self._home = home
        self._rows = rows
        # All that it has written, what it has taken away again too.
        self.written = b""
        self._screen = pyte.Screen(COLUMNS, rows)
        self._stream = pyte.ByteStream(self._screen)
        program, *first = [*home.command, *arguments]
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            program,
            first,
            env=home.environ | {"TERM": "xterm-256color"} | variables,
            cwd=str(home.path),
            dimensions=(rows, COLUMNS),
            timeout=SECONDS,
        )

    def type_after(self, shown: str, text: str) -> None:
        """Type a line once the program has asked for it."""
        self._child.expect_exact(shown.encode())
        self.written += (self._child.before or b"") + shown.encode()
        self._child.sendline(text)

    def end(self) -> str:
        """Return the screen once the program has ended, with its exit code, and masked."""
        self.written += self._child.read()
        self._stream.feed(self.written)
        self._child.close()
        lines = [self._coloured(row).rstrip() for row in range(self._rows)]
        text = "\n".join(lines).rstrip("\n") + f"\n[exit code {self._child.exitstatus}]\n"
        text = text.replace(str(self._home.path), "HOME")
        for pattern, mask in MASKS:
            text = re.sub(pattern, mask, text)
        return text

    def _coloured(self, row: int) -> str:
        """Return a row of the screen with its colours named: <red>Error:</>."""
        shown, now = "", "default"
        for column in range(COLUMNS):
            cell = self._screen.buffer[row][column]
            if cell.fg != now:
                shown += "</>" if now != "default" else ""
                shown += f"<{cell.fg}>" if cell.fg != "default" else ""
                now = cell.fg
            shown += cell.data
        return shown


def compare(name: str, seen: str) -> None:
    file = KEPT / f"{name}.txt"
    if os.environ.get("CC_PROXY_TEST_KEEP_SCREENS"):
        file.write_text(seen, encoding="utf-8")
    assert seen == file.read_text(encoding="utf-8"), f"another screen than {file} has"


@pytest.fixture(scope="module")
def practice_url() -> Iterator[str]:
    with practice_server() as practice:
        yield practice.url


def test_the_life_of_a_proxy_on_the_screen(home: Home, practice_url: str) -> None:
    for name, arguments in {
        "status-before": ["status"],
        "start": ["start"],
        "start-again": ["start"],
        "status": ["status"],
        "reload": ["reload"],
        "claude-print-env": ["claude", "--print-env"],
        "logs": ["logs"],
        "restart": ["restart"],
        "stop": ["stop"],
        "stop-again": ["stop"],
    }.items():
        # Which Claude Code is there says how it is told the window.
        screen = Screen(home, *arguments, OLLAMA_BASE_URL=practice_url, PATH="/nowhere")
        compare(name, screen.end())


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("help", ["--help"]),
        ("demo-help", ["demo", "--help"]),
        ("no-such-command", ["strat"]),
        ("no-such-option", ["start", "--prot", "1"]),
        ("models", ["models"]),
        ("config-show", ["config", "show"]),
        ("config-check", ["config", "check"]),
        ("config-path", ["config", "path"]),
        ("no-color", ["--no-color", "status"]),
    ],
)
def test_the_screen_is_as_it_was(
    home: Home, practice_url: str, name: str, arguments: list[str]
) -> None:
    compare(name, Screen(home, *arguments, OLLAMA_BASE_URL=practice_url).end())


def test_config_init_asks_for_a_model(home: Home, practice_url: str) -> None:
    screen = Screen(home, "config", "init", OLLAMA_BASE_URL=practice_url)
    screen.type_after("Number [1]: ", "2")
    compare("config-init", screen.end())
    compare("config-init-again", Screen(home, "config", "init").end())


def test_an_ollama_that_is_away(home: Home) -> None:
    compare("start-without-ollama", Screen(home, "start").end())
    compare("models-without-ollama", Screen(home, "models").end())


def test_a_slip_in_the_configuration(home: Home) -> None:
    file = home.path / "my.yaml"
    file.write_text("server:\n  prot: 11500\n")
    compare("config-slip", Screen(home, "--config", str(file), "start").end())


def test_a_port_that_is_taken(home: Home) -> None:
    import socket  # noqa: PLC0415 - this test alone

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        compare("port-taken", Screen(home, "start", "--port", port).end())


def test_what_doctor_finds(home: Home, practice_url: str) -> None:
    claude = home.path / "claude"
    claude.write_text("#!/bin/sh\necho '2.1.330 (Claude Code)'\n")
    claude.chmod(0o755)
    path = f"{home.path}:{home.environ['PATH']}"
    screen = Screen(home, "doctor", "--no-model", OLLAMA_BASE_URL=practice_url, PATH=path)
    # What the machine is like is not for a screen to keep.
    own = re.compile(r"\S+ +(?:</>)? *(?:python|package|pdf|container)\b")
    lines = [line for line in screen.end().splitlines() if not own.match(line)]
    compare("doctor", "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("config-schema", ["config", "schema"]),
        ("schema", ["schema", "status"]),
        ("completion-bash", ["completion", "bash"]),
    ],
)
def test_a_long_text_begins_as_it_did(home: Home, name: str, arguments: list[str]) -> None:
    lines = Screen(home, *arguments, rows=LONG).end().splitlines()
    compare(name, "\n".join([*lines[:HEAD], "…", lines[-1]]) + "\n")


def test_a_download_is_watched_and_leaves_one_line(home: Home) -> None:
    with practice_server() as practice:
        screen = Screen(home, "models", "pull", "practice-more", OLLAMA_BASE_URL=practice.url)
        compare("models-pull", screen.end())
    assert b"4.9 GB of 4.9 GB" in screen.written


def test_a_model_is_tried_with_progress(home: Home) -> None:
    with practice_server(models=[PracticeModel("played")], script=good()) as practice:
        screen = Screen(home, "models", "test", "--tasks", "3", OLLAMA_BASE_URL=practice.url)
        compare("models-test", screen.end())
    assert b" 9 of 9  " in screen.written, screen.written


@pytest.mark.skipif(sys.platform != "linux", reason="a script plays systemctl")
def test_the_service_of_the_system(home: Home) -> None:
    systemctl = home.path / "systemctl"
    systemctl.write_text('#!/bin/sh\n[ "$2" != is-enabled ]\n')
    systemctl.chmod(0o755)
    path = f"{home.path}:{home.environ['PATH']}"
    compare("service-status", Screen(home, "service", "status", PATH=path).end())
    printed = Screen(home, "service", "install", "--print", PATH=path)
    compare("service-install-print", printed.end())
