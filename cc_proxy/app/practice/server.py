"""The practice server: its routes, and its life from bind to close."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from cc_proxy.app.practice import chat
from cc_proxy.app.practice.chat import PRACTICE, RECORD, Practice
from cc_proxy.app.practice.engine.base import Kind, PracticeEngine
from cc_proxy.app.practice.engine.llama import LlamaEngine, check_installed
from cc_proxy.app.practice.engine.rules import RulesEngine
from cc_proxy.app.practice.journal import Journal, Record
from cc_proxy.app.practice.model.models import DEFAULT_MODELS, Catalogue, PracticeModel, show
from cc_proxy.app.practice.model.runner import MAX_PENDING, Runners
from cc_proxy.app.practice.model.speed import INSTANT, PracticeSpeed
from cc_proxy.app.practice.play.answers import refusal, whole
from cc_proxy.app.practice.play.scripts import Player
from cc_proxy.app.practice.pull import pull
from cc_proxy.app.practice.requests import access
from cc_proxy.app.practice.requests.decoding import decode
from cc_proxy.app.practice.wire import WireError, go_json

VERSION = "0.32.15"
MARK = "X-Practice-Server"
_JOURNAL_PATH = "/practice/journal"
_MAX_BODY_BYTES = 64 * 1024 * 1024
_SHUTDOWN_SECONDS = 0.1

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PracticeServer:
    """An Ollama-shaped server that plays scripts; use it as an async context manager.

    `speed` is how fast it pretends to be, `script` what it plays in conversations that carry no
    script (scripts.py), `max_pending` how many requests may wait; `observer` is called whenever a
    record changes. Port 0 takes any free one. `engine` is what reads the prompts (engine/), and
    `parallel` how many of a model's requests run at once, as with `OLLAMA_NUM_PARALLEL`. It behaves
    like Ollama `version`: from 0.34 on an answer has `prompt_eval_cached_count`.
    """

    def __init__(  # noqa: PLR0913 - independent settings, all but the port by keyword
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        speed: PracticeSpeed = INSTANT,
        models: Iterable[PracticeModel] = DEFAULT_MODELS,
        script: list[Any] | Mapping[str, list[Any]] | None = None,
        max_pending: int = MAX_PENDING,
        engine: Kind = "rules",
        parallel: int = 1,
        version: str = VERSION,
        observer: Callable[[Record], None] | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._journal = Journal(observer)
        if engine == "llama":
            check_installed()

        def new_engine() -> PracticeEngine:
            if engine == "llama":
                return LlamaEngine(parallel)
            return RulesEngine(speed, parallel)

        self._runners = Runners(speed, new_engine, max_pending, parallel)
        app = web.Application(middlewares=[self._frame], client_max_size=_MAX_BODY_BYTES)
        app[PRACTICE] = Practice(
            catalogue=Catalogue(models),
            runners=self._runners,
            journal=self._journal,
            speed=speed,
            player=Player(script),
            version=version,
        )
        _add_routes(app)
        app.on_response_prepare.append(_dress)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            # Ollama stops a generation within 0.25 s of the client leaving.
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )
        self._stopping = False

    @property
    def url(self) -> str:
        """The base URL, once it serves."""
        return f"http://{self._host}:{self._port}"

    @property
    def port(self) -> int:
        """The port, once it serves."""
        return self._port

    @property
    def journal(self) -> list[Record]:
        """The requests to the server, in the order of arrival."""
        return self._journal.records

    def chats(self) -> list[Record]:
        """Return the records of `/api/chat`, without the prompts that were only shown."""
        return [
            record
            for record in self.journal
            if record.path == "/api/chat" and "_debug_render_only" not in (record.body or ())
        ]

    async def wait_for(
        self, predicate: Callable[[Record], bool], timeout_seconds: float = 60.0
    ) -> Record:
        """Return the first record that satisfies `predicate`. Raises TimeoutError."""
        return await self._journal.wait_for(predicate, timeout_seconds)

    async def start(self) -> Self:
        """Bind and serve.

        Raises:
            OSError: the address cannot be bound.

        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        """End every answer and close."""
        self._stopping = True
        await self._runner.cleanup()
        await self._runners.close()

    async def __aenter__(self) -> Self:
        """Serve."""
        return await self.start()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        await self.stop()

    async def _frame(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check who asks, keep the journal, and answer every error in Ollama's form."""
        if request.path == _JOURNAL_PATH:
            bodies = request.query.get("bodies") != "0"
            return web.json_response(self._journal.as_json(bodies=bodies))
        record = self._journal.open(request.method, request.path, dict(request.headers))
        RECORD.set(record)
        try:
            response = await self._checked(request, handler)
        except (asyncio.CancelledError, ConnectionError):
            self._journal.close(record, "server stopped" if self._stopping else "client closed")
            raise
        except WireError as error:
            response = refusal(error.status, error.text)
        record.status = response.status
        refused = response.status >= web.HTTPBadRequest.status_code
        self._journal.close(record, "refused" if refused else "done")
        return response

    # As `web.middleware` does, which is deprecated in aiohttp 4.
    _frame.__middleware_version__ = 1  # type: ignore[attr-defined]

    async def _checked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if access.forbids(request, loopback=ipaddress.ip_address(self._host).is_loopback):
            return web.Response(status=403)
        if request.method == "OPTIONS":
            return access.preflight(request)
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return _plain(404, "404 page not found")
        except web.HTTPMethodNotAllowed as error:
            response = _plain(405, "405 method not allowed")
            response.headers["Allow"] = access.allowed(error)
            return response
        except web.HTTPRequestEntityTooLarge:
            return refusal(413, "http: request body too large")


def _add_routes(app: web.Application) -> None:
    app.router.add_get("/", _root)
    app.router.add_get("/api/version", _version)
    app.router.add_get("/api/tags", _tags)
    app.router.add_get("/api/ps", _ps, allow_head=False)
    app.router.add_post("/api/show", _show)
    app.router.add_post("/api/pull", pull)
    app.router.add_post("/api/chat", chat.chat)
    app.router.add_post("/api/generate", chat.generate)


async def _dress(request: web.Request, response: web.StreamResponse) -> None:
    response.headers[MARK] = "1"
    response.headers.pop("Server", None)
    access.allow_origin(request, response)
    if isinstance(response, web.Response) and not response.body:
        response.headers.pop("Content-Type", None)


async def _root(_request: web.Request) -> web.Response:
    return web.Response(text="Ollama is running")


async def _version(request: web.Request) -> web.Response:
    return _json({"version": request.app[PRACTICE].version})


async def _tags(request: web.Request) -> web.Response:
    return _json(request.app[PRACTICE].catalogue.tags())


async def _ps(request: web.Request) -> web.Response:
    return _json(request.app[PRACTICE].runners.ps())


async def _show(request: web.Request) -> web.Response:
    asked = decode(await request.read(), "ShowRequest")
    RECORD.get().body = asked
    name = asked.get("model") or asked.get("name") or ""
    full = name if ":" in name else f"{name}:latest"
    return _json(show(request.app[PRACTICE].catalogue.find(name, shown=full)))


def _json(value: object) -> web.Response:
    return whole(200, go_json(value).encode())


def _plain(status: int, text: str) -> web.Response:
    return web.Response(status=status, body=text.encode(), headers={"Content-Type": "text/plain"})
