"""The process that serves: from its log to its last answer."""

import asyncio
import datetime as dt
import logging
import os
import signal
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import asdict, replace

from cc_proxy import __version__
from cc_proxy.app import certificates, garbage
from cc_proxy.app.config import LaunchOptions, LoadedConfig, Settings, secrets_of
from cc_proxy.app.daemon import auth_key
from cc_proxy.app.daemon.errors import DaemonError, Notice
from cc_proxy.app.daemon.log import log_file
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import identity, ports, signals, state, stop_request
from cc_proxy.app.daemon.process.state import ProcessState
from cc_proxy.app.gateway.scheduling.active_streams import ActiveStreams
from cc_proxy.app.redaction import without_user_info

if TYPE_CHECKING:
    from cc_proxy.app.gateway.http.listening import BoundAddress

log = logging.getLogger(__name__)

# Running answers may take this long when nobody says how long: `docker stop` kills after 10.
DRAIN_SECONDS = 8.0
# The gateway's own limit, out of the way: this module decides when an answer is cut off.
_LONGER_THAN_ANY_DRAIN = 24 * 3600.0
# What is left of an answer that is cut off, for its client to take in.
_GOODBYE_SECONDS = 0.5
_INTERRUPTED = 130


@dataclass(frozen=True)
class Service:
    """The configuration of a process that serves.

    `background`: the process has no terminal. `load` reads the configuration again, as it was
    read for `loaded`. `notices` are for its log.
    """

    paths: Paths
    loaded: LoadedConfig
    load: Callable[[], LoadedConfig]
    auth_key: str
    background: bool
    notices: tuple[Notice, ...] = ()
    instance_id: str = field(default_factory=lambda: uuid.uuid4().hex)


def serve(service: Service, announce: Callable[[ProcessState], None]) -> int:
    """Serve until a signal says to stop; `announce` is called once it listens.

    Returns the exit code: 0, or 130 after Ctrl-C.

    Raises:
        DaemonError: the log cannot be written, the address not bound, the state not kept.

    """
    settings = service.loaded.settings
    written = log_file.Log(
        service.paths.log_file,
        settings.logging,
        secrets=(service.auth_key, *secrets_of(settings)),
        background=service.background,
    )
    try:
        _refuse_lenient_parser()
        crowd = ActiveStreams()
        with asyncio.Runner(loop_factory=crowd.new_loop) as runner:
            return runner.run(_Server(service, announce, written, crowd).run())
    except DaemonError as error:
        log.error("%s", error.message)  # noqa: TRY400 - the reason is told, a traceback is noise
        raise
    except Exception:
        log.exception("Internal error in cc-proxy")
        raise
    finally:
        written.close()


def _refuse_lenient_parser() -> None:
    """Refuse to serve where aiohttp reads HTTP in Python, which takes more than HTTP allows.

    Raises:
        DaemonError: code `no_http_parser`.

    """
    from aiohttp import http_parser  # noqa: PLC0415 - a start that fails earlier does without it

    if http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy:
        return
    raise DaemonError(
        "Expected aiohttp with its parser in C, found it without: what is no clear request would"
        " not be refused.",
        code="no_http_parser",
        hint="Unset AIOHTTP_NO_EXTENSIONS; if it is not set, install aiohttp anew for this Python:"
        " pipx reinstall cc-proxy",
    )


class _Server:
    def __init__(
        self,
        service: Service,
        announce: Callable[[ProcessState], None],
        written: log_file.Log,
        crowd: ActiveStreams,
    ) -> None:
        self._service = service
        self._announce = announce
        self._log = written
        self._crowd = crowd
        self._state: ProcessState | None = None
        self._stop = asyncio.Event()
        self._cut_off: asyncio.Future[bool] | None = None
        self._serving: asyncio.Task[None] | None = None
        self._stopped_by: signal.Signals | None = None

    async def run(self) -> int:
        # aiohttp takes a tenth of a second to import, and only a process that serves needs it.
        with certificates.skip_eager_ca_load():
            from cc_proxy.app.gateway.context import GatewayContext  # noqa: PLC0415
            from cc_proxy.app.gateway.http.server import serve as serve_gateway  # noqa: PLC0415
            from cc_proxy.app.gateway.reloading import Reloader  # noqa: PLC0415

        service = self._service
        self._cut_off = asyncio.get_running_loop().create_future()
        for notice in service.notices:
            log.warning("%s", notice.message)
        reloader = Reloader(service.loaded, self._load, self._on_reloaded)
        context = GatewayContext(
            settings=service.loaded.settings,
            auth_key=service.auth_key,
            instance_id=service.instance_id,
            config_path=service.loaded.path,
            config_digest=service.loaded.digest,
            state_dir=service.paths.state_dir,
            reloader=reloader,
            crowd=self._crowd,
        )
        with signals.handled(self._asked_to_stop, reloader.reload):
            self._serving = asyncio.create_task(
                serve_gateway(
                    context,
                    self._stop,
                    self._on_ready,
                    drain_seconds=_LONGER_THAN_ANY_DRAIN,
                    cut_off=self._cut_off,
                )
            )
            watching = self._watch() if sys.platform == "win32" else None
            try:
                await self._until_served()
            finally:
                if watching is not None:
                    watching.cancel()
                state.clear_own(service.paths, service.instance_id)
        log.info("stopped pid=%d", os.getpid())
        return _INTERRUPTED if self._stopped_by is signal.SIGINT else 0

    def _load(self) -> LoadedConfig:
        loaded = self._service.load()
        auth_key.refuse_as_named(loaded.settings, self._service.auth_key)
        return loaded

    async def _until_served(self) -> None:
        assert self._serving is not None  # noqa: S101 - run() has made it
        await asyncio.wait([self._serving])
        if self._serving.cancelled():
            log.warning("clients that do not listen were left")
            return
        server = self._service.loaded.settings.server
        try:
            self._serving.result()
        except OSError as error:
            if self._state is not None:
                raise
            raise ports.bind_error(error, server.host, server.port) from error

    def _on_ready(self, bound: "BoundAddress") -> None:
        written = _state(self._service, bound)
        state.write(self._service.paths, written)
        self._state = written
        log.info(
            "listening url=%s pid=%d version=%s config=%s upstream=%s",
            written.url,
            written.pid,
            written.version,
            written.config_path or "built-in",
            _upstream_url(self._service.loaded.settings),
        )
        for notice in ports.shadowed(written):
            log.warning("%s", notice.message)
        self._announce(written)
        garbage.restore_gc()

    def _on_reloaded(self, loaded: LoadedConfig) -> None:
        service = self._service
        settings = loaded.settings
        self._log.use(settings.logging, (service.auth_key, *secrets_of(settings)))
        if self._state is None:
            return
        self._state = replace(
            self._state,
            config_path=str(loaded.path) if loaded.path else None,
            config_digest=loaded.digest,
            options_digest=state.options_digest(loaded.settings),
            has_variables=state.has_variables(loaded.origins),
            log_format=loaded.settings.logging.format,
        )
        try:
            state.write_own(service.paths, self._state)
        except DaemonError as error:  # what was read counts all the same
            log.warning("the state is as before: %s", error.message)

    def _asked_to_stop(self, by: signal.Signals) -> None:
        service = self._service
        if self._stop.is_set():
            self._leave_now(by)
        self._stopped_by = by
        request = stop_request.read(service.paths.stop_file, service.instance_id)
        drain = DRAIN_SECONDS if request is None else request.drain_seconds
        comes_back = request is not None and request.comes_back
        self._note_stop(drain)
        log.info("stopping by=%s drain_seconds=%g", by.name, drain)
        self._stop.set()
        # Signals are handled once both are there.
        assert self._serving is not None  # noqa: S101
        assert self._cut_off is not None  # noqa: S101
        loop = asyncio.get_running_loop()
        loop.call_later(drain, self._cut_off.set_result, comes_back)
        loop.call_later(drain + _GOODBYE_SECONDS, self._serving.cancel)

    def _note_stop(self, drain_seconds: float) -> None:
        """Write into the state until when answers may run, for `status` to show."""
        if self._state is None:
            return
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=drain_seconds)
        self._state = replace(self._state, stopping_until=until.isoformat(timespec="seconds"))
        try:
            state.write_own(self._service.paths, self._state)
        except DaemonError as error:  # it stops all the same
            log.warning("the state does not say that this stops: %s", error.message)

    def _leave_now(self, by: signal.Signals) -> None:
        """Exit at once: a second signal means that the user does not wait for answers."""
        log.warning("stopped at once by=%s", by.name)
        state.clear_own(self._service.paths, self._service.instance_id)
        os._exit(128 + by)

    def _watch(self) -> asyncio.Task[None]:
        service = self._service
        return asyncio.create_task(
            signals.watch_stop_request(
                service.paths.stop_file, service.instance_id, self._asked_to_stop
            )
        )


def _state(service: Service, bound: "BoundAddress") -> ProcessState:
    started = identity.start_time(os.getpid())
    if started is None:
        raise DaemonError(
            "Expected the system to say when this process started, found that it does not.",
            code="no_process_times",
            hint="On Linux, /proc must be mounted.",
        )
    settings, origins = service.loaded.settings, service.loaded.origins
    asked = LaunchOptions.of_settings(settings, origins, "flag", "environment")
    return ProcessState(
        pid=os.getpid(),
        process_start_time=started,
        instance_id=service.instance_id,
        version=__version__,
        host=bound.host,
        port=bound.port,
        shadowed=bound.shadowed,
        config_path=str(service.loaded.path) if service.loaded.path else None,
        config_digest=service.loaded.digest,
        options_digest=state.options_digest(service.loaded.settings),
        has_variables=state.has_variables(origins),
        log_file=str(service.paths.log_file),
        started_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        log_format=settings.logging.format,
        **{f"asked_{name}": value for name, value in asdict(asked).items()},
    )


def _upstream_url(settings: Settings) -> str:
    first = next(iter(settings.upstreams.values()), None)
    if first is None:
        return without_user_info(settings.ollama.base_url)
    return ",".join(map(without_user_info, first.urls or (first.url,)))
