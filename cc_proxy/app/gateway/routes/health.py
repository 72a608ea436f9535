"""`GET /health`: the state of the proxy, of the upstreams and of the default model."""

import asyncio
import os
import time
from typing import Any

import msgspec
from aiohttp import web

from cc_proxy import __version__
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.chat.errors import (
    UpstreamError,
    UpstreamStalledError,
    UpstreamUnreachableError,
)
from cc_proxy.app.chat.model_names import ANY_CLAUDE
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.claude_needs import FIRST_REQUEST_TOKENS
from cc_proxy.app.control.wire import (
    CaptureState,
    DefaultModel,
    Health,
    HostStatus,
    ModelInMemory,
    ModelSessions,
    UpstreamStatus,
)
from cc_proxy.app.gateway.activity.view import running_states
from cc_proxy.app.gateway.capture.store import CAPTURE
from cc_proxy.app.gateway.context import SHARED, Shared
from cc_proxy.app.gateway.http.auth import KEY_NAME
from cc_proxy.app.gateway.routing.nearest import did_you_mean
from cc_proxy.app.translate.answer.errors import api_error_for

# An upstream that no question is about must not make the answer wait.
_SIDE_SECONDS = 2.0


async def handle(request: web.Request) -> web.Response:
    """Answer 200 with a `Health`.

    `?upstream=0` asks no upstream; `?model=NAME` reports on that model instead of the one
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
        keys=shared.keys.uses(only=request[KEY_NAME]),
        capture=_capture(request),
        last_error=None if request[KEY_NAME] else shared.errors.last,
        model_sessions=tuple(
            ModelSessions(model=model, sessions=sessions, parallel=slots)
            for model, sessions, slots in shared.lanes.seen()
        ),
        last_reload=context.reloader.last if context.reloader else None,
    )
    if request.query.get("upstream") != "0":
        name = request.query.get("model", ANY_CLAUDE)
        main = shared.models.upstream_for(name)
        found = await asyncio.gather(
            *(_state(one) if one is main else _side_state(one) for one in shared.upstreams)
        )
        states = [msgspec.structs.replace(one, hosts=_hosts(shared, one.name)) for one in found]
        health = msgspec.structs.replace(
            health,
            upstream=next(one for one in states if one.name == main.name),
            upstreams=tuple(states),
            loaded_models=await loaded_models(shared, name),
            default_model=await _model(shared, name),
        )
    return web.Response(body=msgspec.json.encode(health), content_type="application/json")


def _hosts(shared: Shared, upstream: str) -> tuple[HostStatus, ...]:
    return tuple(
        HostStatus(
            name=one.host,
            sessions=one.sessions,
            in_flight=one.in_flight,
            waiting=waiting,
            drained=one.drained,
            left_out=one.retry_seconds is not None,
            retry_seconds=round(one.retry_seconds or 0.0, 1),
            error=one.error,
        )
        for one, waiting in shared.lanes.hosts(upstream)
    )


async def _side_state(upstream: Upstream) -> UpstreamStatus:
    try:
        async with asyncio.timeout(_SIDE_SECONDS):
            return await _state(upstream)
    except TimeoutError:
        error = f"{upstream.title} has not answered within {_SIDE_SECONDS:g} seconds."
        return _status(upstream, reachable=False, error=error)


async def _state(upstream: Upstream) -> UpstreamStatus:
    try:
        version = await upstream.version()
    except UpstreamError as error:
        return _status(
            upstream,
            reachable=False,
            answers=not isinstance(error, UpstreamUnreachableError | UpstreamStalledError),
            error=error.message,
            hint=error.hint,
        )
    return _status(upstream, reachable=True, answers=True, version=version)


def _status(upstream: Upstream, **state: Any) -> UpstreamStatus:  # noqa: ANN401 - its fields
    name, kind, url, title = upstream.name, upstream.kind, upstream.shown_url, upstream.title
    return UpstreamStatus(name=name, kind=kind, url=url, title=title, **state)


async def loaded_models(shared: Shared, name: str = ANY_CLAUDE) -> tuple[ModelInMemory, ...] | None:
    """Return what the upstream of a model has in memory, None if it does not answer."""
    try:
        loaded = await shared.models.upstream_for(name).loaded()
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
            window = await shared.models.longest_window(target)
    except ApiError as error:
        return DefaultModel(
            error=error.message + await did_you_mean(shared.upstreams.first, error.__cause__)
        )
    seconds = shared.tokens.prefill_seconds(target.model.name, FIRST_REQUEST_TOKENS)
    upstreams = shared.upstreams
    return DefaultModel(
        # With its upstream before it: a session asks for the model by this name.
        name=upstreams.listed(upstreams.named(target.upstream), target.model.name),
        context_window=window,
        # A model without listed capabilities gets its requests, so it may be able to.
        can_use_tools=not target.model.capabilities or target.model.can("tools"),
        tokens_read_per_second=round(FIRST_REQUEST_TOKENS / seconds, 1) if seconds else None,
    )


def _capture(request: web.Request) -> CaptureState | None:
    """Return the capture that is on; a key with a name does not get its file."""
    capture = request.app[CAPTURE]
    return capture.state() if capture.is_on and not request[KEY_NAME] else None
