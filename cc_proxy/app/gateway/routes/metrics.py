"""`GET /metrics`: the totals since the start, for Prometheus."""

import time

from aiohttp import web

from cc_proxy.app.gateway.activity.exposition import CONTENT_TYPE
from cc_proxy.app.gateway.activity.metrics import ProcessFacts, metrics_text
from cc_proxy.app.gateway.context import SHARED


async def handle(request: web.Request) -> web.Response:
    """Answer 200 with Prometheus' text format; Ollama is not asked."""
    shared = request.app[SHARED]
    facts = ProcessFacts(
        started=round(time.time() - (time.monotonic() - shared.started), 3),
        provider=shared.upstreams.first.kind,
        assists=shared.assists,
        open_requests=shared.requests_in_flight - 1,  # without this one
    )
    text = metrics_text(shared.activity, facts)
    headers = {"Content-Type": f"{CONTENT_TYPE}; charset=utf-8"}
    # Whatever a client has put into the name of a model.
    return web.Response(body=text.encode("utf-8", "replace"), headers=headers)
