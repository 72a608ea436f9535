"""The HTTP server: routes, its middleware, and its life from bind to drain."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from cc_proxy.app.anthropic.errors import ApiError, fault
from cc_proxy.app.gateway import auth, catalogue, health, messages, preload
from cc_proxy.app.gateway.context import REQUEST_ID, SHARED, GatewayContext, Shared
from cc_proxy.app.gateway.keep_alive import Pace
from cc_proxy.app.gateway.models import Models
from cc_proxy.app.ollama.client import OllamaClient
from cc_proxy.app.ollama.errors import UpstreamError
from cc_proxy.app.translate.errors import api_error

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024 * 1024
DRAIN_SECONDS = 10.0
# A client whose connection does not fit here is cut off without an answer.
_BACKLOG = 4096

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def serve(
    context: GatewayContext,
    stop: asyncio.Event,
    on_ready: Callable[[str, int], None],
    *,
    drain_seconds: float = DRAIN_SECONDS,
) -> None:
    """Serve until `stop` is set, then let running answers finish for `drain_seconds`.

    `on_ready` gets the host and the port that were bound (port 0 in the settings: any).

    Raises:
        OSError: the address cannot be bound.

    """
    server = context.settings.server
    async with _upstream(context) as ollama:
        pace = Pace(hold_seconds=server.hold_seconds)
        shared = Shared(context, ollama, Models(context.settings, ollama), pace=pace)
        runner = web.AppRunner(
            application(shared),
            access_log=None,
            handle_signals=False,
            # A client that leaves cancels its handler, which closes the upstream connection.
            handler_cancellation=True,
            shutdown_timeout=drain_seconds,
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, server.host, server.port, backlog=_BACKLOG)
            await site.start()
            host, port = runner.addresses[0][:2]
            on_ready(host, port)
            await stop.wait()
        finally:
            await runner.cleanup()


@asynccontextmanager
async def _upstream(context: GatewayContext) -> AsyncIterator[OllamaClient]:
    settings = context.settings.ollama
    async with OllamaClient(
        settings.base_url,
        api_key=settings.api_key,
        silence_seconds=settings.timeout_seconds,
    ) as ollama:
        yield ollama


def application(shared: Shared) -> web.Application:
    """Return the aiohttp application over what its handlers share."""
    app = web.Application(middlewares=[_frame], client_max_size=MAX_BODY_BYTES)
    app[SHARED] = shared
    app.on_cleanup.append(_close)
    app.router.add_get("/", _hello)
    app.router.add_head("/api/hello", _hello)
    app.router.add_get("/health", health.handle)
    app.router.add_post("/v1/messages", messages.handle)
    app.router.add_post("/v1/messages/count_tokens", messages.count_tokens)
    app.router.add_get("/v1/models", catalogue.many)
    app.router.add_get("/v1/models/{name:.+}", catalogue.one)
    app.router.add_post("/api/event_logging/batch", _telemetry)
    preload.add_to(app)
    return app


@web.middleware
async def _frame(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id, ask for the key, and answer every error in the API's form."""
    request_id = "req_" + secrets.token_hex(12)
    request[REQUEST_ID] = request_id
    shared = request.app[SHARED]
    shared.requests_in_flight += 1
    try:
        auth.check(request, shared.context.auth_key)
        response = await handler(request)
        if not response.prepared:
            response.headers["request-id"] = request_id
    except ApiError as error:
        return _error_response(request, error)
    except UpstreamError as error:
        return _error_response(request, api_error(error, "the model"))
    except web.HTTPRequestEntityTooLarge:
        return _error_response(request, _too_large())
    except web.HTTPException as error:
        return _error_response(request, _from_http(request, error))
    except ConnectionError:
        # The client has left, and the server knows it.
        raise
    except Exception:  # the last stop: a fault of ours must still be an answer, and be logged
        log.exception("%s %s %s", request_id, request.method, request.path)
        return _error_response(request, fault())
    finally:
        shared.requests_in_flight -= 1
    return response


def _error_response(request: web.Request, error: ApiError) -> web.Response:
    request_id = request[REQUEST_ID]
    log.warning(
        "%s %s %s status=%d type=%s %s",
        request_id,
        request.method,
        request.path,
        error.status,
        error.error_type,
        error.message,
    )
    return web.Response(
        status=error.status,
        body=error.body(request_id),
        content_type="application/json",
        headers={"request-id": request_id, **error.headers()},
    )


def _from_http(request: web.Request, error: web.HTTPException) -> ApiError:
    where = f"{request.method} {request.path}"
    if error.status == web.HTTPNotFound.status_code:
        return ApiError(404, "not_found_error", f"cc-proxy has no {where}.", retry=False)
    return ApiError(error.status, "invalid_request_error", f"{where}: {error.reason}.", retry=False)


def _too_large() -> ApiError:
    limit = MAX_BODY_BYTES // (1024 * 1024)
    return ApiError(
        413, "request_too_large", f"The request is larger than {limit} MiB.", retry=False
    )


async def _close(app: web.Application) -> None:
    await app[SHARED].close()


async def _hello(_request: web.Request) -> web.Response:
    return web.Response(text="cc-proxy is running\n")


async def _telemetry(_request: web.Request) -> web.Response:
    return web.Response(status=204)
