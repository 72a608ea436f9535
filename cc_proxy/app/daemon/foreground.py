"""Being the process that serves in a terminal."""

from collections.abc import Callable

from cc_proxy.app.config import LoadedConfig
from cc_proxy.app.daemon import auth_key
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import lock, orphans
from cc_proxy.app.daemon.process.state import ProcessState
from cc_proxy.app.daemon.serve import Service, serve
from cc_proxy.app.daemon.start import READY_SECONDS, StartOutcome, earlier

Announce = Callable[[ProcessState], None]
Load = Callable[[], LoadedConfig]


def in_terminal(
    paths: Paths, loaded: LoadedConfig, load: Load, announce: Announce | None = None
) -> StartOutcome | int:
    """Serve until Ctrl-C: the exit code when it is over, or Started if one runs already.

    `load` reads the configuration again, as it was read for `loaded`. `announce` is called once
    it listens.

    Raises:
        DaemonError: it cannot serve.

    """
    auth_key.refuse_open_bind(loaded.settings)
    paths.make_folders()
    with lock.exclusive(paths) as held:
        key = auth_key.effective(loaded.settings, paths)
        found = earlier(paths, loaded, key.value, READY_SECONDS)
        if isinstance(found, StartOutcome):
            return found
        notices = (*filter(None, [key.notice]), *found)
        service = Service(paths, loaded, load, key.value, background=False, notices=notices)

        def announced(now: ProcessState) -> None:
            held.release()
            if announce is not None:
                announce(now)

        with orphans.reaped():
            return serve(service, announced)
