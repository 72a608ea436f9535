"""A gateway over a raw upstream, and what a client sees of it."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, TCPConnector, web

from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Ollama, Settings
from cc_proxy.app.gateway.answer.keep_alive import KeepAliveTiming
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http import connections
from cc_proxy.app.gateway.http.limits import Limits
from cc_proxy.app.gateway.http.listening import listening
from cc_proxy.app.gateway.http.server import application
from cc_proxy.app.gateway.http.tls import ServerTls
from cc_proxy.app.practice.server import PracticeServer
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream

from .upstream import RawUpstream, hello

KEY = "a-key-of-the-tests"


@dataclass
class Seen:
    """What came: the status, the text, the arguments of calls, and the error if there was one."""

    status: int
    text: str = ""
    calls: list[Any] = field(default_factory=list)
    error: dict[str, Any] = field(default_factory=dict)
    complete: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Stage:
    """The gateway's address, a client that carries its key, and what stands behind it."""

    server: web.Server
    port: int
    client: ClientSession
    shared: Shared
    upstream: RawUpstream
    ollama: OllamaClient
    logged: Callable[[], str] = str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/messages"

    @property
    def connections(self) -> int:
        """How many connections clients have."""
        return len(self.server.connections)

    @property
    def busy_connections(self) -> int:
        """How many connections to the upstream are in use, the idle ones left out."""
        connector = self.ollama._session.connector  # noqa: SLF001 - nothing tells it
        return len(connector._acquired)  # type: ignore[union-attr]  # noqa: SLF001 - the same

    async def whole(self, **fields: Any) -> Seen:
        data = io.BytesIO(json.dumps(body(**fields)).encode())
        async with self.client.post(self.url, data=data) as response:
            answer = await response.json()
            headers = {name.lower(): value for name, value in response.headers.items()}
            if response.status != 200:
                return Seen(response.status, error=answer["error"], headers=headers)
            text = "".join(block.get("text", "") for block in answer["content"])
            calls = [block["input"] for block in answer["content"] if "input" in block]
            return Seen(200, text, calls, complete=True, headers=headers)

    async def streamed(self, **fields: Any) -> Seen:
        async with self.client.post(self.url, json=body(stream=True, **fields)) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            seen = Seen(response.status, headers=headers)
            if response.status != 200:
                seen.error = (await response.json())["error"]
                return seen
            async for raw in response.content:
                if raw.startswith(b"data: "):
                    _take(seen, json.loads(raw.removeprefix(b"data: ")))
            return seen

    async def both(self, **fields: Any) -> list[Seen]:
        """Ask whole and streamed."""
        return [await self.whole(**fields), await self.streamed(**fields)]

    async def refused(self, status: int, kind: str, *words: str) -> list[Seen]:
        """Ask whole and streamed; both must get this status, and these words in the error."""
        both = [await self.whole(), await self.streamed()]
        for seen in both:
            assert (seen.status, seen.error["type"]) == (status, kind), seen
            self._says(seen, words)
        return both

    async def breaks_off(self, status: int, kind: str, *words: str) -> None:
        """Ask whole, for an error; and streamed: the text comes, and then the error."""
        whole, streamed = await self.whole(), await self.streamed()
        assert (whole.status, whole.error["type"]) == (status, kind), whole
        assert (streamed.status, streamed.text, streamed.complete) == (200, "half", False), streamed
        assert streamed.error["type"] == kind
        self._says(whole, words)
        self._says(streamed, words)

    async def unharmed(self, text: str = "Hello") -> None:
        """Ask whole and streamed; the answer is as if nothing had been."""
        for seen in (await self.whole(), await self.streamed()):
            assert (seen.status, seen.text, seen.complete) == (200, text, True), seen

    def _says(self, seen: Seen, words: tuple[str, ...]) -> None:
        message = seen.error["message"]
        for word in words:
            assert word in message, message
        assert "<" not in message
        assert len(message) < 700
        # Whoever is told by a client can find it in the log, without what it quotes.
        told = [text for text in self.logged().splitlines() if message[:20] in text]
        assert any(seen.headers["request-id"] in text for text in told)

    async def is_well(self) -> None:
        """Check that nothing is left of what happened, and that the next request is answered."""
        await until(lambda: self.shared.requests_in_flight == 0)
        await until(lambda: self.upstream.working == 0)
        assert self.shared.lanes.first.queue.waiting == 0
        self.upstream.play = hello
        await self.unharmed()
        assert self.busy_connections == 0


def _take(seen: Seen, event: dict[str, Any]) -> None:
    match event["type"]:
        case "content_block_delta":
            seen.text += event["delta"].get("text", "")
            if event["delta"].get("partial_json"):
                seen.calls.append(json.loads(event["delta"]["partial_json"]))
        case "error":
            seen.error = event["error"]
        case "message_stop":
            seen.complete = True


async def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is the gateway's own state
            await asyncio.sleep(0.01)


def body(**fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": "hi"}]
    return {"model": "m", "max_tokens": 100, "messages": messages} | fields


@asynccontextmanager
async def on_stage(
    upstream: RawUpstream | PracticeServer,
    *,
    silence_seconds: float = 1.5,
    hold_seconds: float = 10.0,
    limits: Limits | None = None,
    tls: ServerTls | None = None,
) -> AsyncIterator[Stage]:
    """Serve a gateway over an upstream that has been started."""
    settings = Settings(ollama=Ollama(base_url=upstream.url, timeout_seconds=silence_seconds))
    asked = OllamaClient(upstream.url, api_key=None, silence_seconds=silence_seconds)
    async with OllamaUpstream(asked) as ollama:
        shared = Shared(
            GatewayContext(settings, KEY, "instance-1", None, "digest"),
            Upstreams(ollama),
            pace=KeepAliveTiming(initial_delay_seconds=hold_seconds, interval_seconds=0.1),
            limits=limits or Limits(),
        )
        async with (
            _served(shared, tls or ServerTls(settings.server)) as (server, port),
            ClientSession(connector=TCPConnector(limit=0), headers={"x-api-key": KEY}) as client,
        ):
            raw = upstream if isinstance(upstream, RawUpstream) else RawUpstream()
            yield Stage(server, port, client, shared, raw, asked)


@asynccontextmanager
async def _served(shared: Shared, tls: ServerTls) -> AsyncIterator[tuple[web.Server, int]]:
    runner = web.AppRunner(
        application(shared), handle_signals=False, handler_cancellation=True, shutdown_timeout=1
    )
    await runner.setup()
    assert runner.server is not None
    protocol = connections.protocol_factory(runner.server, shared.limits, tls)
    try:
        async with listening(protocol, "127.0.0.1", 0) as (_, port, _):
            yield runner.server, port
    finally:
        await runner.cleanup()
