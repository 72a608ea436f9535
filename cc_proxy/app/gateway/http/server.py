"""The HTTP server: routes, its middleware, and its life from bind to drain."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import HttpVersion11, web

from cc_proxy.app.anthropic.errors import ApiError, fault
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.gateway import spare_memory
from cc_proxy.app.gateway.answer.keep_alive import KeepAliveTiming
from cc_proxy.app.gateway.context import REQUEST_ID, SHARED, GatewayContext, Shared
from cc_proxy.app.gateway.http import auth, bodies, browser, connections, open_files
from cc_proxy.app.gateway.http.aiohttp_versions import FIRST, middleware
from cc_proxy.app.gateway.http.error_response import error_response, new_request_id
from cc_proxy.app.gateway.http.limits import Limits
from cc_proxy.app.gateway.http.listening import BoundAddress, listening
from cc_proxy.app.gateway.http.page_access import PAGE, PageAccess
from cc_proxy.app.gateway.http.tls import ServerTls
from cc_proxy.app.gateway.routes import (
    activity,
    capture,
    catalogue,
    health,
    messages,
    metrics,
    openapi,
    preload,
    reload,
    telemetry,
    ui,
    why,
)
from cc_proxy.app.request_id import CURRENT
from cc_proxy.app.translate.answer.errors import api_error
from cc_proxy.app.upstreams.choice import all_configured

log = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0
_CLIENT_LEFT = 499
_OUR_FAULTS = 500
_QUESTIONS = frozenset({"/why", "/capture", "/capture/stop"})
# A base URL that ends in /v1, as those of OpenAI's API do: Claude Code and the SDKs add their own.
_LONG_BASES = ("/v1",)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def serve(  # noqa: PLR0913 - what to serve, and by keyword how
    context: GatewayContext,
    stop: asyncio.Event,
    on_ready: Callable[[BoundAddress], None],
    *,
    drain_seconds: float = DRAIN_SECONDS,
    cut_off: asyncio.Future[bool] | None = None,
    limits: Limits | None = None,
) -> None:
    """Serve until `stop` is set, then let running answers finish for `drain_seconds`.

    Once `cut_off` has a result, answers that still run end with an error; it tells whether the
    proxy comes back. `on_ready` gets the address that was bound (port 0: any).

    Raises:
        OSError: the address cannot be bound.

    """
    open_files.allow_many()
    spare_memory.keep_for_later()
    server = context.settings.server
    async with all_configured(context.settings) as upstreams:
        pace = KeepAliveTiming(initial_delay_seconds=server.hold_seconds)
        shared = Shared(context, upstreams, pace=pace)
        tls = ServerTls(server)
        if context.reloader is not None:
            context.reloader.also(shared.use)
            context.reloader.also(lambda loaded: tls.use(loaded.settings.server))
        if limits is not None:
            shared.limits = limits
        runner = web.AppRunner(
            application(shared),
            handle_signals=False,
            # A client that leaves cancels its handler, which closes the upstream connection.
            handler_cancellation=True,
            shutdown_timeout=drain_seconds,
        )
        await runner.setup()
        if cut_off is not None:
            cut_off.add_done_callback(lambda asked: _cut_off(shared, asked))
        assert runner.server is not None  # noqa: S101 - setup() has made it
        new_protocol = connections.protocol_factory(runner.server, shared.limits, tls)
        try:
            async with listening(new_protocol, server.host, server.port) as bound:
                on_ready(bound)
                await stop.wait()
        finally:
            await runner.cleanup()


def _cut_off(shared: Shared, asked: asyncio.Future[bool]) -> None:
    if not asked.cancelled():
        shared.answers.abort_all(comes_back=asked.result())


def application(shared: Shared) -> web.Application:
    """Return the aiohttp application over what its handlers share."""
    app = web.Application(middlewares=[*FIRST, _frame], client_max_size=shared.limits.body_bytes)
    app[SHARED] = shared
    app[PAGE] = PageAccess(shared.context.auth_key)
    app.on_cleanup.append(_close)
    app.on_response_prepare.append(_mend_headers)
    app.router.add_get("/", _hello)
    app.router.add_head("/api/hello", _hello)
    app.router.add_get("/health", health.handle)
    app.router.add_get("/activity", activity.handle)
    app.router.add_get("/why", why.handle)
    app.router.add_get("/metrics", metrics.handle)
    app.router.add_get("/openapi.json", openapi.handle)
    for base in ("", *_LONG_BASES):
        app.router.add_post(base + "/v1/messages", messages.handle)
        app.router.add_post(base + "/v1/messages/count_tokens", messages.count_tokens)
        app.router.add_get(base + "/v1/models", catalogue.many)
        app.router.add_get(base + "/v1/models/{name:.+}", catalogue.one)
        app.router.add_post(base + "/api/event_logging/batch", _telemetry)
    for base in _LONG_BASES:
        app.router.add_get(base, _hello)
        app.router.add_head(base + "/api/hello", _hello)
    app.router.add_post("/reload", reload.handle)
    preload.add_to(app)
    ui.add_to(app)
    telemetry.add_to(app)
    capture.add_to(app)
    return app


@middleware
async def _frame(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id, ask for the key, and answer every error in the API's form."""
    connections.note(request)
    request_id = new_request_id()
    request[REQUEST_ID] = request_id
    named = CURRENT.set(request_id)
    shared = request.app[SHARED]
    shared.requests_in_flight += 1
    trusted = False
    try:
        server = shared.context.settings.server
        connections.check(request)
        browser.check(request, (server.host, *server.allowed_hosts))
        key = shared.context.auth_key
        if auth.check(request, key, shared.keys, request.app[PAGE]):
            connections.trust(request)
            trusted = True
        with shared.answers.track():
            response = await handler(request)
        if not response.prepared:
            response.headers["request-id"] = request_id
    except ApiError as error:
        refused = _refused(request, error)
        if not trusted:
            refused.force_close()
        return refused
    except UpstreamError as error:
        return _refused(request, api_error(error, "the model"))
    except web.HTTPException as error:
        return _refused(request, _from_http(request, error))
    except ConnectionError:
        # The client has left before the server was told. Raised on, it would be logged as a fault;
        # this is written to nobody.
        return web.Response(status=_CLIENT_LEFT)
    except Exception:  # the last stop: a fault of ours must still be an answer, and be logged
        log.exception("%s %s %s", request_id, request.method, request.path)
        return _refused(request, fault())
    finally:
        bodies.release(request)
        connections.answered(request)
        shared.requests_in_flight -= 1
        CURRENT.reset(named)
    return response


def _refused(request: web.Request, error: ApiError) -> web.Response:
    request_id = request[REQUEST_ID]
    # Of a command that asks wrongly, its user knows already.
    is_question = request.path in _QUESTIONS and error.status < _OUR_FAULTS
    if not is_question:
        errors = request.app[SHARED].errors
        errors.note_answer(request_id, request.path, error.status, error.log_text)
    log.log(
        logging.INFO if is_question else logging.WARNING,
        "%s %s %s status=%d type=%s %s",
        request_id,
        request.method,
        request.path,
        error.status,
        error.error_type,
        error.log_text,
    )
    return error_response(error, request_id)


def _from_http(request: web.Request, error: web.HTTPException) -> ApiError:
    where = f"{request.method} {request.path}"
    if error.status == web.HTTPNotFound.status_code:
        return ApiError(404, "not_found_error", f"cc-proxy has no {where}.", retry=False)
    return ApiError(error.status, "invalid_request_error", f"{where}: {error.reason}.", retry=False)


async def _mend_headers(request: web.Request, response: web.StreamResponse) -> None:
    if request.version < HttpVersion11:
        # Without chunks the end of a stream is that of its connection.
        response.force_close()
        response.headers["Connection"] = "close"
    # aiohttp names itself and Python, with their versions, to those without the key as well.
    response.headers["Server"] = connections.NAME


async def _close(app: web.Application) -> None:
    await app[SHARED].close()


async def _hello(_request: web.Request) -> web.Response:
    return web.Response(text="cc-proxy is running\n")


async def _telemetry(_request: web.Request) -> web.Response:
    return web.Response(status=204)
