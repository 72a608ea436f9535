"""`cc-proxy top` on a real proxy: on terminals of two sizes, without one, and as JSON."""

import json
import re
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cc_proxy.tests import contract
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import Practice, practice_server

SECONDS = 60
TERMINALS = pytest.mark.posix_only("pseudo-terminals")
if sys.platform != "win32":
    import pexpect
    import pyte


@pytest.fixture
def practice(home: Home) -> Iterator[Practice]:
    with practice_server() as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        assert home.run("start").code == 0
        yield running
        home.run("stop")


@contextmanager
def a_turn_that_lasts(home: Home, practice: Practice) -> Iterator[None]:
    """Have a session's model write a word, and keep it at that while the block runs."""
    script = json.dumps([{"text": "Once upon a time", "sleep": 300}])
    body = {
        "model": "practice",
        "max_tokens": 100,
        "stream": True,
        "tools": [{"name": "Read", "input_schema": {"type": "object"}}],
        "system": "Primary working directory: /home/me/shop\n",
        "messages": [{"role": "user", "content": f"a story [practice: {script}]"}],
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{home.state['port']}/v1/messages",
        json.dumps(body).encode(),
        {
            "x-api-key": (home.run_dir / "auth.key").read_text().strip(),
            "X-Claude-Code-Session-Id": "session-1",
        },
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - our own proxy
        practice.wait_for(lambda record: "Once" in record.text)
        yield
        answer.close()


class Live:
    """`cc-proxy top` on a terminal."""

    def __init__(self, home: Home, columns: int, rows: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        program, *first = [*home.command, "top"]
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            program,
            first,
            env=home.environ | {"TERM": "xterm-256color", "LANG": "C.UTF-8"},
            cwd=str(home.path),
            dimensions=(rows, columns),
            timeout=SECONDS,
        )

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end, self.text
            try:
                self._stream.feed(self.child.read_nonblocking(65536, timeout=0.2))
            except pexpect.TIMEOUT:
                continue

    def ends_with(self, code: int) -> None:
        self.child.expect(pexpect.EOF)
        self.raw = self.child.before or b""
        self.child.close()
        assert self.child.exitstatus == code


@TERMINALS
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
def test_a_terminal_shows_what_goes_on_and_q_ends_it(
    home: Home, practice: Practice, columns: int, rows: int
) -> None:
    with a_turn_that_lasts(home, practice):
        live = Live(home, columns, rows)
        live.until(lambda: "writing" in live.text)
        (session,) = [line for line in live.screen.display if line.startswith("shop")]
        assert "writing" in session
        assert live.screen.display[-1].rstrip() == "q quit"
        assert live.screen.display[0].startswith("cc-proxy ")
        assert live.screen.cursor.hidden
        live.child.send("q")
        live.ends_with(0)
    # The terminal is as it was: the first screen, with a cursor.
    assert live.raw.endswith(b"\x1b[?25h\x1b[?1049l")


@TERMINALS
def test_a_resize_is_followed(home: Home, practice: Practice) -> None:
    live = Live(home, 80, 24)
    live.until(lambda: live.screen.display[-1].startswith("q quit"))
    live.screen.resize(40, 150)
    live.child.setwinsize(40, 150)
    live.until(lambda: live.screen.display[-1].startswith("q quit"))
    live.until(lambda: "READS/S" in live.text)
    live.child.send("\x1b")
    live.ends_with(0)
    assert practice


@TERMINALS
def test_ctrl_c_ends_it_and_gives_the_terminal_back(home: Home, practice: Practice) -> None:
    live = Live(home, 80, 24)
    live.until(lambda: "q quit" in live.text)
    live.child.sendintr()
    live.ends_with(130)
    assert b"\x1b[?1049l" in live.raw
    assert practice


@TERMINALS
def test_a_termination_gives_the_terminal_back(home: Home, practice: Practice) -> None:
    live = Live(home, 80, 24)
    live.until(lambda: "q quit" in live.text)
    live.child.kill(signal.SIGTERM)
    live.ends_with(143)
    assert b"\x1b[?25h\x1b[?1049l" in live.raw
    assert practice


@TERMINALS
def test_a_proxy_that_is_stopped_ends_it_with_the_reason(home: Home, practice: Practice) -> None:
    live = Live(home, 80, 24)
    live.until(lambda: "q quit" in live.text)
    assert home.run("stop").code == 0
    live.ends_with(3)
    assert b"cc-proxy is not running." in live.raw
    assert practice


def test_without_a_terminal_it_shows_all_once(home: Home, practice: Practice) -> None:
    with a_turn_that_lasts(home, practice):
        ran = home.run("top")
    assert ran.code == 0
    assert re.search(r"^shop +practice +writing", ran.out, re.MULTILINE), ran.out
    assert "\x1b" not in ran.out
    assert "q quit" not in ran.out


def test_json_is_an_object_a_second_until_ctrl_c(home: Home, practice: Practice) -> None:
    with a_turn_that_lasts(home, practice), home.popen("top", "--json") as process:
        assert process.stdout is not None
        watch = threading.Timer(SECONDS, process.kill)
        watch.start()
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        watch.cancel()
    for line in lines:
        contract.check(["top", "--json"], line)
        (session,) = json.loads(line)["data"]["sessions"]
        assert (session["folder"], session["state"]) == ("shop", "writing")
    last = json.loads(rest.splitlines()[-1])
    assert (process.returncode, last["errors"][0]["code"]) == (130, "interrupted")


def test_json_once_is_one_object(home: Home, practice: Practice) -> None:
    ran = home.json("top", "--once")
    assert ran.data["states"] == {}
    assert practice


def test_without_a_proxy_it_says_how_to_start_one(home: Home) -> None:
    ran = home.json("top")
    assert (ran.code, ran.error["code"]) == (3, "not_running")
    assert ran.error["hint"] == "To start it: cc-proxy start"
