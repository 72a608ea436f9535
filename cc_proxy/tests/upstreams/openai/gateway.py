"""A gateway in this process, over a server with OpenAI's API."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Settings, UpstreamSettings
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http.server import application
from cc_proxy.app.upstreams.choice import configured

KEY = "a-key-of-the-tests"


@dataclass
class Gateway:
    """The gateway's address, and a client that carries its key."""

    url: str
    client: ClientSession
    shared: Shared

    async def ask(self, text: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        """Return status and body of the answer to one message, in one piece."""
        async with self.client.post(self.url + "/v1/messages", json=body(text, **fields)) as answer:
            return answer.status, await answer.json()

    async def stream(self, text: str, **fields: Any) -> list[dict[str, Any]]:
        """Return the events of the answer to one message."""
        asked = body(text, stream=True, **fields)
        async with self.client.post(self.url + "/v1/messages", json=asked) as answer:
            assert answer.status == 200, await answer.text()
            return [
                json.loads(raw.removeprefix(b"data: "))
                async for raw in answer.content
                if raw.startswith(b"data: ")
            ]

    async def health(self) -> dict[str, Any]:
        """Return what `GET /health` answers."""
        async with self.client.get(self.url + "/health") as answer:
            found: dict[str, Any] = await answer.json()
            return found


def body(text: str, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": "claude-test", "max_tokens": 200, "messages": messages} | fields


@asynccontextmanager
async def serving(upstream: UpstreamSettings, **more: Any) -> AsyncIterator[Gateway]:
    """Give a gateway whose one upstream is named `local`."""
    settings = Settings(upstreams={"local": upstream}, **more)
    async with configured(settings) as found:
        context = GatewayContext(settings, KEY, "instance-1", None, "digest")
        shared = Shared(context, Upstreams(found))
        async with (
            TestServer(application(shared), handler_cancellation=True) as front,
            ClientSession(headers={"x-api-key": KEY}) as client,
        ):
            yield Gateway(str(front.make_url("")).rstrip("/"), client, shared)


def blocks(message: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the blocks of a message that are of one type."""
    return [block for block in message["content"] if block["type"] == kind]
