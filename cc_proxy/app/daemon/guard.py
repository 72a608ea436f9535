"""A small process beside Claude Code: starts cc-proxy again when it has died under a session.

Claude Code keeps the address and the key that it was started with, so the new cc-proxy gets the
same ones. One that was stopped has removed its state and stays stopped; one that was killed, or
has crashed, has left it behind.

It runs as `python -m cc_proxy.app.daemon.guard`, with its `Order` as JSON on stdin.
"""

import logging
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.log.log_file import LogFile
from cc_proxy.app.daemon.log.log_format import formatter
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import identity, state
from cc_proxy.app.daemon.process.spawn import detached
from cc_proxy.app.daemon.process.state import ProcessState

# The module's own name is `__main__`, which tells the reader of a log nothing.
log = logging.getLogger("cc_proxy.app.daemon.guard")

_PAUSE_SECONDS = 0.5
# A service manager that looks after cc-proxy as well is let go first.
_GRACE_SECONDS = 1.0
_START_SECONDS = 60.0
# What dies more often than this would die for ever.
_MOST_STARTS = 5
_WITHIN_SECONDS = 120.0


class WatchSpec(msgspec.Struct, frozen=True):
    """The session to watch, by pid and `identity.start_time`, and the folders of its cc-proxy."""

    pid: int
    process_start_time: str
    state_dir: str
    log_dir: str
    port: int

    @property
    def paths(self) -> Paths:
        """The folders."""
        return Paths(Path(self.state_dir), Path(self.log_dir))


def spawn_watchdog(paths: Paths, port: int) -> None:
    """Start a guard for the session that this process is, or becomes.

    It has this process's environment, so that a start finds what this one has found.

    Raises:
        OSError: it cannot be started.

    """
    pid = os.getpid()
    order = WatchSpec(
        pid=pid,
        process_start_time=identity.start_time(pid) or "",
        state_dir=str(paths.state_dir),
        log_dir=str(paths.log_dir),
        port=port,
    )
    how = detached()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(sys.executable).anchor,
        start_new_session=how.start_new_session,
        umask=how.umask,
        creationflags=how.creationflags,
    )
    assert process.stdin is not None  # noqa: S101 - stdin=PIPE
    with process.stdin:
        process.stdin.write(msgspec.json.encode(order))
    # It is on its own now; otherwise Popen warns of a child that still runs.
    process.returncode = 0


def guard(order: WatchSpec, start: Callable[[ProcessState], str | None]) -> None:
    """Look after cc-proxy until the session ends.

    `start` starts it as a state tells, and returns what kept it from that, None if it runs.
    """
    starts: deque[float] = deque(maxlen=_MOST_STARTS)
    # A start that fails may have removed the state before.
    waiting: ProcessState | None = None
    while identity.is_alive(order.pid, order.process_start_time):
        time.sleep(_PAUSE_SECONDS)
        dead = _dead(order) or waiting
        if dead is None:
            continue
        time.sleep(_GRACE_SECONDS)
        if (_dead(order) or waiting) != dead or not identity.is_alive(
            order.pid, order.process_start_time
        ):
            continue
        now = time.monotonic()
        if len(starts) == _MOST_STARTS and now - starts[0] < _WITHIN_SECONDS:
            log.error(
                "cc-proxy (pid %d) has died again, the %dth time within %g seconds: Claude Code"
                " goes without it; to look for the reason: cc-proxy doctor",
                dead.pid,
                _MOST_STARTS + 1,
                _WITHIN_SECONDS,
            )
            return
        starts.append(now)
        trouble = start(dead)
        waiting = dead if trouble else None
        if trouble is None:
            log.warning("cc-proxy (pid %d) had died, and was started again", dead.pid)
        else:
            log.error("cc-proxy (pid %d) has died, and does not start: %s", dead.pid, trouble)


def start_again(order: WatchSpec, dead: ProcessState) -> str | None:
    """Start cc-proxy where it was; return what kept it from that, None if it runs."""
    flags = ["--state-dir", order.state_dir, "--log-dir", order.log_dir]
    if dead.config_path is not None and Path(dead.config_path).exists():
        flags += ["--config", dead.config_path]
    # At the port that its session knows, whoever chose it.
    flags += msgspec.structs.replace(dead.asked, port=dead.port).arguments()
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", "cc_proxy", "start", *flags],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_START_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else " ".join(done.stderr.split())


def _dead(order: WatchSpec) -> ProcessState | None:
    """Return the state that a cc-proxy at the session's address has left behind."""
    try:
        left = state.read(order.paths)
    except (state.UnreadableStateError, DaemonError):  # `start` and `doctor` say what is wrong
        return None
    if left is None or left.port != order.port:
        return None
    return None if identity.is_alive(left.pid, left.process_start_time) else left


def main() -> None:
    """Guard as stdin says."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=WatchSpec)
    handler = LogFile(order.paths.log_file)
    log.addHandler(handler)

    def start(dead: ProcessState) -> str | None:
        # Programs that read the log expect each of its lines to be of one form.
        handler.setFormatter(formatter(dead.log_format, ()))
        return start_again(order, dead)

    try:
        guard(order, start)
    finally:
        handler.close()


if __name__ == "__main__":
    main()
