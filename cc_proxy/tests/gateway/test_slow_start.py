"""A server that refuses now and then is asked 1, 2, 4, … waiting requests at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cc_proxy.app.config import UpstreamSettings
from cc_proxy.app.gateway.scheduling.queue import Queue
from cc_proxy.app.gateway.scheduling.waiter import QueueLimits
from cc_proxy.tests.upstreams.openai import gateway as gateways
from cc_proxy.tests.upstreams.openai.answers import DONE, event

from .conftest import PATIENCE, Upstream, done, line
from .test_queue import BUSY, until

READ = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}
# Nothing counts as taken before the server answers, and the pauses are short.
LIMITS = QueueLimits(taken_seconds=PATIENCE, pause_seconds=0.02, longest_pause_seconds=0.02)
Kind = Literal["ollama", "openai"]
KINDS: list[tuple[Kind, int]] = [("ollama", 503), ("openai", 429), ("openai", 503)]


class Server:
    """Decides on each request when the test says so: `asked` are those that it has not decided."""

    def __init__(self, kind: Kind, status: int) -> None:
        self.kind = kind
        self.status = status
        self.asked: dict[str, asyncio.Future[bool]] = {}

    async def on_chat(self, request: web.Request) -> web.StreamResponse:
        words = (await request.json())["messages"][-1]["content"]
        decided = self.asked[words] = asyncio.get_running_loop().create_future()
        if not await decided:
            return web.json_response({"error": BUSY}, status=self.status)
        if self.kind == "ollama":
            return web.Response(body=line("Hello") + done())
        said = event({"content": "Hello"}) + event(finish_reason="stop") + DONE
        return web.Response(body=said, content_type="text/event-stream")

    def decide(self, *words: str, takes: bool) -> None:
        for one in words:
            self.asked.pop(one).set_result(takes)

    async def asks(self, *words: str) -> None:
        """Wait until it is asked these, and check that it is asked no others."""
        await until(lambda: set(words) <= set(self.asked))
        await asyncio.sleep(3 * LIMITS.longest_pause_seconds)
        assert set(self.asked) == set(words)


class Crowd:
    """Requests to a gateway over such a server."""

    def __init__(self, gateway: gateways.Gateway, server: Server) -> None:
        self.gateway = gateway
        self.server = server
        self.queue = gateway.shared.lanes.first.queue = Queue(
            gateway.shared.upstreams.first, LIMITS
        )
        self.answers: list[asyncio.Task[tuple[int, dict[str, Any]]]] = []

    async def wait_for_one(self, words: str, **fields: Any) -> None:
        """Ask, and wait until the request is in the queue."""
        before = self.queue.waiting
        self.answers.append(asyncio.create_task(self.gateway.ask(words, **fields)))
        if not before:
            await self.server.asks(words)
            self.server.decide(words, takes=False)
        await until(lambda: self.queue.waiting > before)


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]} {kind[1]}")
async def crowd(request: pytest.FixtureRequest) -> AsyncIterator[Crowd]:
    server = Server(*request.param)
    app = Upstream(server.on_chat, tags=[{"name": "m"}]).app()

    async def models(_request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "m", "object": "model"}]})

    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", server.on_chat)
    async with TestServer(app) as front:
        url = str(front.make_url("")).rstrip("/")
        async with gateways.serving(UpstreamSettings(url=url, kind=server.kind)) as gateway:
            gateway.client.headers["X-Claude-Code-Session-Id"] = "s"
            yield Crowd(gateway, server)


async def test_tries_double_while_they_are_taken_and_are_one_after_a_refusal(
    crowd: Crowd,
) -> None:
    server = crowd.server
    names = [f"r{number}" for number in range(9)]
    for name in names:
        await crowd.wait_for_one(name)
    await server.asks("r0")
    server.decide("r0", takes=True)
    await server.asks("r1", "r2")
    server.decide("r1", "r2", takes=True)
    await server.asks("r3", "r4", "r5", "r6")
    server.decide("r3", takes=False)
    await server.asks("r4", "r5", "r6")
    server.decide("r4", "r5", "r6", takes=True)
    await server.asks("r3")
    server.decide("r3", takes=True)
    await server.asks("r7", "r8")
    server.decide("r7", "r8", takes=True)
    for answer in crowd.answers:
        status, message = await answer
        assert (status, message["content"][0]["text"]) == (200, "Hello")
    assert crowd.queue.waiting == 0


async def test_a_side_request_is_tried_only_once_the_main_ones_are_taken(crowd: Crowd) -> None:
    server = crowd.server
    await crowd.wait_for_one("first", tools=[READ])
    await crowd.wait_for_one("a title")
    await crowd.wait_for_one("main", tools=[READ])
    await server.asks("first")
    server.decide("first", takes=True)
    await server.asks("main")
    server.decide("main", takes=True)
    await server.asks("a title")
    server.decide("a title", takes=True)
    assert [(await answer)[0] for answer in crowd.answers] == [200] * 3
