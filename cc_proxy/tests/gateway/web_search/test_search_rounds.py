"""Web search through real servers on all three sides: client, model, search provider."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from ..conftest import SOON, Gateway, Heard, Upstream, done, line, says  # noqa: TID252 - they are the folder's
from .conftest import PAGE, READ, SEARCH, SIDE_REQUEST, Provider, calls, opened, rounds, shape


async def test_a_search_of_the_model_is_streamed_as_the_api_does(
    gateway: Gateway, upstream: Upstream, provider: Provider
) -> None:
    rounds(upstream, calls("cats", content="Let me see."), says(line("They sleep."), done()))
    events = await gateway.stream(tools=[SEARCH])
    blocks = opened(events)
    assert shape(blocks) == ["text", "server_tool_use", "web_search_tool_result", "text"]
    use, result = blocks[1], blocks[2]
    assert use["id"].startswith("srvtoolu_")
    assert use == {"type": "server_tool_use", "id": use["id"], "name": "web_search", "input": {}}
    deltas = [e["delta"] for e in events if e["type"] == "content_block_delta" and e["index"] == 1]
    assert deltas == [{"type": "input_json_delta", "partial_json": '{"query": "cats"}'}]
    assert result["tool_use_id"] == use["id"]
    (found,) = result["content"]
    assert found.pop("encrypted_content")
    assert found == {
        "type": "web_search_result",
        "title": "About cats",
        "url": "https://cats.example/a",
        "page_age": None,
    }
    assert provider.asked == [{"query": "cats", "max_results": 5}]
    assert provider.keys == ["Bearer search-key"]


async def test_the_events_of_all_rounds_are_one_message(
    gateway: Gateway, upstream: Upstream
) -> None:
    rounds(upstream, calls("a", content="x"), calls("b"), says(line("End."), done()))
    events = await gateway.stream(tools=[SEARCH])
    kinds = [event["type"] for event in events]
    assert kinds.count("message_start") == kinds.count("message_stop") == 1
    starts = [e["index"] for e in events if e["type"] == "content_block_start"]
    stops = [e["index"] for e in events if e["type"] == "content_block_stop"]
    assert starts == stops == [0, 1, 2, 3, 4, 5]
    end = events[-2]
    assert end["delta"]["stop_reason"] == "end_turn"
    # The last prompt holds the earlier ones; what was written adds up.
    usage = end["usage"]
    assert usage["input_tokens"] + usage["cache_read_input_tokens"] == 11
    assert usage["output_tokens"] == 9
    assert end["usage"]["server_tool_use"] == {"web_search_requests": 2, "web_fetch_requests": 0}


async def test_the_whole_answer_has_what_the_stream_has(
    gateway: Gateway, upstream: Upstream
) -> None:
    rounds(upstream, calls("cats", content="Wait."), says(line("They sleep."), done()))
    status, message, _ = await gateway.ask(tools=[SEARCH])
    assert status == 200
    text, use, result, end = message["content"]
    assert text == {"type": "text", "text": "Wait."}
    assert use["input"] == {"query": "cats"}
    assert result["content"][0]["url"] == PAGE["url"]
    assert end == {"type": "text", "text": "They sleep."}
    assert message["stop_reason"] == "end_turn"
    assert message["usage"]["server_tool_use"]["web_search_requests"] == 1


async def test_the_model_is_offered_a_function_and_told_what_was_found(
    gateway: Gateway, upstream: Upstream
) -> None:
    rounds(upstream, calls("cats"), says(line("They sleep."), done()))
    await gateway.ask(tools=[SEARCH])
    first, second = upstream.bodies
    (offered,) = first["tools"]
    assert offered["function"]["name"] == "web_search"
    assert offered["function"]["parameters"]["required"] == ["query"]
    assert second["tools"] == first["tools"]
    assert second["messages"][: len(first["messages"])] == first["messages"]
    asked, told = second["messages"][len(first["messages"]) :]
    (call,) = asked["tool_calls"]
    assert call["function"] == {"name": "web_search", "arguments": {"query": "cats"}}
    assert told == {
        "role": "tool",
        "tool_name": "web_search",
        "tool_call_id": call["id"],
        "content": "1. About cats\nURL: https://cats.example/a\nCats sleep.",
    }


async def test_the_next_turn_begins_with_what_the_model_has_read(
    gateway: Gateway, upstream: Upstream
) -> None:
    rounds(
        upstream,
        calls("cats", content="Let me see.\n\n"),
        calls("dogs"),
        says(line("They sleep."), done()),
        says(line("Yes."), done()),
    )
    _, message, _ = await gateway.ask(tools=[SEARCH])
    history = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": "Really?"},
    ]
    await gateway.ask(tools=[SEARCH], messages=history)
    last_round, next_turn = upstream.bodies[-2:]
    read = last_round["messages"]
    assert next_turn["messages"][: len(read)] == read
    assert next_turn["messages"][len(read) :] == [
        {"role": "assistant", "content": "They sleep."},
        {"role": "user", "content": "Really?"},
    ]


async def test_a_history_that_is_not_remembered_tells_the_same_results(
    gateway: Gateway, upstream: Upstream
) -> None:
    rounds(upstream, calls("cats"), says(line("They sleep."), done()), says(line("Yes."), done()))
    _, message, _ = await gateway.ask(tools=[SEARCH])
    gateway.shared.turns._memory._turns.clear()  # noqa: SLF001 - as after a restart
    history = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": "Really?"},
    ]
    await gateway.ask(messages=history)
    last_round, next_turn = upstream.bodies[-2:]
    assert next_turn["messages"][1:3] == last_round["messages"][1:3]


@pytest.mark.parametrize("as_blocks", [True, False])
async def test_claude_codes_side_request_is_searched_without_asking_the_model_to_call(
    gateway: Gateway, upstream: Upstream, provider: Provider, *, as_blocks: bool
) -> None:
    upstream.chat = says(line("They sleep."), done())
    messages: list[dict[str, Any]] = SIDE_REQUEST
    if as_blocks:
        messages = [
            {"role": "user", "content": [{"type": "text", "text": SIDE_REQUEST[0]["content"]}]}
        ]
    events = await gateway.stream(tools=[SEARCH], messages=messages)
    assert shape(opened(events)) == ["server_tool_use", "web_search_tool_result", "text"]
    assert provider.asked[0]["query"] == "cats in 2026"
    (body,) = upstream.bodies
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "tool"]
    assert events[-2]["usage"]["output_tokens"] == 3


@pytest.mark.parametrize("tools", [[SEARCH, READ], [READ, SEARCH]])
async def test_beside_other_tools_the_model_decides(
    gateway: Gateway, upstream: Upstream, provider: Provider, tools: list[Any]
) -> None:
    upstream.chat = says(line("No need."), done())
    _, message, _ = await gateway.ask(tools=tools, messages=SIDE_REQUEST)
    assert shape(message["content"]) == ["text"]
    assert provider.asked == []
    names = [tool["function"]["name"] for tool in upstream.bodies[0]["tools"]]
    assert names == [tool["name"] for tool in tools]


async def test_a_call_of_a_client_tool_ends_the_answer(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = calls("a", name="Read")
    _, message, _ = await gateway.ask(tools=[SEARCH, READ])
    assert shape(message["content"]) == ["tool_use"]
    assert message["stop_reason"] == "tool_use"


async def test_a_search_and_a_client_tool_in_one_round_are_both_answered(
    gateway: Gateway, upstream: Upstream
) -> None:
    made = [
        {"function": {"name": "Read", "arguments": {"path": "a"}}},
        {"function": {"name": "web_search", "arguments": {"query": "cats"}}},
    ]
    rounds(
        upstream,
        says(line(message={"tool_calls": made}), done()),
        says(line("Done."), done()),
    )
    _, message, _ = await gateway.ask(tools=[SEARCH, READ])
    assert shape(message["content"]) == ["tool_use", "server_tool_use", "web_search_tool_result"]
    assert message["stop_reason"] == "tool_use"
    result = {"type": "tool_result", "tool_use_id": message["content"][0]["id"], "content": "file"}
    history = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": [result]},
    ]
    await gateway.ask(tools=[SEARCH, READ], messages=history)
    sent = upstream.bodies[-1]["messages"][1:]
    assert [len(turn.get("tool_calls", [])) for turn in sent] == [2, 0, 0]
    assert [turn.get("tool_name") for turn in sent] == [None, "web_search", "Read"]


async def test_a_demanded_search_is_made_and_then_the_model_is_free(
    gateway: Gateway, upstream: Upstream, provider: Provider
) -> None:
    demanded = '{"name": "web_search", "arguments": {"query": "cats"}}'
    rounds(upstream, says(line(demanded), done()), says(line("They sleep."), done()))
    choice = {"type": "tool", "name": "web_search"}
    _, message, _ = await gateway.ask(tools=[SEARCH], tool_choice=choice)
    assert shape(message["content"]) == ["server_tool_use", "web_search_tool_result", "text"]
    assert "format" in upstream.bodies[0]
    assert "format" not in upstream.bodies[1]
    assert provider.asked[0]["query"] == "cats"


async def test_after_max_uses_a_search_is_refused_and_the_model_answers(
    gateway: Gateway, upstream: Upstream, provider: Provider
) -> None:
    rounds(upstream, calls("a"), calls("b"), says(line("Enough."), done()))
    _, message, _ = await gateway.ask(tools=[SEARCH | {"max_uses": 1}])
    refused, text = message["content"][-2:]
    assert refused["content"] == {
        "type": "web_search_tool_result_error",
        "error_code": "max_uses_exceeded",
    }
    assert text["text"] == "Enough."
    assert len(provider.asked) == 1
    assert upstream.bodies[-1]["messages"][-1]["content"] == (
        "No more searches are allowed. Answer now with what you have."
    )


async def test_a_model_that_never_stops_searching_is_stopped(
    gateway: Gateway, upstream: Upstream, provider: Provider
) -> None:
    upstream.chat = calls("again")
    _, message, _ = await gateway.ask(tools=[SEARCH | {"max_uses": 2}])
    assert len(provider.asked) == 2
    assert len(upstream.bodies) == 4
    assert "after 2 searches the model wanted more" in message["content"][-1]["text"]
    assert message["stop_reason"] == "end_turn"


async def test_a_model_that_never_gives_a_query_is_stopped(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = calls("")
    _, message, _ = await gateway.ask(tools=[SEARCH | {"max_uses": 2}])
    codes = [b["content"]["error_code"] for b in message["content"] if "tool_use_id" in b]
    assert codes == ["invalid_tool_input"] * 2 + ["max_uses_exceeded"] * 2


async def test_rounds_share_the_limit_of_the_answer(gateway: Gateway, upstream: Upstream) -> None:
    rounds(upstream, calls("a", eval_count=60), says(line("So."), done()))
    await gateway.ask(tools=[SEARCH], max_tokens=100)
    limits = [body["options"]["num_predict"] for body in upstream.bodies]
    assert limits == [100, 40]


async def test_an_answer_that_is_cut_in_a_search_ends_with_max_tokens(
    gateway: Gateway, upstream: Upstream
) -> None:
    cut = done().replace(b'"stop"', b'"length"')
    made = [{"function": {"name": "web_search", "arguments": {"query": "a"}}}]
    upstream.chat = says(line(message={"tool_calls": made}), cut)
    _, message, _ = await gateway.ask(tools=[SEARCH])
    assert shape(message["content"]) == ["server_tool_use", "web_search_tool_result"]
    assert message["stop_reason"] == "max_tokens"


@pytest.mark.parametrize(
    ("query", "code"),
    [("", "invalid_tool_input"), (None, "invalid_tool_input"), ("x" * 1001, "query_too_long")],
)
async def test_a_query_that_cannot_be_used_is_not_searched(
    gateway: Gateway, upstream: Upstream, provider: Provider, query: Any, code: str
) -> None:
    rounds(upstream, calls(query), says(line("Sorry."), done()))
    _, message, _ = await gateway.ask(tools=[SEARCH])
    assert message["content"][1]["content"]["error_code"] == code
    assert message["usage"]["server_tool_use"]["web_search_requests"] == 0
    assert provider.asked == []


async def test_the_client_hears_of_a_slow_search_and_of_a_slow_model(
    gateway: Gateway, upstream: Upstream, provider: Provider
) -> None:
    heard = Heard()
    gateway.shared.pace = SOON

    def beat_in(block: int) -> Callable[[list[dict[str, Any]]], bool]:
        """Return the condition that the client has heard something after so many blocks began."""

        def condition(events: list[dict[str, Any]]) -> bool:
            kinds = [event["type"] for event in events]
            places = [n for n, kind in enumerate(kinds) if kind == "content_block_start"]
            return len(places) >= block and "message_delta" in kinds[places[block - 1] :]

        return condition

    async def slow(request: web.Request) -> web.StreamResponse:
        await heard.until(beat_in(2))
        return await says(line("At last."), done())(request)

    provider.meanwhile = heard.until(beat_in(1))
    upstream.chat = slow
    events = await gateway.stream(None, heard, tools=[SEARCH], messages=SIDE_REQUEST)
    kinds = [event["type"] for event in events]
    places = [n for n, kind in enumerate(kinds) if kind == "content_block_start"]
    assert "message_delta" in kinds[places[0] : places[1]], "during the search"
    assert "message_delta" in kinds[places[1] : places[2]], "while the model reads"
    assert kinds[0] == "message_start"


async def test_an_upstream_that_fails_in_a_later_round_is_an_error_event(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def dies(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "no more threads"}, status=500)

    rounds(upstream, calls("cats"), dies)
    events = await gateway.stream(tools=[SEARCH])
    assert events[-1]["error"]["message"] == "Ollama failed: no more threads"
    assert [event["type"] for event in events].count("message_start") == 1


async def test_a_client_that_leaves_during_a_search_ends_the_request(
    gateway: Gateway, provider: Provider, caplog: Any
) -> None:
    caplog.set_level(logging.INFO)
    provider.wait = 30
    body = {"model": "m", "max_tokens": 9, "stream": True}
    async with gateway.client.post(
        gateway.url + "/v1/messages", json=body | {"tools": [SEARCH], "messages": SIDE_REQUEST}
    ) as response:
        await response.content.readany()
        response.close()
    for _ in range(3000):
        if "client closed the connection" in caplog.text:
            break
        await asyncio.sleep(0.02)
    assert "client closed the connection" in caplog.text
