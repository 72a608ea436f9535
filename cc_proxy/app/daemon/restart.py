"""Restarting: a stop and a start that nobody can come between."""

from collections.abc import Mapping
from dataclasses import dataclass

from cc_proxy.app.config import Loaded
from cc_proxy.app.daemon import auth_key, lock, start, stop
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.start import Started
from cc_proxy.app.daemon.stop import Stopped


@dataclass(frozen=True)
class Restarted:
    """What was stopped, if something ran, and what runs now."""

    stopped: Stopped
    started: Started


def restart(
    paths: Paths,
    loaded: Loaded,
    *,
    environ: Mapping[str, str],
    stop_seconds: float = stop.TIMEOUT_SECONDS,
) -> Restarted:
    """Stop what runs in these folders, if anything does, and start it with these settings.

    Raises:
        DaemonError: one of the two failed.

    """
    auth_key.refuse_open_bind(loaded.settings)
    paths.make_folders()
    with lock.exclusive(paths):
        key = auth_key.effective(loaded.settings, paths)
        stopped = stop.locked(paths, key=key.value, timeout_seconds=stop_seconds, comes_back=True)
        started = start.locked(paths, loaded, environ=environ, timeout_seconds=start.READY_SECONDS)
        return Restarted(stopped, started)
