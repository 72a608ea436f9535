import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app.config import LaunchOptions, LoadedConfig, load
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import handshake, identity, spawn

READY = handshake.encode(handshake.Ready(1, "127.0.0.1", 5, "i"))


def play(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(spawn, "command", lambda *_: [sys.executable, "-c", script])


def start(paths: Paths, loaded: LoadedConfig, seconds: float = 120) -> handshake.Ready:
    return spawn.spawn(paths, loaded, environ=os.environ, timeout_seconds=seconds)


def test_the_command_carries_what_could_change_and_never_the_key(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("server:\n  auth_key: secret-key\n")
    loaded = load(config_file=file, options=LaunchOptions(port=0), environ={"CC_PROXY_HOST": "::1"})
    state_dir, log_dir = tmp_path / "s", tmp_path / "l"
    command = spawn.command(Paths(state_dir, log_dir), loaded)
    assert command[0] == sys.executable
    assert "-P" in command
    flags = f"--state-dir {state_dir} --log-dir {log_dir} --config {file}"
    assert flags in " ".join(command)
    assert command[-2:] == ["--port", "0"]
    # A variable is inherited, and its value stays known as one of a variable.
    assert "--host" not in command
    assert "secret-key" not in " ".join(command)


@pytest.mark.posix_only("sessions of processes")
def test_a_ready_child_runs_on_in_a_session_of_its_own(
    paths: Paths, loaded: LoadedConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        "import os, sys; from cc_proxy.app.daemon.process import handshake as h;"
        "os.write(1, h.encode(h.Ready(os.getpid(), os.getcwd(), os.umask(0), 'i')));"
        "sys.stdin.read(); import time; time.sleep(60)"
    )
    play(monkeypatch, script)
    ready = start(paths, loaded)
    try:
        assert os.getsid(ready.pid) == ready.pid
        assert ready.host == "/"
        assert ready.port == 0o077
    finally:
        os.kill(ready.pid, 9)
        os.waitpid(ready.pid, 0)


def test_a_child_that_says_why_it_failed_is_quoted(
    paths: Paths, loaded: LoadedConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = DaemonError("the reason", hint="the way out", code="port_in_use", exit_code=1)
    play(monkeypatch, f"import os; os.write(1, {handshake.encode(error)!r})")
    with pytest.raises(DaemonError, match="the reason") as caught:
        start(paths, loaded)
    assert caught.value.code == "port_in_use"
    assert caught.value.hint == "the way out"


def test_a_child_that_dies_leaves_its_exit_code_and_its_last_words(
    paths: Paths, loaded: LoadedConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths.log_file.write_text("an older line\n")
    play(monkeypatch, "import sys; sys.exit('the last words')")
    with pytest.raises(DaemonError, match="ended with exit code 1") as caught:
        start(paths, loaded)
    assert caught.value.code == "start_failed"
    assert "    the last words" in caught.value.message
    assert "an older line" not in caught.value.message


def test_a_child_that_says_nothing_in_time_is_killed(
    paths: Paths, loaded: LoadedConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def noted(*arguments: Any, **more: Any) -> "subprocess.Popen[bytes]":
        made.append(popen(*arguments, **more))
        return made[0]

    play(monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(subprocess, "Popen", noted)
    with pytest.raises(DaemonError, match="did not listen within 1 seconds") as caught:
        start(paths, loaded, seconds=1)
    assert caught.value.code == "start_timeout"
    assert identity.start_time(made[0].pid) is None


def test_ctrl_c_while_the_child_is_made_ends_the_child(
    paths: Paths, loaded: LoadedConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def interrupted(*arguments: Any, **more: Any) -> "subprocess.Popen[bytes]":
        made.append(popen(*arguments, **more))
        signal.raise_signal(signal.SIGINT)
        return made[0]

    play(monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start(paths, loaded)
    assert made[0].returncode is not None


@pytest.mark.parametrize("line", [b"", b"\n", b"hello\n", b"{}\n", b"\xff\n", READY[:10]])
def test_a_line_that_is_no_handshake_is_none(line: bytes) -> None:
    assert handshake.decode(line) is None
