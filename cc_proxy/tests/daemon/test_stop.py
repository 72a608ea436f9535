import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from cc_proxy.app import private_files
from cc_proxy.app.daemon import stop
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import identity, state
from cc_proxy.app.daemon.process.state import ProcessState

# On Windows a process that is killed ends with the number of the signal, and no other reaches it.
KILLED = 15 if sys.platform == "win32" else -9
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@contextmanager
def program(before: str = "pass") -> Iterator["subprocess.Popen[bytes]"]:
    script = f"{before}\nimport sys\nprint('up', flush=True)\nsys.stdin.read()"
    arguments = [sys.executable, "-c", script]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"up"
        try:
            yield child
        finally:
            child.kill()


def claim(paths: Paths, a_state: ProcessState, pid: int) -> ProcessState:
    started = identity.start_time(pid)
    assert started is not None
    now = msgspec.structs.replace(a_state, pid=pid, process_start_time=started, port=9)
    state.write(paths, now)
    return now


def test_nothing_to_stop_is_fine(paths: Paths) -> None:
    assert stop.stop(paths, key=None) == stop.StopOutcome(None)
    missing = Paths(paths.state_dir / "none", paths.log_dir)
    assert stop.stop(missing, key=None) == stop.StopOutcome(None)
    assert not missing.state_dir.exists()


@pytest.mark.posix_only("a signal that asks a program to end")
def test_a_process_is_asked_to_stop_and_its_state_cleaned(
    paths: Paths, a_state: ProcessState
) -> None:
    with program() as child:
        now = claim(paths, a_state, child.pid)
        assert stop.stop(paths, key="any-key") == stop.StopOutcome(now)
        assert child.wait() == -15
    assert sorted(file.name for file in paths.state_dir.iterdir()) == ["cc-proxy.lock"]


def test_one_that_does_not_listen_is_killed_after_the_timeout(
    paths: Paths, a_state: ProcessState
) -> None:
    with program(STUBBORN) as child:
        now = claim(paths, a_state, child.pid)
        assert stop.stop(paths, key=None, timeout_seconds=0.1) == stop.StopOutcome(now, killed=True)
        assert child.wait() == KILLED
    assert not paths.state_file.exists()


def test_another_program_with_its_pid_is_left_alone(paths: Paths, a_state: ProcessState) -> None:
    with program() as child:
        state.write(paths, msgspec.structs.replace(a_state, pid=child.pid))
        stopped = stop.stop(paths, key=None)
        assert child.poll() is None
    assert stopped.state is None
    assert [notice.code for notice in stopped.notices] == ["stale_state"]
    assert "left alone; cleaned up." in stopped.notices[0].message
    assert not paths.state_file.exists()


@pytest.mark.parametrize("error", [PermissionError(13, "denied"), OSError(22, "no such process")])
def test_one_that_has_just_ended_is_stopped_whatever_the_system_calls_it(
    paths: Paths, a_state: ProcessState, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    with program() as child:
        now = claim(paths, a_state, child.pid)

        def faster(*_: object) -> None:
            child.kill()
            child.wait()
            raise error  # as os.kill has it on Windows

        monkeypatch.setattr(stop, "_send", faster)
        stopped = stop.stop(paths, key=None, timeout_seconds=0.1)
        assert stopped == stop.StopOutcome(now, killed=sys.platform == "win32")


def test_what_cannot_be_killed_keeps_its_state(
    paths: Paths, a_state: ProcessState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop, "_KILL_SECONDS", 0.05)
    monkeypatch.setattr(stop, "_signal", lambda *_: None)
    claim(paths, a_state, os.getpid())
    with pytest.raises(DaemonError) as caught:
        stop.stop(paths, key=None, timeout_seconds=0)
    assert caught.value.code == "stop_failed"
    assert paths.state_file.exists()


@pytest.mark.posix_only("signals that a process can ignore")
def test_a_full_disk_does_not_keep_a_process_alive(
    paths: Paths, a_state: ProcessState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with program() as child:
        now = claim(paths, a_state, child.pid)
        monkeypatch.setattr(private_files, "replace", full)
        monkeypatch.setattr(os, "ftruncate", full)
        stopped = stop.stop(paths, key=None)
        assert child.wait() == -15
    assert stopped.state == now
    assert [notice.code for notice in stopped.notices] == ["stop_request_not_written"]
    assert not paths.state_file.exists()


@pytest.mark.parametrize("runs", [True, False])
def test_a_state_that_cannot_be_removed_is_no_failed_stop(
    paths: Paths, a_state: ProcessState, monkeypatch: pytest.MonkeyPatch, *, runs: bool
) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    with program() as child:
        now = claim(paths, a_state, child.pid) if runs else None
        if not runs:
            state.write(paths, a_state)
        monkeypatch.setattr(Path, "unlink", read_only)
        stopped = stop.stop(paths, key=None)
        assert (child.poll() is not None) is runs
    assert stopped.state == now
    assert [notice.code for notice in stopped.notices] == ["state_not_removed"]
    assert "a read-only file system" in stopped.notices[0].message
