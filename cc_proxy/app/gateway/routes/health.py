"""`GET /health`: the state of the proxy, of Ollama and of the default model."""

import difflib
import os
import time

import msgspec
from aiohttp import web

from cc_proxy import __version__
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.chat.errors import ModelNotFoundError, UpstreamError
from cc_proxy.app.chat.model_names import short_name
from cc_proxy.app.claude_needs import FIRST_REQUEST_TOKENS
from cc_proxy.app.config.aliases import ANY_CLAUDE
from cc_proxy.app.control.wire import (
    DefaultModel,
    Health,
    ModelInMemory,
    ModelSessions,
    UpstreamStatus,
)
from cc_proxy.app.gateway.activity.view import running_states
from cc_proxy.app.gateway.context import SHARED, Shared
from cc_proxy.app.translate.answer.errors import api_error_for


async def handle(request: web.Request) -> web.Response:
    """Answer 200 with a `Health`.

    `?upstream=0` does not ask Ollama; `?model=NAME` reports on that model instead of the one
    that answers for Claude's names.
    """
    shared = request.app[SHARED]
    context = shared.context
    health = Health(
        status="ok",
        version=__version__,
        instance_id=context.instance_id,
        pid=os.getpid(),
        uptime_seconds=round(time.monotonic() - shared.started, 3),
        config_path=str(context.config_path) if context.config_path else None,
        config_digest=context.config_digest,
        requests_in_flight=shared.requests_in_flight - 1,  # without this one
        queued=shared.lanes.waiting,
        states=running_states(shared.activity),
        assists=dict(shared.assists),
        last_error=shared.errors.last,
        model_sessions=tuple(
            ModelSessions(model=model, sessions=sessions, parallel=slots)
            for model, sessions, slots in shared.lanes.seen()
        ),
        last_reload=context.reloader.last if context.reloader else None,
    )
    if request.query.get("upstream") != "0":
        health = msgspec.structs.replace(
            health,
            upstream=await _upstream(shared),
            loaded_models=await loaded_models(shared),
            default_model=await _model(shared, request.query.get("model", ANY_CLAUDE)),
        )
    return web.Response(body=msgspec.json.encode(health), content_type="application/json")


async def _upstream(shared: Shared) -> UpstreamStatus:
    first = shared.upstreams.first
    url, title = first.shown_url, first.title
    try:
        version = await first.version()
    except UpstreamError as error:
        text, hint = error.message, error.hint
        return UpstreamStatus(url=url, reachable=False, title=title, error=text, hint=hint)
    return UpstreamStatus(url=url, reachable=True, title=title, version=version)


async def loaded_models(shared: Shared) -> tuple[ModelInMemory, ...] | None:
    """Return the models in Ollama's memory, None if it does not answer."""
    try:
        loaded = await shared.upstreams.first.loaded()
    except UpstreamError:  # `upstream` has the error
        return None
    return tuple(
        ModelInMemory(
            name=model.name,
            context_window=model.context_length,
            bytes=model.size,
            bytes_in_vram=model.size_vram,
        )
        for model in loaded
    )


async def _model(shared: Shared, name: str) -> DefaultModel:
    try:
        with api_error_for(name):
            target = await shared.models.target(name)
    except ApiError as error:
        return DefaultModel(error=error.message + await _near(shared, error.__cause__))
    seconds = shared.tokens.prefill_seconds(target.model.name, FIRST_REQUEST_TOKENS)
    return DefaultModel(
        name=target.model.name,
        context_window=target.window,
        # A model without listed capabilities gets its requests, so it may be able to.
        can_use_tools=not target.model.capabilities or target.model.can("tools"),
        tokens_read_per_second=round(FIRST_REQUEST_TOKENS / seconds, 1) if seconds else None,
    )


async def _near(shared: Shared, cause: BaseException | None) -> str:
    """Return a question with the pulled model that is nearest in name, empty if none is near."""
    first = shared.upstreams.first
    if not isinstance(cause, ModelNotFoundError) or cause.server != first.title:
        return ""
    try:
        names = [short_name(model.name) for model in await first.models()]
    except UpstreamError:  # the missing model is what matters
        return ""
    near = difflib.get_close_matches(short_name(cause.model), names, n=1)
    return f" Did you mean {near[0]}?" if near else ""
