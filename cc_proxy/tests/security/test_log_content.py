"""A word of its own in every place of a conversation; the log, at its loudest, has none of them."""

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from unittest import mock

import pytest

from cc_proxy.app.daemon.log.log_format import formatter
from cc_proxy.app.gateway.routes import translation as route
from cc_proxy.app.upstreams.http.error_words import quoted_in
from cc_proxy.tests.faults.stage import Stage, on_stage
from cc_proxy.tests.faults.upstream import NDJSON, Exchange, Play, RawUpstream, done, line

CANARY = "canary"
SCHEMA = {
    "type": "object",
    "properties": {
        "canary-property": {"type": "integer"},
        "mood": {"enum": ["canary-enum"], "type": "string"},
        "file_path": {"type": "string", "default": "canary-default"},
    },
}
TOOLS = [{"name": "Read", "description": "canary-description", "input_schema": SCHEMA}]
CALL = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"canary-key": "canary-in"}}
UNDECLARED = {"type": "tool_use", "id": "toolu_2", "name": "canary-name", "input": {"a": 1}}


def result(call: dict[str, Any], content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call["id"], "content": content} | more


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def said(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def repeated(call: dict[str, Any]) -> list[dict[str, Any]]:
    turn = [{"role": "assistant", "content": [call]}, user(result(call, "canary-result"))]
    return [user(said("canary-first")), *turn * 4]


PDF = {"type": "base64", "media_type": "application/pdf", "data": "Y2FuYXJ5LXBkZg=="}
REQUESTS: dict[str, dict[str, Any]] = {
    "words": {"messages": [user(said("canary-words"))], "system": "canary-system"},
    "call": {"messages": repeated(CALL), "tools": TOOLS},
    "undeclared call": {"messages": repeated(UNDECLARED), "tools": TOOLS},
    "error result": {
        "messages": [*repeated(CALL)[:2], user(result(CALL, "canary", is_error=True))]
    },
    "role": {"messages": [{"role": "canary-role", "content": "canary"}]},
    "unknown block": {"messages": [user({"type": "Canary: a block", "text": "canary"})]},
    "image": {"messages": [user({"type": "image", "source": {"type": "canary: x", "data": "x"}})]},
    "image by URL": {
        "messages": [
            user({"type": "image", "source": {"type": "url", "url": "https://x.example/canary?c"}})
        ]
    },
    "document": {"messages": [user({"type": "document", "title": "canary", "source": PDF})]},
    "odd document": {
        "messages": [user({"type": "document", "source": {"type": "Canary: x", "data": "canary"}})]
    },
    "document without content": {
        "messages": [
            user({"type": "document", "source": {"type": "content", "content": [{"canary": 1}]}})
        ]
    },
    "thinking": {
        "messages": [
            user(said("a")),
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "canary"}]},
            user(said("b")),
        ]
    },
    "tool choice": {"tools": TOOLS, "tool_choice": {"type": "tool", "name": "canary-choice"}},
    "kind of choice": {"tools": TOOLS, "tool_choice": {"type": "canary-kind"}},
    "demanded": {"tools": TOOLS, "tool_choice": {"type": "any"}},
    "no calls": {"tools": TOOLS, "tool_choice": {"type": "none"}, "messages": repeated(CALL)},
    "schema that is none": {"tools": [{"name": "Read", "input_schema": "canary-schema"}]},
    "format": {"output_config": {"format": {"schema": SCHEMA}}},
    "stop": {"stop_sequences": ["canary-stop"]},
    "wrong type": {"messages": [{"role": "user", "content": {"canary-key": "canary"}}]},
    "metadata": {"metadata": {"user_id": "canary-user"}, "thinking": {"type": "canary-thinking"}},
    "thread": {"thread": {"id": "canary-thread"}},
    "domains": {
        "tools": [
            {"type": "web_search_20250305", "name": "web_search", "allowed_domains": ["canary d"]}
        ]
    },
    "search": {
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
        "messages": [user(said("Perform a web search for the query: canary-query"))],
    },
}  # fmt: skip


def lines(*all_: bytes) -> Play:
    async def play(exchange: Exchange) -> None:
        await exchange.send(NDJSON)
        for one in all_:
            await exchange.chunk(one)
        await exchange.end()

    return play


def refuses(status: int, text: str) -> Play:
    async def play(exchange: Exchange) -> None:
        await exchange.answer(status, json.dumps({"error": text}).encode())

    return play


def sends(status: int, body: bytes) -> Play:
    async def play(exchange: Exchange) -> None:
        await exchange.answer(status, body)

    return play


def calls(name: str, arguments: Any) -> bytes:
    function = {"function": {"name": name, "arguments": arguments}}
    return line(message={"tool_calls": [function]})


# As the parsers of Ollama 0.32 and 0.34, and llama.cpp's, write them.
ERRORS = [
    """error parsing tool call: raw='{"canary-key": "canary', err=unexpected end of JSON input""",
    "XML syntax error on line 3: element <canary> closed by </parameter>",
    "tool 'canary' not found",
    "Failed to parse input at pos 12: <canary>the file",
    "invalid tool call arguments: canary",
    "canary",
    "json: cannot unmarshal canary",
    '{"error":{"code":500,"message":"Failed to parse input at pos 0: canary","type":"server"}}',
]
GARBAGE = [b"canary\n", b'"canary"\n', b'{"message": canary}\n', b'["canary"]\n', b"<html>canary\n"]
PLAYS: dict[str, Play] = {
    "text": lines(line("canary-text"), done()),
    "thinking": lines(line(message={"thinking": "canary"}), done()),
    "leaked thinking": lines(line("<think>canary</think>\ncanary"), done()),
    "call": lines(calls("Read", {"canary-PROPERTY": "5", "mood": "CANARY-ENUM"}), done()),
    "wrapped call": lines(calls("read", {"arguments": {"canary-property": "5"}}), done()),
    "two calls": lines(calls("Read", {"a": "canary"}), calls("canary-tool", {}), done()),
    "written call": lines(
        line('<tool_call>\n{"name": "Read", "arguments": {"file_path": "canary"}}\n</tool_call>'),
        done(),
    ),
    "call in the thinking": lines(
        line(
            message={
                "thinking": '<tool_call>\n{"name": "Read", "arguments": {"file_path": "canary"}}\n'
                "</tool_call>"
            }
        ),
        line("canary"),
        done(),
    ),
    "vanished": lines(done(eval_count=30)),
    "page": sends(502, b"<html><body>canary</body></html>"),
    "odd error": sends(500, b'{"error": {"canary": 1}}'),
    "plain error": sends(500, b"canary"),
    **{f"refusal {at}": refuses(500, text) for at, text in enumerate(ERRORS)},
    **{f"bad request {at}": refuses(400, text) for at, text in enumerate(ERRORS)},
    **{f"not found {at}": refuses(404, text) for at, text in enumerate(ERRORS)},
    **{f"busy {at}": refuses(429, text) for at, text in enumerate(ERRORS)},
    **{
        f"late error {at}": lines(line("canary"), json.dumps({"error": text}).encode() + b"\n")
        for at, text in enumerate(ERRORS)
    },
    **{f"garbage {at}": lines(line("canary"), bad) for at, bad in enumerate(GARBAGE)},
    **{f"only garbage {at}": lines(bad) for at, bad in enumerate(GARBAGE)},
}


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """What the log of the product would have, at the level debug."""
    kept: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(formatter(request.param, []).format(record))

    keeper, root = Keeper(), logging.getLogger()
    before = root.level
    root.addHandler(keeper)
    root.setLevel(logging.DEBUG)
    yield kept
    root.setLevel(before)
    root.removeHandler(keeper)


async def ask(stage: Stage, fields: dict[str, Any]) -> None:
    await stage.whole(**fields)
    await stage.streamed(**fields)


async def leaks(stage: Stage, written: list[str], what: str) -> list[str]:
    """Return what was written, and what `status` shows, with the word in it; then forget it."""
    async with stage.client.get(f"http://127.0.0.1:{stage.port}/health") as response:
        found = [*written, await response.text()]
    assert written
    written.clear()
    return [f"{what}: {text}" for text in found if CANARY in text.lower()]


async def test_no_word_of_a_request_is_in_the_log(written: list[str]) -> None:
    found = []
    async with RawUpstream() as upstream, on_stage(upstream) as stage:
        for what, fields in REQUESTS.items():
            await ask(stage, fields)
            found += await leaks(stage, written, what)
        with mock.patch.object(route, "chat_request", side_effect=KeyError(CANARY)):
            await ask(stage, {})
        assert any("KeyError" in text for text in written)
        found += await leaks(stage, written, "a fault of our own")
    assert found == []


async def test_no_word_of_an_answer_is_in_the_log(written: list[str]) -> None:
    found = []
    with ExitStack() as stack:
        stack.enter_context(mock.patch("secrets.token_hex", return_value="0" * 24))
        async with RawUpstream() as upstream, on_stage(upstream) as stage:
            for what, play in PLAYS.items():
                upstream.play = play
                await ask(stage, {"tools": TOOLS})
                found += await leaks(stage, written, what)
    assert found == []


async def test_an_answer_of_thousands_of_calls_does_not_fill_the_log(written: list[str]) -> None:
    call = {"function": {"name": "read", "arguments": {}}}
    async with RawUpstream() as upstream, on_stage(upstream) as stage:
        upstream.play = lines(line(message={"tool_calls": [call] * 3000}), done())
        await ask(stage, {"tools": TOOLS})
    assert sum("repaired" in text for text in written) == 2
    assert any("3000 x call of Read repaired" in text for text in written)


@pytest.mark.parametrize("text", ERRORS[:-1])
def test_what_an_error_quotes_is_found(text: str) -> None:
    assert CANARY in quoted_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "model 'nope' not found",
        "registry.ollama.ai/library/tiny-plain:latest does not support tools",
        '"tiny" does not support thinking',
        "json: cannot unmarshal array into Go struct field ChatRequest.messages of type string",
        "Multimodal data provided, but model does not support multimodal requests.",
        "ollama cloud is disabled: remote model is unavailable",
        'option "temperature" must be of type float32',
        "server busy, please try again.  maximum pending requests exceeded",
        "an error was encountered while running the model: unexpected EOF",
        "model requires more system memory (5.6 GiB) than is available (3.2 GiB)",
        "llama runner process has terminated: exit status 2",
        "request (2714 tokens) exceeds the available context size (1024 tokens), try increasing it",
        "cudaMalloc failed: out of memory",
        "",
    ],
)  # fmt: skip
def test_an_error_of_ollamas_own_is_in_the_log_as_it_came(text: str) -> None:
    assert quoted_in(text) == ""
