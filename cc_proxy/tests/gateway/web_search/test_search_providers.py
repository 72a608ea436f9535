"""What the search provider is asked, what becomes of its answers, and of having none."""

import json
from typing import Any

import pytest

from cc_proxy.app.config import Ollama, Settings, WebSearchSettings
from cc_proxy.app.search.client import SearchClient

from ..conftest import Gateway, Upstream, done, line, says  # noqa: TID252 - they are the folder's
from .conftest import PAGE, READ, SEARCH, SIDE_REQUEST, Provider, calls, opened, rounds, shape


@pytest.mark.parametrize(
    ("provider", "code", "words"),
    [
        (Provider(status=500), "unavailable", "answered 500"),
        (Provider(status=429), "too_many_requests", "answered 429"),
        (Provider(raw=b"<html>"), "unavailable", "no list of results"),
        (Provider(raw=b'{"results": [{"url": 1}]}'), "unavailable", "no list of results"),
        (Provider(raw=b"[" * 100_000), "unavailable", "no list of results"),
        (Provider(raw=b" " * 9_000_000), "unavailable", "more than 8388608 bytes"),
        (Provider(wait=3, patience=1.0), "unavailable", "no answer in 1 seconds"),
    ],
    ids=["an error", "too many", "HTML", "wrong types", "deep", "too large", "too slow"],
)
async def test_a_provider_that_fails_is_an_error_result_and_named_in_the_log(
    gateway: Gateway, upstream: Upstream, caplog: Any, code: str, words: str
) -> None:
    upstream.chat = says(line("I cannot search."), done())
    _, message, _ = await gateway.ask(tools=[SEARCH], messages=SIDE_REQUEST)
    _use, result, text = message["content"]
    assert result["content"] == {"type": "web_search_tool_result_error", "error_code": code}
    assert text["text"] == "I cannot search."
    assert "The search provider ollama at http://127.0.0.1" in caplog.text
    assert words in caplog.text
    assert "search-key" not in caplog.text


async def test_results_that_are_no_web_pages_are_left_out(
    gateway: Gateway, upstream: Upstream, provider: Provider
) -> None:
    bad = [{"url": url, "title": "x"} for url in ("", "javascript:x", "http://[", "file:///a")]
    provider.results = [*bad, PAGE]
    upstream.chat = says(line("So."), done())
    _, message, _ = await gateway.ask(tools=[SEARCH], messages=SIDE_REQUEST)
    assert [one["url"] for one in message["content"][1]["content"]] == [PAGE["url"]]


async def test_a_search_without_results_says_so(
    gateway: Gateway, upstream: Upstream, provider: Provider
) -> None:
    provider.results = []
    upstream.chat = says(line("Nothing."), done())
    _, message, _ = await gateway.ask(tools=[SEARCH], messages=SIDE_REQUEST)
    assert message["content"][1]["content"] == []
    assert upstream.bodies[0]["messages"][-1]["content"] == "Nothing was found."


async def test_long_pages_are_cut_to_what_the_window_can_take(
    gateway: Gateway, upstream: Upstream, provider: Provider
) -> None:
    provider.results = [PAGE | {"content": "word " * 20_000} for _ in range(5)]
    upstream.chat = says(line("Long."), done())
    await gateway.ask(tools=[SEARCH], messages=SIDE_REQUEST)
    told = upstream.bodies[0]["messages"][-1]["content"]
    assert 19_000 < len(told) < 21_000
    assert told.count("word […]") == 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"allowed_domains": ["a.b"], "blocked_domains": ["c.d"]}, "found both"),
        ({"allowed_domains": ["https://a.b"]}, "without a scheme, found 'https://a.b'"),
        ({"blocked_domains": ["*.a.b"]}, "found '*.a.b'"),
        ({"blocked_domains": [1]}, "not a web search tool"),
        ({"max_uses": 0}, "expected a whole number of 1 or more"),
        ({"user_location": {"type": "exact"}}, "expected approximate"),
        ({"name": "search"}, "with the name web_search"),
    ],
)
async def test_a_declaration_that_the_api_forbids_is_a_400(
    gateway: Gateway, change: dict[str, Any], words: str
) -> None:
    status, answer, _ = await gateway.ask(tools=[SEARCH | change])
    assert status == 400
    assert words in answer["error"]["message"]


async def test_two_tools_of_one_name_are_a_400(gateway: Gateway) -> None:
    status, answer, _ = await gateway.ask(tools=[SEARCH, READ | {"name": "web_search"}])
    assert status == 400
    assert "that no other tool has" in answer["error"]["message"]


@pytest.mark.parametrize("version", ["web_search_20250305", "web_search_20260318", "web_search_2"])
async def test_every_version_of_the_tool_is_recognised(
    gateway: Gateway, upstream: Upstream, version: str
) -> None:
    upstream.chat = says(line("So."), done())
    _, message, _ = await gateway.ask(tools=[SEARCH | {"type": version}], messages=SIDE_REQUEST)
    assert shape(message["content"])[0] == "server_tool_use"


async def test_domains_and_place_are_told_to_provider_and_model(
    gateway: Gateway, upstream: Upstream, provider: Provider
) -> None:
    hosts = ["cats.example", "www.cats.example", "notcats.example", "dogs.example"]
    provider.results = [PAGE | {"url": f"https://{host}/a/b"} for host in hosts]
    upstream.chat = says(line("So."), done())
    place = {"type": "approximate", "city": "Ulm", "country": "DE", "timezone": "Europe/Berlin"}
    tool = SEARCH | {"allowed_domains": ["cats.example", "dogs.example/x"], "user_location": place}
    _, message, _ = await gateway.ask(tools=[tool], messages=SIDE_REQUEST)
    found = [one["url"] for one in message["content"][1]["content"]]
    assert found == ["https://cats.example/a/b", "https://www.cats.example/a/b"]
    assert provider.asked == [
        {"query": "cats in 2026 (site:cats.example OR site:dogs.example/x)", "max_results": 10}
    ]
    description = upstream.bodies[0]["tools"][0]["function"]["description"]
    assert "Only these sites are searched: cats.example, dogs.example/x." in description
    assert "The user is in Ulm, DE (time zone Europe/Berlin)" in description


async def test_blocked_domains_never_appear(
    gateway: Gateway, upstream: Upstream, provider: Provider
) -> None:
    urls = ["https://a.example/", "https://b.example/news/x", "https://b.example/newsroom"]
    provider.results = [PAGE | {"url": url} for url in urls]
    upstream.chat = says(line("So."), done())
    tool = SEARCH | {"blocked_domains": ["a.example", "b.example/news"]}
    _, message, _ = await gateway.ask(tools=[tool], messages=SIDE_REQUEST)
    assert [one["url"] for one in message["content"][1]["content"]] == [urls[2]]


@pytest.mark.parametrize("kind", ["searxng"])
async def test_searxng_is_asked_in_its_own_way(
    gateway: Gateway, upstream: Upstream, provider: Provider
) -> None:
    provider.results = [PAGE | {"publishedDate": "2026-05-01T00:00:00"}] * 9
    upstream.chat = says(line("So."), done())
    _, message, _ = await gateway.ask(tools=[SEARCH], messages=SIDE_REQUEST)
    assert provider.asked == [{"q": "cats in 2026", "format": "json"}]
    assert provider.keys == [None]
    results = message["content"][1]["content"]
    assert len(results) == 5
    assert results[0]["page_age"] == "2026-05-01T00:00:00"
    assert "Age: 2026-05-01" in upstream.bodies[0]["messages"][-1]["content"]


@pytest.mark.parametrize(("kind", "provider"), [("searxng", Provider(status=403))])
async def test_a_searxng_without_json_says_what_to_change(
    gateway: Gateway, upstream: Upstream, caplog: Any
) -> None:
    upstream.chat = says(line("So."), done())
    await gateway.ask(tools=[SEARCH], messages=SIDE_REQUEST)
    assert "add json to search.formats in its settings.yml" in caplog.text


@pytest.mark.parametrize("kind", ["none"])
class TestWithoutAProvider:
    async def test_claude_codes_side_request_is_answered_at_once_with_what_to_do(
        self, gateway: Gateway, upstream: Upstream
    ) -> None:
        events = await gateway.stream(tools=[SEARCH], messages=SIDE_REQUEST)
        blocks = opened(events)
        assert shape(blocks) == ["server_tool_use", "web_search_tool_result", "text"]
        assert blocks[1]["content"] == {
            "type": "web_search_tool_result_error",
            "error_code": "unavailable",
        }
        assert "Set web_search.provider in cc-proxy.user.yaml" in json.dumps(events)
        assert events[-2]["delta"]["stop_reason"] == "end_turn"
        assert upstream.bodies == []

    async def test_a_search_that_the_model_wants_is_answered_so_too(
        self, gateway: Gateway, upstream: Upstream, caplog: Any
    ) -> None:
        upstream.chat = calls("cats")
        _, message, _ = await gateway.ask(tools=[SEARCH])
        assert shape(message["content"]) == ["server_tool_use", "web_search_tool_result", "text"]
        assert "web_search.provider" in message["content"][2]["text"]
        assert "No search provider is configured" in caplog.text

    async def test_beside_other_tools_the_model_goes_on_without(
        self, gateway: Gateway, upstream: Upstream
    ) -> None:
        rounds(upstream, calls("cats"), calls("a", name="Read"))
        _, message, _ = await gateway.ask(tools=[SEARCH, READ])
        kinds = ["server_tool_use", "web_search_tool_result", "tool_use"]
        assert shape(message["content"]) == kinds
        told = upstream.bodies[-1]["messages"][-1]["content"]
        assert told == "The web search is not available now. Answer without it, and say so."


async def test_a_provider_without_its_key_is_as_good_as_none(
    gateway: Gateway, upstream: Upstream
) -> None:
    gateway.shared.search._api_key = None  # noqa: SLF001 - as when OLLAMA_API_KEY is not set
    _, message, _ = await gateway.ask(tools=[SEARCH], messages=SIDE_REQUEST)
    assert "set OLLAMA_API_KEY" in message["content"][2]["text"]
    assert upstream.bodies == []


def test_the_key_of_ollama_is_the_key_of_its_search() -> None:
    settings = Settings(ollama=Ollama(api_key="k"), web_search=WebSearchSettings(provider="ollama"))
    assert SearchClient(settings).missing is None


def test_a_searxng_without_its_address_says_what_to_set() -> None:
    settings = Settings(web_search=WebSearchSettings(provider="searxng"))
    assert "set web_search.url" in (SearchClient(settings).missing or "")
