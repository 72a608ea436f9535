"""`GET /health`: who is running, on which configuration, and whether Ollama answers."""

import os
import time
from typing import Any

import msgspec
from aiohttp import web

from cc_proxy import __version__
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.claude_needs import FIRST_REQUEST_TOKENS
from cc_proxy.app.config.aliases import ANY_CLAUDE
from cc_proxy.app.gateway.context import SHARED, Shared
from cc_proxy.app.translate.answer.errors import api_error_for
from cc_proxy.app.upstreams.ollama.errors import UpstreamError
from cc_proxy.app.upstreams.ollama.models import from_ps, from_version


async def handle(request: web.Request) -> web.Response:
    """Answer 200 with the state of the proxy.

    `?upstream=0` leaves Ollama alone; `?model=NAME` tells about that model instead of the one
    that answers for `claude-*`.
    """
    shared = request.app[SHARED]
    context = shared.context
    answer: dict[str, Any] = {
        "status": "ok",
        "version": __version__,
        "instance_id": context.instance_id,
        "pid": os.getpid(),
        "uptime_seconds": round(time.monotonic() - shared.started, 3),
        "config_path": str(context.config_path) if context.config_path else None,
        "config_digest": context.config_digest,
        # This question is one of them.
        "requests_in_flight": shared.requests_in_flight - 1,
        "last_error": shared.faults.last,
        "last_reload": context.reloader.last if context.reloader else None,
        "queued": shared.queue.waiting,
    }
    if request.query.get("upstream") != "0":
        answer["upstream"] = await _upstream(shared)
        answer["loaded_models"] = await _loaded(shared)
        answer["default_model"] = await _model(shared, request.query.get("model", ANY_CLAUDE))
    return web.Response(body=msgspec.json.encode(answer), content_type="application/json")


async def _upstream(shared: Shared) -> dict[str, Any]:
    url = shared.ollama.shown_url
    try:
        version = await shared.ollama.ask("/api/version", from_version)
    except UpstreamError as error:
        told = {"error": error.message, "hint": error.hint}
        return {"url": url, "reachable": False, "version": None, **told}
    return {"url": url, "reachable": True, "version": version, "error": None, "hint": None}


async def _loaded(shared: Shared) -> list[dict[str, Any]] | None:
    try:
        loaded = await shared.ollama.ask("/api/ps", from_ps)
    except UpstreamError:  # the part about the upstream says so
        return None
    return [
        {
            "name": model.name,
            "context_window": model.context_length,
            "bytes": model.size,
            "bytes_in_vram": model.size_vram,
        }
        for model in loaded
    ]


async def _model(shared: Shared, name: str) -> dict[str, Any]:
    try:
        with api_error_for(name):
            target = await shared.models.target(name)
    except ApiError as error:
        unknown = {"name": None, "context_window": None, "can_use_tools": None}
        return {**unknown, "error": error.message}
    seconds = shared.tokens.prefill_seconds(target.model.name, FIRST_REQUEST_TOKENS)
    return {
        "name": target.model.name,
        "context_window": target.window,
        # As its requests are judged: of a model that an Ollama tells nothing of, it is tried.
        "can_use_tools": not target.model.capabilities or target.model.can("tools"),
        "tokens_read_per_second": round(FIRST_REQUEST_TOKENS / seconds, 1) if seconds else None,
        "error": None,
    }
