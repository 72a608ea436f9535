"""`POST /preload`: the model in memory before the first request to it comes.

What the next session begins with is read ahead, too, if that is known from an earlier one.
"""

import asyncio
import logging
import time
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.chat.model_names import ANY_CLAUDE, same_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.control.wire import PreloadRequest, PreloadResult
from cc_proxy.app.errors import log_text
from cc_proxy.app.gateway.context import SHARED, Shared
from cc_proxy.app.gateway.http import bodies
from cc_proxy.app.gateway.scheduling.host_lanes import Lane
from cc_proxy.app.translate.answer.errors import api_error_for

log = logging.getLogger(__name__)


@dataclass
class Preloads:
    """The models being loaded; each is loaded once for all requests."""

    _running: dict[tuple[str, str], asyncio.Task[float]] = field(default_factory=dict)

    def start(self, shared: Shared, target: Target) -> asyncio.Task[float]:
        """Return the task that loads a model; its result is how many seconds that took."""
        name = target.model.name
        task = self._running.get((target.upstream, name))
        if task is None:
            task = asyncio.create_task(_load(shared, target))
            self._running[target.upstream, name] = task
            task.add_done_callback(lambda done: self._ended(target, done))
        return task

    async def close(self) -> None:
        """Cancel what still loads."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, target: Target, task: asyncio.Task[float]) -> None:
        name = target.model.name
        del self._running[target.upstream, name]
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.warning("model %s could not be loaded beforehand: %s", name, log_text(error))
        else:
            log.info("model %s is loaded seconds=%.1f", name, task.result())


PRELOADS = web.AppKey("PRELOADS", Preloads)


def add_to(app: web.Application) -> None:
    """Give an application the route, and what it needs."""
    app[PRELOADS] = Preloads()
    app.router.add_post("/preload", handle)
    app.on_shutdown.append(_close)


async def handle(request: web.Request) -> web.Response:
    """Load a model as the requests to it will want it.

    Raises:
        ApiError: the body is wrong, or Ollama has no such model or cannot load it.

    """
    asked = _decoded(await bodies.read(request))
    shared = request.app[SHARED]
    name = asked.model or ANY_CLAUDE
    with api_error_for(name):
        target = await shared.models.target(name)
        answer = PreloadResult(model=target.model.name, context_window=target.window)
        task = request.app[PRELOADS].start(shared, target)
        task.add_done_callback(lambda done: _then_read(shared, target, asked, done))
        if not asked.wait:
            return _json(answer, status=202)
        # Whoever asked may leave; others may wait for the same model.
        seconds = await asyncio.shield(task)
    return _json(msgspec.structs.replace(answer, seconds=round(seconds, 3)))


def _then_read(
    shared: Shared, target: Target, asked: PreloadRequest, loading: asyncio.Task[float]
) -> None:
    if not loading.cancelled() and loading.exception() is None and not asked.continues:
        shared.read_ahead.start(target, asked.folder, prints=asked.prints)


def _json(answer: PreloadResult, status: int = 200) -> web.Response:
    body = msgspec.json.encode(answer)
    return web.Response(body=body, status=status, content_type="application/json")


async def _load(shared: Shared, target: Target) -> float:
    if not target.model.is_local:
        return 0.0
    with shared.activity.loading(target.model.name):
        return await _seconds_to_load(await shared.lanes.next_lane(target), target)


async def _seconds_to_load(lane: Lane, target: Target) -> float:
    began = time.monotonic()
    loaded = await lane.upstream.loaded()
    is_new = not any(same_model(one.name, target.model.name) for one in loaded)
    await lane.upstream.load(target)
    if is_new:
        lane.slots.emptied(target.model.name)
    return time.monotonic() - began


def _decoded(body: bytes) -> PreloadRequest:
    try:
        return msgspec.json.decode(body or b"{}", type=PreloadRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        expected = "{model, wait, folder, prints, continues}"
        raise invalid_request(f"Expected {expected}, found: {error}.") from error


async def _close(app: web.Application) -> None:
    await app[PRELOADS].close()
