"""WebSearch, which Claude Code asks its server for: run by the proxy with a SearXNG server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from .conftest import Stage, call

pytestmark = pytest.mark.claude

QUERY = "cats in 2026"
PAGES = [
    {"title": "About cats", "url": "https://cats.example/a", "content": "Cats sleep all day."},
    {"title": "More cats", "url": "https://cats.example/b", "content": "Cats hunt at dawn."},
]


@dataclass
class SearXng:
    """Stands in for a SearXNG server."""

    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)

    async def search(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        return web.json_response({"query": request.query["q"], "results": PAGES})


@pytest.fixture
async def searxng() -> AsyncIterator[SearXng]:
    stand_in = SearXng()
    app = web.Application()
    app.router.add_get("/search", stand_in.search)
    async with TestServer(app) as server:
        stand_in.url = str(server.make_url("")).rstrip("/")
        yield stand_in


async def test_a_search_is_run_and_told_to_the_model(stage: Stage, searxng: SearXng) -> None:
    configure(stage, f"web_search: {{provider: searxng, url: '{searxng.url}'}}\n")
    result = await search(stage)
    assert searxng.asked == [{"q": QUERY, "format": "json"}]
    for page in PAGES:
        assert f'"title":"{page["title"]}","url":"{page["url"]}"' in result
    # The extracts are read by the model that answers the search, and it says what it has read.
    told = [record for record in stage.chats() if "Cats sleep all day." in str(record.body)]
    assert "Cats hunt at dawn." in str(told[0].body["messages"][-1])
    assert told[0].text in result
    assert "searches=1" in stage.log()


async def test_without_a_provider_the_model_is_told_what_is_missing(stage: Stage) -> None:
    result = await search(stage)
    assert "Web search error: unavailable" in result
    assert "Set web_search.provider in cc-proxy.user.yaml" in result
    assert "No search provider is configured." in stage.log()
    # The model was not asked for what it could only make up.
    assert not [one for one in stage.chats() if "Perform a web search" in str(one.body)]


async def test_a_provider_that_is_away_is_an_error_that_the_model_sees(stage: Stage) -> None:
    configure(stage, "web_search: {provider: searxng, url: 'http://127.0.0.1:9'}\n")
    result = await search(stage)
    assert "Web search error: unavailable" in result
    assert "The search provider searxng at http://127.0.0.1:9 cannot be reached" in stage.log()


def configure(stage: Stage, text: str) -> None:
    stage.configure(f"aliases: {{default: practice}}\n{text}")


async def search(stage: Stage) -> str:
    """Let the model search; return what the tool told it."""
    # With tool search (2.1.330) the model has to load the tool first.
    stage.more_environment["ENABLE_TOOL_SEARCH"] = "false"
    turns: list[dict[str, Any]] = [call("WebSearch", query=QUERY), {"text": "That is all."}]
    out = await stage.ask("Search.", "--allowedTools", "WebSearch", turns=turns)
    assert "That is all." in out
    (result,) = [m["content"] for m in stage.chats()[-1].body["messages"] if m["role"] == "tool"]
    return str(result)
