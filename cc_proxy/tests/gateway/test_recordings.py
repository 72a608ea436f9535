"""What a real Ollama 0.32.15 was recorded to answer, and what a client gets for each.

recordings.json holds the answers byte for byte, cut where they came off the socket (the model's
words are random, its weights are). They are replayed to a whole gateway by a server that knows
no HTTP.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Ollama, Settings
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http.server import application
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream
from cc_proxy.tests.conformance.grammar import check, parse

from .conftest import KEY, Gateway, body
from .recorded_answers import ANSWERS, REFUSALS

RECORDINGS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "recordings.json").read_text(encoding="utf-8")
)
USUAL = {
    "/api/version": "03_version",
    "/api/tags": "04_tags",
    "/api/show": "05_show_present",
    "/api/ps": "07_ps",
}


TOOL_INPUT = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "zone": {"type": "string"}},
}


@dataclass
class Replay:
    """Answers each path with a recording, in the pieces that it came in."""

    answers: dict[str, str]
    serving: list["asyncio.Task[None]"] = field(default_factory=list)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.create_task(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await _head(reader):
                path = head.split(" ")[1]
                recording = RECORDINGS[self.answers[path]]
                for piece in recording["recvs"]:
                    writer.write(piece.encode())
                    await writer.drain()
                    # The next piece must not join this one in the socket.
                    await asyncio.sleep(0.002)
                if recording.get("closes"):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the gateway has what it wants, and hangs up
        finally:
            writer.close()


async def _head(reader: asyncio.StreamReader) -> str:
    """Read a request; return its head, nothing at the end of the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return ""
    for line in head.lower().splitlines():
        name, _, value = line.partition(":")
        if name == "content-length":
            await reader.readexactly(int(value))
    return head


@asynccontextmanager
async def gateway_on(**answers: str) -> AsyncIterator[Gateway]:
    replay = Replay(USUAL | {f"/api/{path}": name for path, name in answers.items()})
    server = await asyncio.start_server(replay.accept, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = Settings(ollama=Ollama(base_url=url))
    asked = OllamaClient(url, api_key=None, silence_seconds=5.0)
    async with OllamaUpstream(asked) as ollama:
        context = GatewayContext(settings, KEY, "i", None, "d")
        shared = Shared(context, Upstreams(ollama))
        async with (
            TestServer(application(shared), handler_cancellation=True) as front,
            ClientSession(headers={"x-api-key": KEY}) as client,
        ):
            yield Gateway(str(front.make_url("")).rstrip("/"), client, shared, asked)
    server.close()
    await asyncio.gather(*replay.serving)


def request(name: str) -> dict[str, Any]:
    """Return a request with the tools that the recorded one had."""
    tools = [{"name": one, "input_schema": TOOL_INPUT} for one in RECORDINGS[name].get("tools", ())]
    return {"tools": tools} if tools else {}


def test_every_recorded_answer_to_a_chat_has_its_row() -> None:
    chats = {name for name, one in RECORDINGS.items() if one["asked"] == "POST /api/chat"}
    assert len(chats) > 60
    assert chats <= ANSWERS.keys() | REFUSALS.keys()


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_recorded_answer_reaches_the_client_whole(name: str) -> None:
    async with gateway_on(chat=name) as gateway:
        status, message, _ = await gateway.ask(**request(name))
    assert status == 200
    compare(name, message["content"], message["stop_reason"], message["usage"])


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_recorded_answer_reaches_the_client_streamed(name: str) -> None:
    asked = body(stream=True, **request(name))
    async with (
        gateway_on(chat=name) as gateway,
        gateway.client.post(gateway.url + "/v1/messages?beta=true", json=asked) as response,
    ):
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        told = check(parse(await response.read()))
    compare(name, told.content(), told.stop_reason, told.usage)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", REFUSALS)
async def test_a_recorded_error_is_the_api_s_error(name: str, stream: bool) -> None:  # noqa: FBT001 - a column
    async with gateway_on(chat=name) as gateway:
        status, answer, headers = await gateway.ask(stream=stream, **request(name))
    assert answer["type"] == "error"
    assert answer["request_id"] == headers["request-id"]
    error, wanted = answer["error"], REFUSALS[name]
    assert (status, error["type"]) == (wanted.status, wanted.type)
    assert headers["x-should-retry"] == wanted.retry
    assert begins(error["message"], wanted.message)


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("06_show_missing", 404, "Ollama has no model nope (asked for as m)."),
        ("06b_show_empty", 400, "Ollama refused the request: model is required"),
        ("06c_show_badname", 400, "Ollama refused the request: invalid model name"),
        ("84b_origin_foreign", 403, "Ollama refused access: (empty body)"),
    ],
)
async def test_a_recorded_refusal_to_show_a_model_is_said(
    name: str, status: int, words: str
) -> None:
    async with gateway_on(show=name) as gateway:
        got, answer, headers = await gateway.ask()
        assert (await read(gateway, "/v1/models/m"))["error"] == answer["error"]
    assert (got, headers["x-should-retry"]) == (status, "false")
    assert answer["error"]["message"].startswith(words)


@pytest.mark.parametrize(
    ("show", "ps", "model", "window"),
    [
        ("05_show_present", "07_ps", "tiny", 65_536),
        # Loaded with its largest window by somebody else: kept, or Ollama would load it again.
        ("05_show_present", "33b_ps_after", "tiny", 131_072),
        ("05_show_present", "33b_ps_after", "another", 65_536),
        ("83_jinja_show", "82b_ps", "tiny-jinja", 65_536),
    ],
)
async def test_the_recorded_window_of_a_model_is_told(
    show: str, ps: str, model: str, window: int
) -> None:
    async with gateway_on(show=show, ps=ps) as gateway:
        answer = await read(gateway, f"/v1/models/{model}")
    assert (answer["id"], answer["max_input_tokens"]) == (model, window)


async def test_the_recorded_models_are_listed() -> None:
    async with gateway_on() as gateway:
        answer = await read(gateway, "/v1/models?limit=1000")
    names = [model["id"] for model in answer["data"]]
    assert names[:3] == ["tiny-plain:latest", "tiny-long:latest", "tiny-think:latest"]
    assert (answer["first_id"], answer["last_id"]) == (names[0], names[-1])


async def test_of_the_recorded_models_a_loaded_one_with_tools_answers_for_claude() -> None:
    async with gateway_on() as gateway:
        health = await read(gateway, "/health")
    # tiny-plain and tiny-long are newer, but cannot use tools.
    assert health["default_model"]["name"] == "tiny:latest"
    assert health["upstream"]["version"] == "0.32.15"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("84_host_header_foreign", "Ollama answered 400: 400 Bad Request"),
        ("84b_origin_foreign", "Ollama answered 403: (empty body)"),
        ("24_405", "Ollama answered 405: 405 method not allowed"),
        ("23_404", "Ollama answered 404: 404 page not found"),
    ],
)
async def test_health_says_what_was_answered_in_place_of_a_version(name: str, words: str) -> None:
    async with gateway_on(version=name) as gateway:
        upstream = (await read(gateway, "/health"))["upstream"]
    assert upstream["reachable"] is False
    assert upstream["error"] == words


async def read(gateway: Gateway, path: str) -> Any:
    async with gateway.client.get(gateway.url + path) as response:
        return await response.json()


def compare(name: str, blocks: list[Any], stop_reason: str | None, usage: Any) -> None:
    answer = ANSWERS[name]
    for block, wanted in zip(blocks, answer.blocks, strict=True):
        kind, words, *arguments = wanted
        assert block["type"] == kind
        if arguments:
            assert [block["name"], block["input"]] == [words, *arguments]
            continue
        assert begins(block[kind], words)
        if not words.startswith("[cc-proxy: "):
            assert block[kind] == recorded(name, "content" if kind == "text" else kind)
    assert (stop_reason, usage["output_tokens"]) == (answer.stop_reason, answer.tokens_out)
    tokens_in = usage["input_tokens"] + usage["cache_read_input_tokens"]
    assert tokens_in == answer.tokens_in if answer.tokens_in else tokens_in > 0


def begins(text: str, words: str) -> bool:
    return text.startswith(words.removesuffix("…")) if words.endswith("…") else text == words


def recorded(name: str, key: str) -> str:
    """Return all the text that a recording has under a key."""
    raw = "".join(RECORDINGS[name]["recvs"])
    found = re.finditer(rf'(?<="{key}":)"(?:[^"\\]|\\.)*"', raw)
    return "".join(json.loads(one[0]) for one in found)
