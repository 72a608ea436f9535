"""Starting: one process for each state folder, and an answer that can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cc_proxy.app.config import LoadedConfig
from cc_proxy.app.daemon import auth_key
from cc_proxy.app.daemon.errors import DaemonError, Notice
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import lock, running, spawn, state
from cc_proxy.app.daemon.process.state import ProcessState

if TYPE_CHECKING:
    from cc_proxy.app.control.wire import Health

READY_SECONDS = 20.0


@dataclass(frozen=True)
class StartOutcome:
    """A process that runs and has answered; `health` does not have Ollama's part."""

    state: ProcessState
    health: "Health"
    auth_key: str
    already_running: bool
    notices: tuple[Notice, ...] = ()


def in_background(
    paths: Paths,
    loaded: LoadedConfig,
    *,
    environ: Mapping[str, str],
    timeout_seconds: float = READY_SECONDS,
) -> StartOutcome:
    """Return the process of these folders, started now unless it runs already.

    Raises:
        DaemonError: it cannot be started, or the one that runs does not answer or does not
            take this key.

    """
    auth_key.refuse_open_bind(loaded.settings)
    paths.make_folders()
    with lock.exclusive(paths):
        return locked(paths, loaded, environ=environ, timeout_seconds=timeout_seconds)


def locked(
    paths: Paths, loaded: LoadedConfig, *, environ: Mapping[str, str], timeout_seconds: float
) -> StartOutcome:
    """Do the same for one who holds the lock and has made the folders.

    Raises:
        DaemonError: as `in_background`.

    """
    key = auth_key.effective(loaded.settings, paths)
    found = earlier(paths, loaded, key.value, timeout_seconds)
    if isinstance(found, StartOutcome):
        return found
    notices = (*filter(None, [key.notice]), *found)
    ready = spawn.spawn(paths, loaded, environ=environ, timeout_seconds=timeout_seconds)
    from cc_proxy.app.daemon.confirm import confirm  # noqa: PLC0415 - loaded by spawn, meanwhile

    now = running.inspect(paths).state
    if now is not None and now.instance_id == ready.instance_id:
        health = confirm(now, key.value, timeout_seconds=timeout_seconds)
        if health is not None:
            return StartOutcome(now, health, key.value, already_running=False, notices=notices)
    raise DaemonError(
        f"cc-proxy (pid {ready.pid}) listened and then ended.",
        code="start_failed",
        hint=f"The log is {paths.log_file}; to watch a start: cc-proxy start --foreground",
    )


def earlier(
    paths: Paths, loaded: LoadedConfig, key: str, timeout_seconds: float
) -> StartOutcome | tuple[Notice, ...]:
    """Return the process that runs, or what there is to say once nothing of one is left.

    Raises:
        DaemonError: it runs, and does not answer, does not take the key, or does not use the
            configuration file that was named.

    """
    found = running.inspect(paths)
    if found.state is not None:
        # What has nobody to ask yet is under way sooner without these.
        from cc_proxy.app.daemon.confirm import confirm  # noqa: PLC0415
        from cc_proxy.app.daemon.differences import differences  # noqa: PLC0415
        from cc_proxy.app.daemon.running_file import refuse_other  # noqa: PLC0415

        refuse_other(found.state, loaded)
        health = confirm(found.state, key, timeout_seconds=timeout_seconds)
        if health is not None:
            notices = tuple(differences(found.state, loaded))
            return StartOutcome(found.state, health, key, already_running=True, notices=notices)
        found = running.inspect(paths)  # it has just ended, and may have left something behind
    if found.stale is None:
        return ()
    state.clear(paths)
    return (running.cleaned(found.stale),)
