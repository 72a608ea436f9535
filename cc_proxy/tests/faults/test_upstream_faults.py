"""Whatever Ollama, or what stands in its place, does: the client is told, and nothing is left.

docs/reference/faults.md is the list of these.
"""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from cc_proxy.app.gateway.scheduling.queue import Queue
from cc_proxy.app.gateway.scheduling.waiter import QueueLimits
from cc_proxy.app.upstreams.http import transfer
from cc_proxy.app.upstreams.http.client import MAX_ANSWER_BYTES
from cc_proxy.app.upstreams.ollama.lines import MAX_LINE_BYTES

from .plays import (
    HALF,
    MEGABYTE,
    PAGE,
    answers,
    answers_in_pieces,
    begins,
    compressed,
    ends,
    streams,
)
from .stage import Stage, until
from .storm import BUSY
from .upstream import HELLO, NDJSON, Exchange, done, hello, line


async def test_it_refuses_connections(stage: Stage) -> None:
    await stage.unharmed()
    await stage.upstream.stop()
    words = (f"does not answer at {stage.upstream.url}", "ollama serve")
    for seen in await stage.refused(503, "api_error", *words):
        assert seen.headers["x-should-retry"] == "false"
    await stage.upstream.start()


@pytest.mark.parametrize("how", [Exchange.reset, Exchange.close])
async def test_it_breaks_the_connection_before_the_headers(
    stage: Stage, how: Callable[[Exchange], None]
) -> None:
    stage.upstream.play = ends(how)
    for seen in await stage.refused(502, "api_error", "The connection to Ollama", "broke"):
        assert "x-should-retry" not in seen.headers
    assert stage.upstream.chats == 4, "each is tried once more, and not again"


@pytest.mark.parametrize("how", [Exchange.reset, Exchange.close])
async def test_it_breaks_the_connection_in_mid_stream(
    stage: Stage, how: Callable[[Exchange], None]
) -> None:
    stage.upstream.play = begins(how)
    await stage.breaks_off(502, "api_error", "The connection to Ollama", "broke")
    assert stage.upstream.chats == 2, "what has been begun is not asked again"


async def test_it_says_nothing_at_all(stage: Stage) -> None:
    stage.upstream.play = Exchange.gone
    words = ("was silent for more than 1.5 seconds", "OLLAMA_TIMEOUT_SECONDS")
    for seen in await stage.refused(504, "timeout_error", *words):
        assert seen.headers["x-should-retry"] == "false"


async def test_it_stalls_in_mid_stream(stage: Stage) -> None:
    stage.upstream.play = begins(lambda _: None)
    await stage.breaks_off(504, "timeout_error", "was silent for more than 1.5 seconds")


async def test_it_drips_one_byte_at_a_time(stage: Stage) -> None:
    # For longer than the silence that is tolerated: every byte is a sign of life.
    stage.upstream.play = streams(*(HELLO[at : at + 1] for at in range(len(HELLO))), pause=0.008)
    await stage.unharmed()


async def test_it_splits_chunks_inside_a_character(stage: Stage) -> None:
    text = "Größe: 12 €, 東京 🐦"
    raw = line(text) + done()
    middle = raw.index("🐦".encode()) + 2
    stage.upstream.play = streams(raw[:middle], raw[middle:])
    await stage.unharmed(text)


async def test_it_answers_what_is_not_http(stage: Stage) -> None:
    async def play(exchange: Exchange) -> None:
        await exchange.send(b"\x16\x03\x01 SSH-2.0-or something\r\n\r\n")
        exchange.close()

    stage.upstream.play = play
    for seen in await stage.refused(502, "api_error", "what came is not HTTP"):
        assert "x-should-retry" not in seen.headers


async def test_it_sends_headers_without_an_end(stage: Stage) -> None:
    async def play(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * MEGABYTE)
        await exchange.gone()

    stage.upstream.play = play
    await stage.refused(502, "api_error", "The connection to Ollama", "broke")


CALL = b'{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"a":"\xff"}}}]}}\n'


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff\xfe\n", b"not json\n", b"[1, 2]\n", b'"x"\n', b"{\n", CALL]
)
async def test_it_sends_garbage_among_the_lines(stage: Stage, garbage: bytes) -> None:
    stage.upstream.play = streams(HALF, garbage, done())
    await stage.breaks_off(502, "api_error", "a line that is not its JSON")


@pytest.mark.parametrize(
    "broken", [line("a heron")[:-4] + b"\n", line("a heron")[20:], line(message={"content": None})]
)
async def test_what_was_said_is_not_quoted_when_its_line_breaks(
    stage: Stage, broken: bytes
) -> None:
    stage.upstream.play = streams(HALF, broken, done())
    await stage.breaks_off(502, "api_error", "a line that is not its JSON")
    stage.upstream.play = streams(HALF, line("a heron" * 20)[:-4])
    await stage.breaks_off(502, "api_error", "in the middle of a line")
    assert "heron" not in stage.logged()


async def test_it_names_another_content_type(stage: Stage) -> None:
    stage.upstream.play = answers(200, HELLO, "Content-Type: text/plain")
    await stage.unharmed()


async def test_it_sends_a_web_page_with_status_200(stage: Stage) -> None:
    stage.upstream.play = answers(200, PAGE, "Content-Type: text/html")
    for seen in await stage.refused(502, "api_error", "a web page", "OLLAMA_BASE_URL"):
        assert seen.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("status", "seen", "retry"), [(500, 500, "false"), (502, 502, None), (503, 502, None)]
)
async def test_it_sends_a_web_page_with_an_error_status(
    stage: Stage, status: int, seen: int, retry: str | None
) -> None:
    stage.upstream.play = answers(status, PAGE, "Content-Type: text/html")
    for one in await stage.refused(seen, "api_error", "a web page", '"502 Bad Gateway"'):
        assert one.headers.get("x-should-retry") == retry


@pytest.mark.parametrize(
    ("software", "words"),
    [
        ("nginx/1.26.2", ("nginx in front of Ollama did not wait", "proxy_read_timeout 1h;")),
        ("", ("A gateway in front of Ollama did not wait", "HAProxy timeout server")),
    ],
)
async def test_a_gateway_in_front_of_it_does_not_wait(
    stage: Stage, software: str, words: tuple[str, ...]
) -> None:
    stage.upstream.play = answers(504, PAGE, "Content-Type: text/html", f"Server: {software}")
    for one in await stage.refused(504, "timeout_error", "(504)", *words):
        assert one.headers["x-should-retry"] == "false"


async def test_a_gateway_in_front_of_it_takes_no_large_request(stage: Stage) -> None:
    stage.upstream.play = answers(413, PAGE, "Content-Type: text/html", "Server: nginx")
    words = ("nginx in front of Ollama takes no request as large", "client_max_body_size 64m;")
    for one in await stage.refused(413, "request_too_large", *words):
        assert one.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("page", ["<html><title>" + " " * 60_000, "<html>" + "<" * 60_000])
async def test_it_sends_an_error_page_without_an_end(stage: Stage, page: str) -> None:
    stage.upstream.play = answers(502, page.encode(), "Content-Type: text/html")
    await stage.refused(502, "api_error", "a web page")


async def test_it_sends_numbers_of_thousands_of_digits(stage: Stage) -> None:
    digits = "9" * 5000
    many = f"request ({digits} tokens) exceeds the available context size ({digits} tokens)"
    stage.upstream.play = answers(500, json.dumps({"error": many}).encode())
    for seen in (await stage.whole(), await stage.streamed()):
        assert (seen.status, seen.error["type"]) == (500, "api_error")
        assert seen.error["message"].startswith("Ollama failed: request (999")
    show = {"parameters": f"num_ctx {digits}", "template": f"tojson(indent={digits})"}
    stage.upstream.questions["/api/show"] = {"capabilities": ["completion"]} | show
    stage.shared.models.forget(await stage.shared.models.target("m"))
    stage.upstream.play = hello
    await stage.unharmed()


SELF = {"type": ["object", "string"], "anyOf": [{"$ref": "#/$defs/Self"}]}
IN_ITSELF = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/Self"}},
    "$defs": {"Self": SELF},
}


@pytest.mark.parametrize("arguments", [{"a": {"a": 1}}, {"a": "5"}, {"A": "x"}])
async def test_its_model_calls_a_tool_whose_schema_refers_to_itself(
    stage: Stage, arguments: dict[str, Any]
) -> None:
    call = {"function": {"name": "Read", "arguments": arguments}}
    stage.upstream.play = streams(line(message={"tool_calls": [call]}), done())
    for seen in await stage.both(tools=[{"name": "Read", "input_schema": IN_ITSELF}]):
        assert (seen.status, seen.complete) == (200, True), seen


@pytest.mark.parametrize("half", [r"\ud800", r"\udc00"])
@pytest.mark.parametrize("times", [1, 5000])
async def test_its_model_writes_a_call_with_half_a_character(
    stage: Stage, half: str, times: int
) -> None:
    call = f'{{"name": "Read", "arguments": {{"a": "{half * times}"}}}}'
    stage.upstream.play = streams(line(f"<tool_call>\n{call}\n</tool_call>"), done())
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    for seen in await stage.both(tools=[{"name": "Read", "input_schema": schema}]):
        assert (seen.status, seen.complete) == (200, True), seen
        assert seen.calls == [{"a": "\ufffd" * times}]


@pytest.mark.parametrize("demanded", [{"type": "auto"}, {"type": "any"}])
async def test_its_model_writes_a_call_that_is_too_deep(
    stage: Stage, demanded: dict[str, str]
) -> None:
    for depth in (300, 980, 50_000):
        call = f'{{"name": "Read", "arguments": {{"a": {"[" * depth}{"]" * depth}}}}}'
        stage.upstream.play = streams(line(call), done())
        tools = [{"name": "Read", "input_schema": {"type": "object"}}]
        for seen in await stage.both(tools=tools, tool_choice=demanded):
            assert (seen.status, seen.complete) == (200, True), seen


@pytest.mark.parametrize("cut", [1, 20])
async def test_it_sends_an_error_in_pieces(stage: Stage, cut: int) -> None:
    stage.shared.lanes.first.queue = Queue(
        stage.shared.upstreams.first, QueueLimits(patience_seconds=0.3)
    )
    for status, text, seen, kind, words in (
        (404, "model 'm' not found", 404, "not_found_error", "ollama pull m"),
        (500, "out of memory", 500, "api_error", "Ollama failed: out of memory"),
        (503, BUSY, 529, "overloaded_error", "Ollama was busy for 0.3 seconds"),
    ):
        told = json.dumps({"error": text}).encode()
        stage.upstream.play = answers_in_pieces(status, told[:cut], told[cut:])
        await stage.refused(seen, kind, words)


async def test_it_sends_an_error_without_its_text(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "ERROR_SECONDS", 0.1)
    for pieces in ((), (b"out of mem",)):
        stage.upstream.play = answers_in_pieces(500, *pieces, length=1000)
        await stage.refused(500, "api_error", "Ollama failed:", "".join(p.decode() for p in pieces))


@pytest.mark.parametrize("packed", [True, False])
async def test_its_answer_to_a_question_has_no_end(stage: Stage, *, packed: bool) -> None:
    sent = 0

    async def endless(exchange: Exchange) -> None:
        nonlocal sent
        sent = 0
        await exchange.send(NDJSON)
        while True:
            await exchange.chunk(b" " * MEGABYTE)
            sent += MEGABYTE

    bomb = gzip.compress(b" " * 10 * MAX_ANSWER_BYTES, mtime=0)
    play = answers(200, bomb, "Content-Encoding: gzip") if packed else endless
    known = stage.upstream.questions["/api/show"]
    stage.upstream.questions["/api/show"] = play
    for seen in await stage.refused(502, "api_error", "is not Ollama", f"{MAX_ANSWER_BYTES} bytes"):
        assert seen.headers["x-should-retry"] == "false"
    assert sent < MAX_ANSWER_BYTES + 24 * MEGABYTE
    stage.upstream.questions["/api/show"] = known


async def test_it_sends_a_line_of_100_megabytes(stage: Stage) -> None:
    sent = 0

    async def play(exchange: Exchange) -> None:
        nonlocal sent
        sent = 0
        await exchange.send(NDJSON)
        await exchange.chunk(HALF)
        piece = b"x" * MEGABYTE
        for _ in range(100):
            await exchange.chunk(piece)
            sent += len(piece)

    stage.upstream.play = play
    await stage.breaks_off(502, "api_error", "a line without an end")
    # What it could not send was never here: the rest is what the sockets hold.
    assert sent < MAX_LINE_BYTES + 24 * MEGABYTE


async def test_it_compresses_without_being_asked(stage: Stage) -> None:
    stage.upstream.play = compressed("half")
    await stage.unharmed("half")


async def test_it_says_gzip_and_sends_something_else(stage: Stage) -> None:
    stage.upstream.play = answers(200, HELLO, "Content-Encoding: gzip")
    for seen in await stage.refused(502, "api_error", "what came is not compressed as it says"):
        assert "x-should-retry" not in seen.headers


async def test_it_compresses_in_a_way_that_is_not_known_here(stage: Stage) -> None:
    stage.upstream.play = answers(200, HELLO, "Content-Encoding: br")
    words = ("compressed as br, which was not asked for", "something in front of it does")
    for seen in await stage.refused(502, "api_error", *words):
        assert "crashed" not in seen.error["message"]
        assert seen.headers["x-should-retry"] == "false"


async def test_it_is_restarted_in_mid_stream(stage: Stage) -> None:
    stage.upstream.play = begins(lambda _: None)
    streaming = asyncio.create_task(stage.streamed())
    await until(lambda: stage.upstream.working == 1)
    await asyncio.sleep(0.1)
    await stage.upstream.stop()
    stage.upstream.play = hello
    await stage.upstream.start()
    seen = await streaming
    assert (seen.text, seen.complete, seen.error["type"]) == ("half", False, "api_error")
    assert "its runner may have crashed or been restarted" in seen.error["message"]
    await stage.unharmed()


async def test_it_is_restarted_between_turns(stage: Stage) -> None:
    await stage.unharmed()
    await stage.upstream.stop()
    await stage.upstream.start()
    await stage.unharmed()


@pytest.mark.parametrize("size", [10, 2 * MEGABYTE])
async def test_it_has_closed_the_connection_that_is_used_again(
    stage: Stage, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    answered = 0

    async def play(exchange: Exchange) -> None:
        nonlocal answered
        if exchange.turn > 1:
            # The request crossed the close on its way: nothing of it was worked on.
            exchange.reset()
            return
        answered += 1
        assert json.loads(exchange.body)["model"] == "m"
        await hello(exchange)

    stage.upstream.play = play
    # An image weighs much and has few tokens.
    stage.upstream.questions["/api/show"] |= {"capabilities": ["completion", "vision"]}
    image = {"type": "image", "source": {"type": "base64", "data": "iVBO" * (size // 4)}}
    for _ in range(3):
        seen = await stage.whole(messages=[{"role": "user", "content": [image]}])
        assert seen.text == "Hello", seen
    assert answered == 3
    assert caplog.text.count("asked over a new one") >= 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_it_sends_us_elsewhere(stage: Stage, status: int) -> None:
    place = "Location: https://user:secret@elsewhere.example/api/chat"
    stage.upstream.play = answers(status, b"", place)
    words = ("is not Ollama", "elsewhere.example/api/chat", "OLLAMA_BASE_URL")
    for seen in await stage.refused(502, "api_error", *words):
        assert "secret" not in seen.error["message"]
        assert seen.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("status", [401, 403])
async def test_it_wants_another_login(stage: Stage, status: int) -> None:
    stage.upstream.play = answers(status, b'{"error":"unauthorized"}')
    for seen in await stage.refused(403, "permission_error", "Ollama refused access"):
        assert seen.headers["x-should-retry"] == "false"


async def test_it_no_longer_has_the_model(stage: Stage) -> None:
    await stage.unharmed()
    stage.upstream.play = answers(404, b'{"error":"model \'m\' not found"}')
    await stage.refused(
        404, "not_found_error", "Ollama has no model m.", "`ollama pull m`", "cc-proxy models"
    )


async def test_its_runner_dies_in_mid_stream(stage: Stage) -> None:
    died = "an error was encountered while running the model: unexpected EOF"
    stage.upstream.play = streams(HALF, json.dumps({"error": died}).encode() + b"\n")
    await stage.breaks_off(500, "api_error", died)


async def test_its_last_line_is_cut_off(stage: Stage) -> None:
    stage.upstream.play = streams(HALF, done()[:30])
    await stage.breaks_off(502, "api_error", "in the middle of a line")


async def test_its_last_line_lacks_only_the_line_break(stage: Stage) -> None:
    stage.upstream.play = streams(line("Hello"), done().rstrip())
    await stage.unharmed()


async def test_its_answer_has_no_end(stage: Stage) -> None:
    stage.upstream.play = streams(HALF)
    await stage.breaks_off(502, "api_error", "ended its answer in the middle")


async def test_it_sends_nothing_but_a_200(stage: Stage) -> None:
    stage.upstream.play = answers(200, b"")
    await stage.refused(502, "api_error", "ended its answer in the middle")


async def test_its_answer_is_shorter_than_its_length(stage: Stage) -> None:
    async def play(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + HALF)
        await asyncio.sleep(0.05)
        exchange.close()

    stage.upstream.play = play
    await stage.breaks_off(502, "api_error", "The connection to Ollama", "broke")


@pytest.mark.parametrize("together", [True, False])
async def test_its_answer_has_two_ends(stage: Stage, *, together: bool) -> None:
    pieces = (line("Hello"), done(), line(" more"), done())
    stage.upstream.play = streams(b"".join(pieces)) if together else streams(*pieces)
    await stage.unharmed()


async def test_it_goes_on_for_ever_after_the_end(stage: Stage) -> None:
    sent = 0

    async def play(exchange: Exchange) -> None:
        nonlocal sent
        sent = 0
        await exchange.send(NDJSON)
        await exchange.chunk(HELLO)
        while True:
            await exchange.chunk(b"\n" * MEGABYTE)
            sent += MEGABYTE

    stage.upstream.play = play
    await stage.unharmed()
    await until(lambda: stage.upstream.working == 0)
    assert sent < 32 * MEGABYTE


async def test_something_else_answers_in_its_place(stage: Stage) -> None:
    stage.upstream.questions["/api/show"] = answers(200, PAGE, "Content-Type: text/html")
    for seen in await stage.refused(502, "api_error", "is not Ollama", "OLLAMA_BASE_URL"):
        assert seen.headers["x-should-retry"] == "false"
    stage.upstream.questions["/api/show"] = {"capabilities": ["completion", "tools"]}
