"""Restarting: a stop and a start that nobody can come between."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cc_proxy.app.config import LoadedConfig
from cc_proxy.app.daemon import auth_key, start, stop
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import lock, ports, running
from cc_proxy.app.daemon.process.state import ProcessState
from cc_proxy.app.daemon.start import StartOutcome
from cc_proxy.app.daemon.stop import StopOutcome


@dataclass(frozen=True)
class RestartOutcome:
    """The stopped process, if one ran, and the one that runs now."""

    stopped: StopOutcome
    started: StartOutcome


def restart(
    paths: Paths,
    loaded: LoadedConfig,
    *,
    environ: Mapping[str, str],
    stop_seconds: float = stop.TIMEOUT_SECONDS,
) -> RestartOutcome:
    """Stop what runs in these folders, if anything does, and start it with these settings.

    Raises:
        DaemonError: one of the two failed.

    """
    auth_key.refuse_open_bind(loaded.settings)
    paths.make_folders()
    with lock.exclusive(paths):
        key = auth_key.effective(loaded.settings, paths)
        before = running.inspect(paths).state
        if before is not None:
            # What could not be started again is not stopped. Its own port is free once it ends.
            host, port = loaded.settings.server.host, loaded.settings.server.port
            ports.refuse_unusable(host, 0 if port == before.port else port)
        stopped = stop.locked(paths, key=key.value, timeout_seconds=stop_seconds, comes_back=True)
        with _told_what_was_stopped(stopped.state):
            started = start.locked(
                paths, loaded, environ=environ, timeout_seconds=start.READY_SECONDS
            )
        return RestartOutcome(stopped, started)


@contextlib.contextmanager
def _told_what_was_stopped(before: ProcessState | None) -> Iterator[None]:
    """Have the error of a start say that what ran before it is gone."""
    if before is None:
        yield
        return
    gone = f"The cc-proxy that ran (pid {before.pid}) has stopped, and no other runs."
    try:
        yield
    except DaemonError as error:
        error.message = f"{error.message}\n{gone}"
        raise
    except KeyboardInterrupt as error:
        raise DaemonError(
            f"Interrupted. {gone}",
            code="interrupted",
            exit_code=130,
            hint="To start it: cc-proxy start",
        ) from error
