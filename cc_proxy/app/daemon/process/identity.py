"""The identity of a process: a pid alone proves nothing, since pids are reused."""

import os
import subprocess
import sys
from pathlib import Path

_PROC = Path("/proc")
_BOOT_ID = _PROC / "sys/kernel/random/boot_id"
_ENDED = frozenset("ZXx")  # proc(5): zombie and dead; their pid is still listed
_SUSPENDED = frozenset("Tt")  # proc(5), and ps(1) on macOS: by a signal, or by a debugger


def start_time(pid: int) -> str | None:
    """Return when a process started, as a text that no other process with its pid can have.

    Compare the text only; do not parse it. None: there is no such process, or it has ended and
    only waits for its parent to notice.
    """
    if pid <= 0:
        return None
    if sys.platform == "win32":
        from cc_proxy.app.daemon.process import windows  # noqa: PLC0415 - exists on Windows only

        return windows.start_time(pid)
    if sys.platform == "linux":
        return _from_proc(pid)
    return _from_ps(pid)


def is_alive(pid: int, started: str) -> bool:
    """Tell whether the process that `start_time` was once asked about is still running."""
    return start_time(pid) == started


def is_suspended(pid: int) -> bool:
    """Tell whether a process waits to be continued, as after Ctrl-Z; not known on Windows."""
    if sys.platform == "win32":
        return False
    state = (
        _stat(pid)[0]
        if sys.platform == "linux"
        else _ps(pid).decode("ascii", "replace").strip()[:1]
    )
    return state in _SUSPENDED


def _from_proc(pid: int) -> str | None:
    state, ticks = _stat(pid)
    if not state or state in _ENDED:
        return None
    # The ticks count from boot: two boots can give the same pid the same ticks.
    return f"{_boot_id()}:{ticks}"


def _stat(pid: int) -> tuple[str, int]:
    try:
        return parse_stat((_PROC / str(pid) / "stat").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return "", 0
    except PermissionError:  # hidepid: a process of another user, so none of ours
        return "", 0


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:  # some sandboxes hide it, and live shorter than a boot
        return "boot"


def parse_stat(stat: bytes) -> tuple[str, int]:
    """Return state and start time (clock ticks since boot) from `/proc/<pid>/stat`.

    The command's name, the second field, may hold spaces and parentheses, so what follows is
    counted from the last closing one (proc(5): state is field 3, starttime field 22).
    """
    fields = stat.rpartition(b")")[2].split()
    return fields[0].decode("ascii"), int(fields[19])


def _from_ps(pid: int) -> str | None:
    return parse_ps(_ps(pid))


def _ps(pid: int) -> bytes:
    return subprocess.run(  # noqa: S603 - a fixed program with a number
        ["/bin/ps", "-o", "state=,lstart=", "-p", str(pid)],
        capture_output=True,
        check=False,
        # The date is written in the language and time zone of whoever asks.
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
    ).stdout


def parse_ps(answer: bytes) -> str | None:
    """Return the start date from `ps -o state=,lstart=`, None for no process or one that ended."""
    state, _, started = answer.decode("ascii", "replace").strip().partition(" ")
    if not started or state[0] in _ENDED:
        return None
    return " ".join(started.split())
