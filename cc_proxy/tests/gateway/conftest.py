"""A gateway in this process, over an upstream whose every move the test decides."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Ollama, Settings
from cc_proxy.app.gateway.answer.keep_alive import KeepAliveTiming
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http.server import application
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream

KEY = "a-key-of-the-tests"
# For what comes at once, on a machine that is busy with other things.
PATIENCE = 60.0
# For answers that are to begin before the model says anything.
SOON = KeepAliveTiming(initial_delay_seconds=0.2, interval_seconds=0.05)
Chat = Callable[[web.Request], Awaitable[web.StreamResponse]]


def line(content: str = "", **more: Any) -> bytes:
    message = {"role": "assistant", "content": content} | more.pop("message", {})
    return json.dumps({"model": "m", "message": message, "done": False} | more).encode() + b"\n"


def done(**more: Any) -> bytes:
    counts = {"prompt_eval_count": 11, "eval_count": 3}
    return line(done=True, done_reason="stop", **(counts | more))


def says(*lines: bytes) -> Chat:
    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        for one in lines:
            await response.write(one)
        return response

    return chat


@dataclass
class Upstream:
    """Answers as Ollama does; `chat` decides what `/api/chat` does."""

    chat: Chat = field(default_factory=lambda: says(line("Hello"), done()))
    capabilities: tuple[str, ...] = ("completion", "tools")
    shown: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tags: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    shows: int = 0
    missing: set[str] = field(default_factory=lambda: {"nope"})
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def on_chat(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        try:
            return await self.chat(request)
        except asyncio.CancelledError:
            self.left.set()
            raise

    async def on_show(self, request: web.Request) -> web.Response:
        self.shows += 1
        name = (await request.json())["model"]
        if name in self.missing:
            return web.json_response({"error": f"model '{name}' not found"}, status=404)
        return web.json_response(
            {
                "capabilities": list(self.shown.get(name, self.capabilities)),
                "model_info": {"llama.context_length": 131072},
                "parameters": "",
                "details": {"family": "llama"},
            }
        )

    def app(self) -> web.Application:
        async def version(_request: web.Request) -> web.Response:
            return web.json_response({"version": "0.32.15"})

        async def tags(_request: web.Request) -> web.Response:
            return web.json_response({"models": self.tags})

        async def ps(_request: web.Request) -> web.Response:
            return web.json_response({"models": []})

        app = web.Application(client_max_size=1 << 28)
        app.router.add_get("/api/version", version)
        app.router.add_get("/api/tags", tags)
        app.router.add_get("/api/ps", ps)
        app.router.add_post("/api/show", self.on_show)
        app.router.add_post("/api/chat", self.on_chat)
        return app


@dataclass
class Heard:
    """The events of an answer, as they come."""

    events: list[dict[str, Any]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        self.more.set()

    async def until(self, condition: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Wait until the events that have come fulfil a condition."""
        async with asyncio.timeout(PATIENCE):
            while not condition(self.events):
                self.more.clear()
                await self.more.wait()


def beats(count: int) -> Callable[[list[dict[str, Any]]], bool]:
    """Return the condition that an answer was kept alive so often, before any word."""
    return lambda events: sum(event["type"] == "message_delta" for event in events) >= count


@dataclass
class Gateway:
    """The gateway's address, a client that carries its key, and what asks Ollama."""

    url: str
    client: ClientSession
    shared: Shared
    ollama: OllamaClient
    app: web.Application = field(default_factory=web.Application)

    async def ask(self, **fields: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
        data = io.BytesIO(json.dumps(body(**fields)).encode())
        async with self.client.post(self.url + "/v1/messages", data=data) as response:
            return response.status, await response.json(), dict(response.headers)

    async def stream(
        self,
        begun: asyncio.Event | None = None,
        heard: Heard | None = None,
        /,
        **fields: Any,
    ) -> list[dict[str, Any]]:
        """Ask, set `begun` when the answer has begun, and return its events."""
        heard = heard or Heard()
        async with self.client.post(
            self.url + "/v1/messages?beta=true", json=body(stream=True, **fields)
        ) as response:
            assert response.status == 200, await response.text()
            if begun:
                begun.set()
            async for raw in response.content:
                if raw.startswith(b"data: "):
                    heard.add(json.loads(raw.removeprefix(b"data: ")))
        return heard.events


def body(**fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": "hi"}]
    return {"model": "m", "max_tokens": 100, "messages": messages} | fields


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def settings() -> dict[str, Any]:
    """What a test module may set on top of the defaults."""
    return {}


@pytest.fixture
async def gateway(upstream: Upstream, settings: dict[str, Any]) -> AsyncIterator[Gateway]:
    async with TestServer(upstream.app(), handler_cancellation=True) as behind:
        base_url = str(behind.make_url("")).rstrip("/")
        everything = Settings(
            ollama=Ollama(base_url=base_url, timeout_seconds=PATIENCE), **settings
        )
        asked = OllamaClient(base_url, api_key=None, silence_seconds=PATIENCE)
        async with OllamaUpstream(asked) as ollama:
            context = GatewayContext(everything, KEY, "instance-1", None, "digest")
            shared = Shared(
                context,
                Upstreams(ollama),
                pace=KeepAliveTiming(initial_delay_seconds=PATIENCE, interval_seconds=PATIENCE),
            )
            app = application(shared)
            async with (
                TestServer(app, handler_cancellation=True) as front,
                ClientSession(headers={"x-api-key": KEY}) as client,
            ):
                yield Gateway(str(front.make_url("")).rstrip("/"), client, shared, asked, app)
