"""A search provider whose every move the test decides, and models that search."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cc_proxy.app.config import WebSearchSettings

from ..conftest import PATIENCE, Chat, Gateway, Upstream, done, line, says  # noqa: TID252 - they are the folder's

SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
READ = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}
SIDE_REQUEST = [{"role": "user", "content": "Perform a web search for the query: cats in 2026"}]
PAGE = {"title": "About cats", "url": "https://cats.example/a", "content": "Cats sleep."}


@dataclass
class Provider:
    """A search provider whose answers the test decides; speaks Ollama's API and SearXNG's."""

    results: list[dict[str, Any]] = field(default_factory=lambda: [PAGE])
    status: int = 200
    raw: bytes | None = None
    wait: float = 0.0
    patience: float = PATIENCE
    meanwhile: Awaitable[None] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json() if request.method == "POST" else dict(request.query)
        self.asked.append(asked)
        self.keys.append(request.headers.get("Authorization"))
        await asyncio.sleep(self.wait)
        if self.meanwhile is not None:
            await self.meanwhile
        if self.raw is not None:
            return web.Response(body=self.raw)
        return web.json_response({"results": self.results}, status=self.status)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/api/web_search", self.answer)
        app.router.add_get("/search", self.answer)
        return app


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def kind() -> str:
    return "ollama"


@pytest.fixture
async def settings(provider: Provider, kind: str) -> AsyncIterator[dict[str, Any]]:
    async with TestServer(provider.app()) as server:
        url = str(server.make_url("")).rstrip("/")
        search = WebSearchSettings(provider=kind, url=url, timeout_seconds=provider.patience)  # type: ignore[arg-type]
        yield {"web_search": search}


@pytest.fixture(autouse=True)
def key_for_ollama(gateway: Gateway, kind: str) -> None:
    if kind == "ollama":
        gateway.shared.search._api_key = "search-key"  # noqa: SLF001 - the upstream has none


def calls(*queries: Any, content: str = "", name: str = "web_search", **more: Any) -> Chat:
    made = [{"function": {"name": name, "arguments": {"query": q}}} for q in queries]
    return says(line(content, message={"tool_calls": made}), done(**more))


def rounds(upstream: Upstream, *chats: Chat) -> None:
    left = iter(chats)

    async def chat(request: web.Request) -> web.StreamResponse:
        return await next(left)(request)

    upstream.chat = chat


def opened(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event["content_block"] for event in events if event["type"] == "content_block_start"]


def shape(blocks: list[dict[str, Any]]) -> list[str]:
    return [block["type"] for block in blocks]
