"""Stopping: its own process and no other, first asked, then made to."""

import os
import signal
import sys
import time
from dataclasses import dataclass

from cc_proxy.app.control import health
from cc_proxy.app.daemon.errors import DaemonError, Notice
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.daemon.paths import STATE_FLAG, Paths
from cc_proxy.app.daemon.process import identity, lock, running, state, stop_request
from cc_proxy.app.daemon.process.state import ProcessState
from cc_proxy.app.daemon.process.stop_request import StopRequest

TIMEOUT_SECONDS = 10.0
# A process is killed this long after its answers were cut off, so that it can still tidy up.
_TIDY_UP_SECONDS = 1.0
_KILL_SECONDS = 5.0
_PAUSE_SECONDS = 0.02
if sys.platform == "win32":
    _KILL = signal.SIGTERM  # os.kill ends a process at once there, whatever the signal
else:
    _KILL = signal.SIGKILL


@dataclass(frozen=True)
class StopOutcome:
    """The stopped process; `state` is None if none ran.

    `cut_off`: answers that still ran at the end of their time were cut off.
    """

    state: ProcessState | None
    killed: bool = False
    cut_off: bool = False
    notices: tuple[Notice, ...] = ()


def stop(paths: Paths, *, key: str | None, timeout_seconds: float = TIMEOUT_SECONDS) -> StopOutcome:
    """Stop what runs in these folders, and return once it is gone.

    Its answers have `timeout_seconds` to finish, then they are cut off. If it does not end after
    that, it is killed. `key` is what it is asked with who it is, None if that is not known.

    Raises:
        DaemonError: it could not be stopped; then its state is kept.

    """
    with explained(paths.state_dir, STATE_FLAG):
        try:
            paths.state_dir.stat()
        except (FileNotFoundError, NotADirectoryError):
            return StopOutcome(None)
    with lock.exclusive(paths):
        return locked(paths, key=key, timeout_seconds=timeout_seconds)


def locked(
    paths: Paths, *, key: str | None, timeout_seconds: float, comes_back: bool = False
) -> StopOutcome:
    """Do the same for one who holds the lock; `comes_back`: a start is to follow.

    Raises:
        DaemonError: as `stop`.

    """
    found = running.inspect(paths)
    if found.state is None:
        if found.stale is None:
            return StopOutcome(None)
        trouble = _clear(paths)
        return StopOutcome(None, notices=trouble or (running.cleaned(found.stale),))
    now = found.state
    _refuse_contradiction(now, key)
    began = time.monotonic()
    notices = _ask(paths, StopRequest(now.instance_id, timeout_seconds, comes_back))
    if sys.platform != "win32":  # there the request is all it takes
        _signal(now, signal.SIGTERM)
        _signal(now, signal.SIGCONT)  # one that is suspended would only take note of it
    killed = not _gone_in_patience(now, timeout_seconds + _TIDY_UP_SECONDS)
    cut_off = not killed and time.monotonic() - began >= timeout_seconds > 0
    if killed:
        _signal(now, _KILL)
        if not _gone(now, _KILL_SECONDS):
            raise DaemonError(
                f"Expected pid {now.pid} to end when killed, found it still there"
                f" after {_KILL_SECONDS:g} seconds.",
                code="stop_failed",
                hint="The system holds it, often in a disk or network mount; try again later.",
            )
    return StopOutcome(now, killed=killed, cut_off=cut_off, notices=(*notices, *_clear(paths)))


def _ask(paths: Paths, request: StopRequest) -> tuple[Notice, ...]:
    try:
        stop_request.write(paths, request)
    except DaemonError as error:  # a full disk must not keep a process alive
        text = f"Running answers got the usual time to finish: {error.message}"
        return (Notice("stop_request_not_written", text, error.hint),)
    return ()


def _clear(paths: Paths) -> tuple[Notice, ...]:
    try:
        state.clear(paths)
    except DaemonError as error:  # nothing runs, which is what was wanted
        text = f"Nothing runs, and what describes it could not be removed: {error.message}"
        return (Notice("state_not_removed", text, error.hint),)
    return ()


def _refuse_contradiction(now: ProcessState, key: str | None) -> None:
    """Leave a process alone that says itself that it is not the one of the state file."""
    if key is None:
        return
    answer = health.ask(now.host, now.port, key, timeout_seconds=1.0).health
    if answer and answer.pid == now.pid and answer.instance_id != now.instance_id:
        raise DaemonError(
            f"Expected pid {now.pid} to be instance {now.instance_id},"
            f" found that it calls itself {answer.instance_id}.",
            code="not_ours",
            hint=f"Stop it with the --state-dir that it was started with, or: kill {now.pid}",
        )


def _gone_in_patience(now: ProcessState, seconds: float) -> bool:
    try:
        return _gone(now, seconds)
    except KeyboardInterrupt as error:  # what it was asked for, it does without being watched
        raise DaemonError(
            f"Interrupted. cc-proxy (pid {now.pid}) was asked to stop, and does once its answers"
            " are finished.",
            code="interrupted",
            exit_code=130,
            hint="To see whether it has: cc-proxy status. Not to wait for answers: cc-proxy stop"
            " --timeout-seconds 0",
        ) from error


def _gone(now: ProcessState, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while identity.is_alive(now.pid, now.process_start_time):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def _signal(now: ProcessState, number: signal.Signals) -> None:
    try:
        _send(now, number)
    except OSError as error:
        # It was faster, which Windows says in other ways than with ProcessLookupError.
        if not identity.is_alive(now.pid, now.process_start_time):
            return
        if not isinstance(error, PermissionError):
            raise
        raise DaemonError(
            f"Expected pid {now.pid} to be a process of this user, found another user's.",
            code="not_permitted",
            hint="Stop it as the user who started it.",
        ) from error


if sys.platform == "linux":

    def _send(now: ProcessState, number: signal.Signals) -> None:
        """Signal the process itself, not whoever has its pid by the time the signal arrives."""
        try:
            handle = os.pidfd_open(now.pid)
        except ProcessLookupError:
            raise
        except OSError:  # before Linux 5.3, or forbidden by a sandbox
            _send_to_pid(now, number)
            return
        try:
            if identity.is_alive(now.pid, now.process_start_time):
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)

else:

    def _send(now: ProcessState, number: signal.Signals) -> None:
        _send_to_pid(now, number)


def _send_to_pid(now: ProcessState, number: signal.Signals) -> None:
    if identity.is_alive(now.pid, now.process_start_time):
        os.kill(now.pid, number)
