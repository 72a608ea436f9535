"""A proxy that dies while Claude Code runs, with a process that sleeps in Claude Code's place."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app.daemon.guard import WatchSpec, guard
from cc_proxy.app.daemon.process import identity
from cc_proxy.app.daemon.process.state import ProcessState
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server

pytestmark = pytest.mark.posix_only("signals, and a shell script that plays Claude Code")
# Says what it was given, and waits for its stdin to end.
SCRIPT = """#!{python}
import json, os, sys
print(json.dumps(dict(os.environ, PID=os.getpid())), flush=True)
sys.stdin.read()
"""
SECONDS = 120.0


@pytest.fixture
def claude(home: Home) -> Iterator[None]:
    path = home.path / "bin" / "claude"
    path.parent.mkdir()
    path.write_text(SCRIPT.format(python=sys.executable))
    path.chmod(0o755)
    home.environ["PATH"] = f"{path.parent}{os.pathsep}{home.environ['PATH']}"
    with practice_server(models=[PracticeModel("practice")]) as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        yield


@contextmanager
def session(home: Home, *flags: str) -> Iterator[dict[str, Any]]:
    with subprocess.Popen(
        [*home.command, "claude", *flags],
        cwd=home.path,
        env=home.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.communicate(timeout=SECONDS)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def guards(environ: dict[str, Any]) -> list[int]:
    """Return the pids of the guards that a session has started."""
    columns = ["-A", "-ww", "-o", "pid=,ppid=,args="]
    listed = subprocess.check_output(["/bin/ps", *columns], text=True)
    rows = (line.split(maxsplit=2) for line in listed.splitlines())
    return [
        int(pid)
        for pid, parent, *words in rows
        if parent == str(environ["PID"]) and "cc_proxy.app.daemon.guard" in " ".join(words)
    ]


@pytest.mark.usefixtures("claude")
def test_a_proxy_that_is_killed_comes_back_with_its_address_and_its_key(home: Home) -> None:
    with session(home) as environ:
        first = home.state
        os.kill(first["pid"], signal.SIGKILL)
        until(lambda: home.state_file.exists() and home.state["pid"] != first["pid"])
        second = home.state
        assert f"http://127.0.0.1:{second['port']}" == environ["ANTHROPIC_BASE_URL"]
        assert (home.run_dir / "auth.key").read_text().strip() == environ["ANTHROPIC_AUTH_TOKEN"]
        assert home.run("status").code == 0
        told = f"cc-proxy (pid {first['pid']}) had died, and was started again"
        until(lambda: told in home.log_file.read_text())


@pytest.mark.usefixtures("claude")
def test_what_the_guard_writes_has_the_form_of_the_log(home: Home) -> None:
    file = home.path / ".cc-proxy" / "cc-proxy.user.yaml"
    file.parent.mkdir()
    file.write_text("logging: {format: json}\n")
    with session(home):
        first = home.state["pid"]
        os.kill(first, signal.SIGKILL)
        until(lambda: "was started again" in home.log_file.read_text())
    entries = [json.loads(line) for line in home.log_file.read_text().splitlines()]
    (told,) = [entry for entry in entries if "was started again" in entry["message"]]
    assert (told["level"], told["logger"]) == ("warning", "cc_proxy.app.daemon.guard")


@pytest.mark.usefixtures("claude")
def test_a_proxy_that_is_stopped_stays_stopped(home: Home) -> None:
    with session(home) as environ:
        (pid,) = guards(environ) if sys.platform == "linux" else (0,)
        assert home.run("stop").code == 0
        # Two of its looks.
        time.sleep(1.2)
        assert home.run("status").code == 3
    # The session is over, and so is the guard.
    until(lambda: identity.start_time(pid) is None)


@pytest.mark.usefixtures("claude")
@pytest.mark.skipif(sys.platform != "linux", reason="finds the guard by its parent")
def test_a_guard_that_is_killed_ends_no_session_and_the_next_one_has_its_own(home: Home) -> None:
    with session(home) as environ:
        running = home.state
        (pid,) = guards(environ)
        started = identity.start_time(pid) or ""
        os.kill(pid, signal.SIGKILL)
        # Dead, or what is left of it until its parent has noticed.
        until(lambda: not identity.is_alive(pid, started))
        assert identity.is_alive(environ["PID"], identity.start_time(environ["PID"]) or "")
        assert home.run("status").code == 0
        with session(home) as second:
            assert len(guards(second)) == 1
    assert home.state == running


@pytest.mark.usefixtures("claude")
def test_who_wants_no_start_gets_no_guard(home: Home) -> None:
    assert home.run("start").code == 0
    with session(home, "--no-start-if-needed") as environ:
        assert guards(environ) == []


def dead_state(folder: Path) -> WatchSpec:
    order = WatchSpec(os.getpid(), identity.start_time(os.getpid()) or "", str(folder), "/none", 11)
    left = {
        **dict.fromkeys(("instance_id", "version", "host", "config_digest"), "x"),
        **dict.fromkeys(("options_digest", "log_file", "started_at"), "x"),
        "pid": 2**22 + 1,
        "process_start_time": "long ago",
        "port": 11,
        "config_path": None,
    }
    (folder / "cc-proxy.state.json").write_text(json.dumps(left))
    return order


def test_what_dies_again_and_again_is_given_up_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("cc_proxy.app.daemon.guard._PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("cc_proxy.app.daemon.guard._GRACE_SECONDS", 0.01)
    started: list[ProcessState] = []

    def start(dead: ProcessState) -> str | None:
        started.append(dead)
        left = tmp_path / "cc-proxy.state.json"
        if len(started) == 1:
            left.rename(tmp_path / "gone")
            return "no room"
        if len(started) == 2:
            (tmp_path / "gone").rename(left)
        return None

    guard(dead_state(tmp_path), start)
    assert len(started) == 5
    assert "does not start: no room" in caplog.messages[0]
    # A start that fails has cleaned up before: what died is still known.
    assert {dead.pid for dead in started} == {2**22 + 1}
    assert "had died, and was started again" in caplog.messages[1]
    assert "has died again, the 6th time" in caplog.messages[-1]
    assert "cc-proxy doctor" in caplog.messages[-1]


def test_a_guard_ends_with_its_session_and_leaves_other_addresses_alone(tmp_path: Path) -> None:
    order = dead_state(tmp_path)

    def start(_dead: ProcessState) -> str | None:
        raise AssertionError

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        started = identity.start_time(process.pid) or ""
        process.stdin.close()
        process.wait()
    guard(WatchSpec(process.pid, started, order.state_dir, order.log_dir, order.port), start)
