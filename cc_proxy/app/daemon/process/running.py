"""The process that runs in a state folder, by its files and the system's processes."""

import os
from dataclasses import dataclass

from cc_proxy.app.daemon.errors import Notice
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import identity, state
from cc_proxy.app.daemon.process.state import ProcessState


@dataclass(frozen=True)
class Inspection:
    """`state` is that of a process which runs and is ours.

    `stale` says what was left behind, as a sentence without its end.
    """

    state: ProcessState | None = None
    stale: str | None = None


def inspect(paths: Paths) -> Inspection:
    """Return who runs; nothing is changed and nobody is asked.

    Raises:
        DaemonError: the state folder cannot be read.

    """
    try:
        left = state.read(paths)
    except state.UnreadableStateError as error:
        return Inspection(stale=str(error))
    if left is None:
        return Inspection(stale=_pid_file_alone(paths))
    now = identity.start_time(left.pid)
    if now == left.process_start_time:
        return Inspection(state=left)
    what = _who(left.pid, running=now is not None)
    return Inspection(stale=f"An earlier cc-proxy (pid {left.pid}) left its state behind: {what}")


def _who(pid: int, *, running: bool) -> str:
    if not running:
        return "that process is gone"
    if pid == os.getpid():
        # A container that is started again gives its few processes the same few pids.
        return "that pid is this process's own now, as after a restart of a container"
    return "that pid is another program's now, which is left alone"


def _pid_file_alone(paths: Paths) -> str | None:
    if not paths.pid_file.is_file():
        return None
    pid = state.read_pid(paths)
    if pid is None or pid == os.getpid() or identity.start_time(pid) is None:
        what = _who(pid or 0, running=pid == os.getpid())
        return f"{paths.pid_file} was left behind: {what}"
    return (
        f"{paths.pid_file} names pid {pid}, which nothing shows to be a cc-proxy:"
        " that process is left alone"
    )


def cleaned(stale: str) -> Notice:
    """Return what to tell once the files of `stale` are removed."""
    return Notice("stale_state", f"{stale}; cleaned up.")
