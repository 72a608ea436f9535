"""`POST /v1/messages` through a real server on both sides."""

import asyncio
import io
import json
import logging
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from cc_proxy.app.gateway.answer.keep_alive import StreamWriter
from cc_proxy.app.gateway.routes import translation
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.request.build import chat_request

from .conftest import (
    KEY,
    PATIENCE,
    SOON,
    Chat,
    Gateway,
    Heard,
    Upstream,
    beats,
    body,
    done,
    line,
    says,
)

READ = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}


async def test_a_text_answer_comes_whole(gateway: Gateway) -> None:
    status, message, headers = await gateway.ask()
    assert status == 200
    assert headers["request-id"].startswith("req_")
    assert message.pop("id").startswith("msg_")
    assert message == {
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 11,
            "output_tokens": 3,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }


async def test_a_tool_call_comes_whole(gateway: Gateway, upstream: Upstream) -> None:
    call = {"function": {"name": "Read", "arguments": {"path": "a"}}}
    upstream.chat = says(line(message={"tool_calls": [call]}), done())
    _, message, _ = await gateway.ask(tools=[READ])
    (block,) = message["content"]
    assert block.pop("id").startswith("toolu_")
    assert block == {"type": "tool_use", "name": "Read", "input": {"path": "a"}}
    assert message["stop_reason"] == "tool_use"


async def test_what_goes_to_ollama_keeps_the_runner_and_loses_no_prompt(
    gateway: Gateway, upstream: Upstream
) -> None:
    await gateway.stream(tools=[READ], system="Be kind.", temperature=0.5, max_tokens=10**6)
    (sent,) = upstream.bodies
    assert sent == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "hi"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "Read",
                    "description": "Reads.",
                    "parameters": {"type": "object"},
                },
            }
        ],
        "stream": True,
        "truncate": False,
        "shift": False,
        "keep_alive": "30m",
        "options": {"num_ctx": 65536, "num_predict": 65536, "temperature": 0.5},
    }


async def test_each_line_reaches_the_client_before_the_next_is_sent(
    gateway: Gateway, upstream: Upstream
) -> None:
    seen = asyncio.Event()

    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(line("first"))
        await asyncio.wait_for(seen.wait(), 60)
        await response.write(done())
        return response

    upstream.chat = chat
    async with gateway.client.post(
        gateway.url + "/v1/messages", json=body(stream=True)
    ) as response:
        async for raw in response.content:
            if b"first" in raw:
                seen.set()
    assert seen.is_set()


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("silent", [True, False])
async def test_a_client_that_leaves_stops_the_model_at_once(
    gateway: Gateway, upstream: Upstream, caplog: Any, *, streamed: bool, silent: bool
) -> None:
    started = asyncio.Event()

    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if not silent:
            await response.prepare(request)
            await response.write(line("x"))
        started.set()
        await asyncio.sleep(30)
        return response

    upstream.chat = chat
    caplog.set_level(logging.INFO)
    asking = asyncio.create_task(
        gateway.client.post(gateway.url + "/v1/messages", json=body(stream=streamed))
    )
    await asyncio.wait_for(started.wait(), 60)
    if streamed and not silent:
        response = await asking
        await response.content.readany()
        response.close()
    else:
        asking.cancel()
    await asyncio.wait_for(upstream.left.wait(), 60)
    await _until(lambda: "client closed the connection" in caplog.text)


async def _until(condition: Any) -> None:
    for _ in range(6000):
        if condition():
            return
        await asyncio.sleep(0.02)
    assert condition()


async def test_a_silent_model_is_kept_alive_and_then_answers(
    gateway: Gateway, upstream: Upstream
) -> None:
    heard = Heard()
    gateway.shared.pace = SOON

    async def chat(request: web.Request) -> web.StreamResponse:
        await heard.until(beats(2))
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(line("late"))
        await heard.until(lambda events: any(map(is_empty_text, events)))
        await response.write(done())
        return response

    def is_empty_text(event: dict[str, Any]) -> bool:
        return event.get("delta") == {"type": "text_delta", "text": ""}

    upstream.chat = chat
    events = await gateway.stream(None, heard)
    kinds = [event["type"] for event in events]
    first_text = kinds.index("content_block_start")
    assert kinds[0] == "message_start"
    before = events[1:first_text]
    assert len(before) >= 2
    assert all(e["type"] == "message_delta" and e["delta"]["stop_reason"] is None for e in before)
    # An open text block is kept alive by empty text, which the upstream has waited for.
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


async def test_an_error_within_the_hold_is_a_true_status(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def chat(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "model requires more system memory"}, status=500)

    upstream.chat = chat
    status, answer, headers = await gateway.ask(stream=True)
    assert status == 500
    assert answer["error"] == {
        "type": "api_error",
        "message": "Ollama failed: model requires more system memory",
    }
    assert answer["request_id"] == headers["request-id"]
    assert headers["x-should-retry"] == "false"


async def test_an_error_after_the_hold_is_an_error_event(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def chat(_request: web.Request) -> web.StreamResponse:
        await heard.until(bool)
        return web.json_response({"error": "the runner died"}, status=500)

    heard = Heard()
    gateway.shared.pace = SOON
    upstream.chat = chat
    events = await gateway.stream(None, heard)
    assert events[0]["type"] == "message_start"
    assert events[-1] == {
        "type": "error",
        "error": {"type": "api_error", "message": "Ollama failed: the runner died"},
    }


RUNNER_DIED = "an error was encountered while running the model: unexpected EOF"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([line("half"), b'{"error":"' + RUNNER_DIED.encode() + b'"}\n'], RUNNER_DIED),
        ([line("half")], "ended its answer in the middle"),
        ([line("half"), b"not json\n"], "not its JSON: 'not json'"),
        ([line("half"), b'{"message":{"content":"\xff"}}\n'], "not its JSON"),
    ],
    ids=["the runner died", "the answer stopped", "garbage", "bytes that are not UTF-8"],
)
async def test_an_answer_that_breaks_off_ends_with_an_error_event(
    gateway: Gateway, upstream: Upstream, lines: list[bytes], words: str
) -> None:
    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for one in lines:
            await response.write(one)
            await asyncio.sleep(0.05)
        return response

    upstream.chat = chat
    events = await gateway.stream()
    assert [e["type"] for e in events[-2:]] == ["content_block_stop", "error"]
    assert words in events[-1]["error"]["message"]
    status, answer, _ = await gateway.ask()
    assert status in (500, 502)
    assert words in answer["error"]["message"]


async def test_a_stalled_upstream_is_given_up_with_a_clear_end(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(line("half"))
        await asyncio.sleep(PATIENCE)
        return response

    upstream.chat = chat
    gateway.ollama._silence_seconds = 0.6  # noqa: SLF001 - the fixture's is for answers
    events = await gateway.stream()
    assert events[-1]["error"]["type"] == "timeout_error"
    assert "silent for more than 0.6 seconds" in events[-1]["error"]["message"]
    assert "OLLAMA_TIMEOUT_SECONDS" in events[-1]["error"]["message"]


@pytest.mark.parametrize(
    ("status", "text", "seen", "kind", "words"),
    [
        (404, "model 'm' not found", 404, "not_found_error", "ollama pull m"),
        (400, "bad", 400, "invalid_request_error", "Ollama refused the request: bad"),
        (403, "ollama cloud is disabled", 403, "permission_error", "cloud is disabled"),
        (401, "unauthorized", 403, "permission_error", "unauthorized"),
        (503, "server busy, please try again.", 529, "overloaded_error", "busy"),
    ],
)
async def test_an_upstream_status_gets_its_own_error(
    gateway: Gateway, upstream: Upstream, status: int, text: str, seen: int, kind: str, words: str
) -> None:
    async def chat(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": text}, status=status)

    upstream.chat = chat
    got, answer, headers = await gateway.ask()
    assert (got, answer["error"]["type"]) == (seen, kind)
    assert words in answer["error"]["message"]
    assert headers["x-should-retry"] == ("true" if seen == 529 else "false")


async def test_an_overflow_says_what_makes_the_client_compact(
    gateway: Gateway, upstream: Upstream
) -> None:
    nested = (
        '{"error":{"code":400,"message":"request (2714 tokens) exceeds the available context size'
        ' (1024 tokens)","type":"exceed_context_size_error","n_prompt_tokens":2714,"n_ctx":1024}}'
    )

    async def chat(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": nested}, status=400)

    upstream.chat = chat
    status, answer, _ = await gateway.ask(stream=True)
    assert status == 400
    assert answer["error"] == {
        "type": "invalid_request_error",
        "message": "prompt is too long: 2714 tokens > 1024 maximum",
    }


async def test_an_upstream_that_is_not_there_is_named_at_once(gateway: Gateway) -> None:
    await gateway.ask()
    gateway.ollama.restarts.forget()
    gateway.ollama.base_url = "http://127.0.0.1:9"
    status, answer, headers = await gateway.ask(stream=True)
    assert status == 503
    assert "Ollama does not answer at http://127.0.0.1:9" in answer["error"]["message"]
    assert "ollama serve" in answer["error"]["message"]
    assert headers["x-should-retry"] == "false"


@pytest.mark.parametrize("value", [None, -1])
async def test_max_tokens_must_not_be_negative_or_missing(
    gateway: Gateway, value: int | None
) -> None:
    status, answer, _ = await gateway.ask(max_tokens=value)
    assert status == 400
    assert "max_tokens: expected a whole number of 0 or more" in answer["error"]["message"]


async def test_tools_for_a_model_without_tools_are_refused_with_the_reason(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.capabilities = ("completion",)
    status, answer, _ = await gateway.ask(tools=[READ])
    assert status == 400
    assert "cannot use tools" in answer["error"]["message"]


async def test_what_is_left_out_is_named_in_the_log(gateway: Gateway, caplog: Any) -> None:
    blocks = [{"type": "hologram"}, {"type": "hologram"}, {"type": "text", "text": "hi"}]
    await gateway.ask(messages=[{"role": "user", "content": blocks}])
    assert "left out on purpose: 2 x hologram block" in caplog.text


async def test_the_log_has_one_line_with_the_figures_and_no_words_of_the_user(
    gateway: Gateway, caplog: Any
) -> None:
    caplog.set_level(logging.INFO)
    _, _, headers = await gateway.ask(messages=[{"role": "user", "content": "my secret plan"}])
    (entry,) = [r.message for r in caplog.records if headers["request-id"] in r.message]
    for part in ("ok", "asked=m", "model=m", "tokens_in=11", "tokens_out=3", "stop=end_turn"):
        assert part in entry
    assert "secret" not in caplog.text
    assert KEY not in caplog.text


async def test_a_body_over_the_limit_is_a_413(gateway: Gateway) -> None:
    big = io.BytesIO(b"x" * (65 * 1024 * 1024))
    async with gateway.client.post(gateway.url + "/v1/messages", data=big) as response:
        answer = await response.json()
    assert response.status == 413
    assert answer["error"] == {
        "type": "request_too_large",
        "message": "The request is larger than 64 MiB.",
    }


async def test_a_long_conversation_arrives_whole(gateway: Gateway, upstream: Upstream) -> None:
    upstream.capabilities = ("completion", "vision")
    data = "iVBO" * 750_000
    image = {"type": "image", "source": {"type": "base64", "data": data}}
    status, _, _ = await gateway.ask(messages=[{"role": "user", "content": [image]}])
    assert status == 200
    assert upstream.bodies[-1]["messages"][0]["images"] == [data]


async def test_a_prompt_that_cannot_fit_is_refused_before_the_model_is_bothered(
    gateway: Gateway, upstream: Upstream
) -> None:
    words = "word " * 600_000
    status, answer, headers = await gateway.ask(messages=[{"role": "user", "content": words}])
    assert status == 400
    assert re.fullmatch(
        r"prompt is too long: \d{6} tokens > 65536 maximum", answer["error"]["message"]
    )
    assert headers["x-should-retry"] == "false"
    assert upstream.bodies == []


async def test_more_messages_than_the_window_has_tokens_are_refused_at_once(
    gateway: Gateway, upstream: Upstream
) -> None:
    turns = [{"role": role, "content": "a"} for role in ("user", "assistant")]
    empty = {"role": "user", "content": ""}
    _, answer, _ = await gateway.ask(messages=[*turns * 33_000, empty])
    assert answer["error"]["message"] == "prompt is too long: 66000 tokens > 65536 maximum"
    assert upstream.bodies == []


@pytest.mark.parametrize("kind", ["messages", "blocks"])
async def test_while_a_large_request_is_translated_the_others_have_their_turn(
    gateway: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    passes, seen = 0, dict[bool, int]()

    def counted(asked: Any, *rest: Any) -> Any:
        before = passes
        translated = chat_request(asked, *rest)
        is_large = len(asked.messages) > 1 or len(asked.messages[0].content) > 1
        seen[is_large] = passes - before
        return translated

    async def passing() -> None:
        nonlocal passes
        while True:
            passes += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(translation, "chat_request", counted)
    block = {"type": "text", "text": "a"}
    turns = [{"role": role, "content": [block]} for role in ("user", "assistant")]
    end = {"role": "user", "content": [block]}
    many = {"messages": [*turns * 10_000, end], "blocks": [end | {"content": [block] * 60_000}]}
    passer = asyncio.create_task(passing())
    assert (await gateway.ask(messages=many[kind]))[0] == 200
    assert (await gateway.ask(messages=[end]))[0] == 200
    passer.cancel()
    assert seen[True] > 10
    # A usual request pays for no thread.
    assert seen[False] == 0
    expected = 20_001 if kind == "messages" else 1
    assert len(upstream.bodies[0]["messages"]) == expected


async def test_what_ollama_has_refused_is_refused_here_the_next_time(
    gateway: Gateway, upstream: Upstream
) -> None:
    text = "request (70000 tokens) exceeds the available context size (65536 tokens)"

    async def chat(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": text}, status=400)

    upstream.chat = chat
    long = [{"role": "user", "content": "heron reed water " * 14_000}]
    answers = [(await gateway.ask(messages=long))[1]["error"]["message"] for _ in range(2)]
    assert answers == ["prompt is too long: 70000 tokens > 65536 maximum"] * 2
    assert len(upstream.bodies) == 1


async def test_usage_tells_what_the_model_knew_already(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = says(line("Yes."), done(prompt_eval_count=1500))
    history: list[dict[str, Any]] = [{"role": "user", "content": "heron reed " * 500}]
    _, first, _ = await gateway.ask(messages=history)
    history += [
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": "And?"},
    ]
    upstream.chat = says(line("And so on."), done(prompt_eval_count=1520))
    _, second, _ = await gateway.ask(messages=history)
    assert (first["usage"]["input_tokens"], first["usage"]["cache_read_input_tokens"]) == (1500, 0)
    assert second["usage"]["cache_read_input_tokens"] == 1500 + 3, "the answer was not read again"
    assert second["usage"]["input_tokens"] == 17


@pytest.mark.parametrize("marked", ["block", "request"])
async def test_what_is_new_is_told_as_kept_where_the_client_asks_for_that(
    gateway: Gateway, upstream: Upstream, marked: str, caplog: pytest.LogCaptureFixture
) -> None:
    cache = {"cache_control": {"type": "ephemeral"}}
    history: list[dict[str, Any]] = [{"role": "user", "content": "heron reed " * 500}]
    upstream.chat = says(line("Yes."), done(prompt_eval_count=1500))
    _, first, _ = await gateway.ask(messages=history)
    assert first["usage"]["cache_creation_input_tokens"] == 0
    block = {"type": "text", "text": "And?"} | (cache if marked == "block" else {})
    history += [
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": [block]},
    ]
    upstream.chat = says(line("And so on."), done(prompt_eval_count=1520))
    with caplog.at_level(logging.INFO):
        *_, end, _ = await gateway.stream(
            messages=history, **(cache if marked == "request" else {})
        )
    counts = {name: count for name, count in end["usage"].items() if name != "output_tokens"}
    assert counts == {
        "input_tokens": 1,
        "cache_creation_input_tokens": 16,
        "cache_read_input_tokens": 1503,
    }
    assert "tokens_in=17 tokens_reused=1503" in caplog.text


async def test_a_fault_of_ours_is_an_answer_and_in_the_log(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(gateway.shared.models, "target", fault)
    status, answer, headers = await gateway.ask()
    assert status == 500
    assert answer["error"]["message"] == "Internal error in cc-proxy; its log has the details."
    assert headers["request-id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_turn_goes_back_to_the_model_as_it_wrote_it(
    gateway: Gateway, upstream: Upstream
) -> None:
    call = {"function": {"name": "Read", "arguments": {"path": "a", "limit": "5"}}}
    upstream.chat = says(line("Looking.\n\n", message={"tool_calls": [call]}), done())
    _, message, _ = await gateway.ask(tools=[READ])
    text, used = message["content"]
    used["input"] = {"limit": 5, "path": "a", "all": False}
    history = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [used, text | {"text": "Looking."}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": used["id"]}]},
    ]
    await gateway.ask(tools=[READ], messages=history)
    sent = upstream.bodies[-1]["messages"][1]
    assert sent["content"] == "Looking.\n\n"
    assert sent["tool_calls"][0]["function"]["arguments"] == {"path": "a", "limit": "5"}


def asks_twice(first: bytes, second: bytes) -> Chat:
    answers = iter([first, second])

    async def chat(request: web.Request) -> web.StreamResponse:
        return await says(next(answers))(request)

    return chat


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_call_that_vanished_is_asked_for_once_more_in_one_piece(
    gateway: Gateway, upstream: Upstream, caplog: Any, *, streamed: bool
) -> None:
    call = {"function": {"name": "Read", "arguments": {}}}
    upstream.chat = asks_twice(
        done(eval_count=9), done(message={"content": "", "tool_calls": [call]})
    )
    if streamed:
        events = await gateway.stream(tools=[READ])
        assert events[-2]["delta"]["stop_reason"] == "tool_use"
    else:
        _, message, _ = await gateway.ask(tools=[READ])
        assert message["stop_reason"] == "tool_use"
    first, second = upstream.bodies
    assert (first.pop("stream"), second.pop("stream")) == (True, False)
    assert first == second
    assert "9 tokens vanished in Ollama: asked once more" in caplog.text


async def test_a_call_that_vanishes_twice_is_reported(gateway: Gateway, upstream: Upstream) -> None:
    upstream.chat = asks_twice(done(eval_count=9), done(eval_count=8))
    _, message, _ = await gateway.ask(tools=[READ])
    assert "vanished in Ollama" in message["content"][0]["text"]
    assert len(upstream.bodies) == 2


async def test_a_call_that_is_made_again_and_again_is_named_in_the_log(
    gateway: Gateway, caplog: Any
) -> None:
    history: list[dict[str, Any]] = [{"role": "user", "content": "go"}]
    for number in range(3):
        used = {"type": "tool_use", "id": f"t{number}", "name": "Read", "input": {"p": "a"}}
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": "no"}
        history += [
            {"role": "assistant", "content": [used]},
            {"role": "user", "content": [result]},
        ]
    await gateway.ask(tools=[READ], messages=history)
    assert "has called Read 3 times in a row" in caplog.text


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_probe_of_claude_code_is_answered_without_a_model(
    gateway: Gateway, upstream: Upstream, caplog: Any, *, streamed: bool
) -> None:
    caplog.set_level(logging.INFO)
    gateway.client.headers["User-Agent"] = "claude-cli/2.1.330 (external, cli)"
    if streamed:
        events = await gateway.stream(max_tokens=1)
        assert events[-2]["delta"]["stop_reason"] == "max_tokens"
    else:
        status, message, _ = await gateway.ask(max_tokens=1)
        assert (status, message["stop_reason"]) == (200, "max_tokens")
    assert upstream.bodies == []
    assert "a probe, answered by cc-proxy" in caplog.text


async def test_one_token_for_another_client_is_asked_of_the_model(
    gateway: Gateway, upstream: Upstream
) -> None:
    await gateway.ask(max_tokens=1)
    assert upstream.bodies[-1]["options"]["num_predict"] == 1


async def test_fields_that_nobody_reads_are_named_once_for_a_client(
    gateway: Gateway, caplog: Any
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        await gateway.ask(metadata={"user_id": "u"}, safeguards=[{"type": "x"}])
    assert caplog.text.count("sends fields that are not used here: metadata, safeguards") == 1


async def test_a_missing_model_is_named_as_ollama_knows_it(
    gateway: Gateway, upstream: Upstream
) -> None:
    async def chat(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "model 'big:30b' not found"}, status=404)

    upstream.chat = chat
    _, answer, _ = await gateway.ask()
    assert "no model big:30b (asked for as m)" in answer["error"]["message"]
    assert "`ollama pull big:30b`" in answer["error"]["message"]


async def test_a_fault_of_ours_in_mid_stream_is_an_error_event(
    gateway: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for one in (line("half"), line("more"), done()):
            await response.write(one)
            await asyncio.sleep(0.05)
        return response

    def fault(*_: object) -> None:
        raise ZeroDivisionError

    upstream.chat = chat
    monkeypatch.setattr(AnswerStream, "_finish", fault)
    events = await gateway.stream()
    assert [event["type"] for event in events[-2:]] == ["content_block_stop", "error"]
    assert events[-1]["error"]["message"].startswith("Internal error in cc-proxy")
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m","max_tokens":1,"messages":[],"system":"\xff"}',
        b'{"model":"m","max_tokens":1,"messages":[],"tools":[{"name":"\xff"}]}',
    ],
)
async def test_bytes_that_are_not_utf_8_are_refused_wherever_they_stand(
    gateway: Gateway, body: bytes
) -> None:
    async with gateway.client.post(gateway.url + "/v1/messages", data=body) as response:
        answer = await response.json()
    assert response.status == 400
    assert "not valid JSON in UTF-8" in answer["error"]["message"]


async def test_words_reach_a_client_without_a_task_and_the_answer_is_the_same(
    gateway: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [f"word {number} " for number in range(20)]
    lines = [*map(line, words), line(message={"thinking": "hm"}), line("end"), done()]

    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for one in lines:
            await response.write(one)
            await asyncio.sleep(0.005)
        return response

    upstream.chat = chat
    sent: list[bytes] = []
    send = StreamWriter.send

    async def counted(self: StreamWriter, data: bytes) -> None:
        sent.append(data)
        await send(self, data)

    monkeypatch.setattr(StreamWriter, "send", counted)
    straight = await gateway.stream()
    by_tasks, sent = len(sent), []
    monkeypatch.setattr(StreamWriter, "at_once", lambda _pacer: None)
    waited = await gateway.stream()
    assert text_of(straight) == text_of(waited) == "".join(words) + "end"
    assert [event["type"] for event in straight] == [event["type"] for event in waited]
    # The first words of a block, and what ends it: not the 19 that only go on with it.
    assert by_tasks < len(sent) - 15


async def test_an_older_client_gets_no_chunks(gateway: Gateway, upstream: Upstream) -> None:
    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for one in (line("one "), line("two "), line("three"), done()):
            await response.write(one)
            await asyncio.sleep(0.01)
        return response

    upstream.chat = chat
    address = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    asked = json.dumps(body(stream=True)).encode()
    writer.write(
        b"POST /v1/messages HTTP/1.0\r\nHost: %b\r\nx-api-key: %b\r\nContent-Length: %d\r\n\r\n%b"
        % (address.netloc.encode(), KEY.encode(), len(asked), asked)
    )
    head, _, events = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert b"chunked" not in head
    data = [row.removeprefix("data: ") for row in events.decode().splitlines() if "data: " in row]
    assert text_of([json.loads(one) for one in data]) == "one two three"


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(event["delta"].get("text", "") for event in events if "delta" in event)
