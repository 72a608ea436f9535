"""`POST /v1/metrics`, `/v1/logs` and `/v1/traces`: Claude Code's telemetry, as OTLP over HTTP."""

import time

from aiohttp import web

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.gateway.activity import spans
from cc_proxy.app.gateway.activity.tracked import TrackedRequest
from cc_proxy.app.gateway.context import SHARED, Shared
from cc_proxy.app.gateway.http import bodies
from cc_proxy.app.gateway.telemetry import (
    MAX_BODY_BYTES,
    OWN_USER_AGENT,
    Export,
    TelemetryForwarder,
)

PATHS = ("/v1/metrics", "/v1/logs", "/v1/traces")
_JSON = "application/json"
TELEMETRY = web.AppKey("TELEMETRY", TelemetryForwarder)
_PROTOBUF = "application/x-protobuf"


async def handle(request: web.Request) -> web.Response:
    """Answer 200, and pass the body to the configured collector; without one it is dropped.

    So is what another cc-proxy, or this one, has sent.

    Raises:
        ApiError: 413, the body is too large.

    """
    body = await bodies.read(request)
    if len(body) > MAX_BODY_BYTES:
        raise ApiError(
            413,
            "request_too_large",
            f"Expected an export of at most {MAX_BODY_BYTES} bytes, found {len(body)}.",
            retry=False,
        )
    content_type = request.content_type or _JSON
    if content_type != _PROTOBUF:
        content_type = _JSON
    export = Export(request.path, content_type, body)
    settings = request.app[SHARED].context.settings.telemetry
    # What a cc-proxy has sent would go round in a circle.
    if not request.headers.get("User-Agent", "").startswith(OWN_USER_AGENT):
        request.app[TELEMETRY].take(export, settings)
    # The answer is of the same kind; an empty message has no bytes in protobuf.
    answer = b"{}" if content_type == _JSON else b""
    return web.Response(body=answer, content_type=content_type)


def add_to(app: web.Application) -> None:
    """Give an application the routes, and what sends the exports on."""
    app[TELEMETRY] = forwarder = TelemetryForwarder()
    shared = app[SHARED]
    shared.activity.on_end = lambda request: _trace(shared, forwarder, request)
    app.on_cleanup.append(_close)
    for path in PATHS:
        app.router.add_post(path, handle)


def _trace(shared: Shared, forwarder: TelemetryForwarder, request: TrackedRequest) -> None:
    """Send a request that has ended to the collector, if the configuration asks for traces."""
    settings = shared.context.settings.telemetry
    if not settings.traces or settings.otlp_url is None:
        return
    offset = time.time() - shared.activity.clock()
    body = spans.encoded(request, offset, shared.upstreams.named(request.upstream).kind)
    forwarder.take(Export(spans.PATH, _JSON, body), settings)


async def _close(app: web.Application) -> None:
    await app[TELEMETRY].close()
