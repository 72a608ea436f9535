"""The key is compared in constant time, and secrets go only where the user sent them."""

import asyncio
import hmac

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.config import ImageSettings, Ollama, Settings, WebSearchSettings
from cc_proxy.app.gateway.attachments.fetching import IMAGE_TYPES, Fetcher, NotFetchedError
from cc_proxy.app.gateway.http import auth
from cc_proxy.app.gateway.http.page_files import FILES
from cc_proxy.app.search.client import SearchClient, SearchError
from cc_proxy.app.translate.web_search.offer import WebSearchTool
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.listing import from_version
from cc_proxy.tests.gateway.conftest import KEY

from .conftest import Door


async def test_the_key_is_compared_in_constant_time(door: Door) -> None:
    # What it takes cannot be measured here: that it is this function is what can be checked.
    assert {"hmac", "compare_digest"} <= set(auth.check.__code__.co_names)
    assert auth.__dict__["hmac"] is hmac
    for key in ("", "x", KEY[:-1], KEY + "x", "\xfc" * 20):
        assert (await door.ask("GET", "/health", key=key)).status == 401


async def test_the_three_questions_without_a_key_are_the_only_ones(door: Door) -> None:
    asked = {("GET", "/"), ("HEAD", "/"), ("HEAD", "/api/hello")}
    # The same where the base URL ends in /v1.
    asked |= {("GET", "/v1"), ("HEAD", "/v1"), ("HEAD", "/v1/api/hello")}
    # The page of `cc-proxy ui`, which has no key in it and shows nothing without one.
    asked |= {("GET", path) for path in FILES}
    assert asked == auth.OPEN
    for method, target in [
        ("POST", "/v1/messages"),
        ("POST", "/v1/messages/count_tokens"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/m"),
        ("GET", "/health"),
        ("GET", "/openapi.json"),
        ("POST", "/preload"),
        ("POST", "/api/event_logging/batch"),
        ("GET", "/nothing"),
        ("HEAD", "/v1/models"),
        ("POST", "/v1/v1/messages"),
        ("GET", "/v1/v1/models"),
        ("POST", "/v1/api/event_logging/batch"),
    ]:
        assert (await door.ask(method, target, key=None)).status == 401, target


async def test_no_redirect_is_followed_with_a_key_or_a_question() -> None:
    reached: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.json_response({})

    async def leads_on(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(f"{there}{request.path}")

    target, front = web.Application(), web.Application()
    target.router.add_route("*", "/{path:.*}", elsewhere)
    front.router.add_route("*", "/{path:.*}", leads_on)
    async with TestServer(target) as behind, TestServer(front) as before:
        there, url = str(behind.make_url("")).rstrip("/"), str(before.make_url("")).rstrip("/")
        async with OllamaClient(url, api_key="a-key", silence_seconds=2) as ollama:
            with pytest.raises(UpstreamError):
                await ollama.ask("/api/version", from_version)
            with pytest.raises(UpstreamError):
                async with ollama.chat(b"{}"):
                    pass
        search = SearchClient(
            Settings(
                ollama=Ollama(api_key="a-key"),
                web_search=WebSearchSettings(provider="ollama", url=url),
            )
        )
        with pytest.raises(SearchError, match="leads on"):
            await search.search("heron", WebSearchTool("web_search_20250305", "web_search"))
        await search.close()
    assert reached == []


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-something\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: https://u:p@b.example/a?q=heron#heron\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http:///?q=heron\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[?q=heron\r\n\r\n",
        b"",
    ],
    ids=["not_http", "brotli", "bad_chunk", "moved", "no_host", "no_address", "nothing"],
)
async def test_no_error_has_the_question_or_the_query_of_an_address(answer: bytes) -> None:
    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(answers, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        search = SearchClient(
            Settings(web_search=WebSearchSettings(provider="searxng", url=url + "/x"))
        )
        fetcher = Fetcher(ImageSettings(fetch_urls=True), allowed=lambda _: True, seconds=5)
        with pytest.raises(SearchError) as searched:
            await search.search("heron", WebSearchTool("web_search_20250305", "web_search"))
        with pytest.raises(NotFetchedError) as fetched:
            await fetcher.fetch(url + "/a.png?token=heron", IMAGE_TYPES)
        async with OllamaClient(url, api_key=None, silence_seconds=5) as ollama:
            with pytest.raises(UpstreamError) as asked:
                await ollama.ask("/api/version", from_version)
        await search.close()
        await fetcher.close()
    for error in (searched.value, fetched.value, asked.value):
        assert "heron" not in str(error)
        assert "u:p" not in str(error)
