"""The bytes that reach Ollama: one byte less or in another place has the model read all again.

`wire_bytes.json` has what was sent for each scenario, as it was recorded; a long body by its
SHA-256.
"""

import hashlib
import itertools
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ClientSession, web

from cc_proxy.app.gateway.answer import rounds
from cc_proxy.app.gateway.routes import exchange

from .conftest import Gateway, Upstream, done, line, says
from .test_read_ahead import until
from .test_second_tries import BASH, CALL, READ, breaks, in_turn, refuses
from .test_slot_keeper import begun, turn

RECORDED = Path(__file__).with_name("wire_bytes.json")
MAX_SHOWN = 1500
WEATHER = {
    "name": "get_weather",
    "description": "Tells the weather — also in Zürich.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Zürich", "東京"]}, "days": {}},
        "required": ["city"],
    },
}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
SYSTEM = [
    {"type": "text", "text": "You are kind.", "cache_control": {"type": "ephemeral"}},
    {"type": "text", "text": 'Say "äöü" and </script>\t.'},
]
LONG_ID = "toolu_01A09q90qw90lq917835lq9"
HISTORY: list[dict[str, Any]] = [
    {"role": "user", "content": [{"type": "text", "text": "What is in a.txt?"}]},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "I read it.", "signature": "s"},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": LONG_ID, "name": "Read", "input": {"file_path": "a.txt"}},
            {"type": "tool_use", "id": "toolu_2", "name": "Bash", "input": {"command": "ls é"}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": LONG_ID, "content": "one\nline"},
            {
                "type": "tool_result",
                "tool_use_id": "toolu_2",
                "is_error": True,
                "content": [{"type": "text", "text": "no such file"}, IMAGE],
            },
            {"type": "text", "text": "Go on."},
        ],
    },
]
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
FORMAT = {"format": {"type": "json_schema", "schema": SCHEMA}}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 2}
CALLED = done(message={"content": "", "tool_calls": [CALL]})
STEP = "I will now read the file."
LOOP = "And so it goes on, again. " * 200
ADAPTIVE = {"type": "adaptive"}

Scenario = Callable[[Gateway, Upstream], Awaitable[None]]


class Recorder(Upstream):
    """An Ollama that keeps the bytes of each request."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, bytes]] = []

    async def on_chat(self, request: web.Request) -> web.StreamResponse:
        self.heard.append((request.path, await request.read()))
        return await super().on_chat(request)

    async def on_show(self, request: web.Request) -> web.Response:
        if (await request.json())["model"] != "gpt-oss":
            return await super().on_show(request)
        shown = {"capabilities": ["completion", "tools", "thinking"]}
        return web.json_response(shown | {"details": {"family": "gptoss"}})

    async def on_generate(self, request: web.Request) -> web.Response:
        self.heard.append((request.path, await request.read()))
        return web.json_response({"done": True})

    def app(self) -> web.Application:
        app = super().app()
        app.router.add_post("/api/generate", self.on_generate)
        return app


@pytest.fixture
def upstream() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def counted_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Number the ids of calls, which are random and go back to Ollama in the next turn."""
    numbers = itertools.count(1)
    counted = SimpleNamespace(token_hex=lambda size: f"{next(numbers):0{2 * size}}")
    monkeypatch.setattr(rounds, "secrets", counted)
    monkeypatch.setattr(exchange, "secrets", counted)


def asked(**fields: Any) -> Scenario:
    async def scenario(gateway: Gateway, _upstream: Upstream) -> None:
        status, answer, _ = await gateway.ask(**fields)
        assert status == 200, answer

    return scenario


def able(*capabilities: str, **fields: Any) -> Scenario:
    async def scenario(gateway: Gateway, upstream: Upstream) -> None:
        upstream.capabilities = ("completion", "tools", *capabilities)
        await asked(**fields)(gateway, upstream)

    return scenario


def tried_again(*answers: Any, **fields: Any) -> Scenario:
    async def scenario(gateway: Gateway, upstream: Upstream) -> None:
        upstream.chat = in_turn(*answers)
        if "thinking" in fields:
            upstream.capabilities = ("completion", "tools", "thinking")
        await asked(**fields)(gateway, upstream)

    return scenario


async def preloaded(gateway: Gateway, upstream: Upstream) -> None:
    reminder = "<system-reminder>\nBe careful.\n</system-reminder>\n"
    words = {"role": "user", "content": f"{reminder}first words"}
    await gateway.ask(
        tools=[READ, WEATHER], system=SYSTEM, messages=[words], temperature=0.5, top_k=7
    )
    async with gateway.client.post(gateway.url + "/preload", json={"model": "m", "wait": True}):
        pass
    await until(upstream, 3)


async def two_sessions_at_work(gateway: Gateway, upstream: Upstream) -> None:
    async def chat(request: web.Request) -> web.StreamResponse:
        tokens = len(await request.read()) // 4
        called = [{"id": "1", "function": {"name": "Tool1", "arguments": {}}}]
        answer = says(line(message={"tool_calls": called}), done(prompt_eval_count=tokens))
        return await answer(request)

    upstream.chat = chat
    first, second = begun("a"), begun("b")
    for _ in range(4):
        await turn(gateway, "a", first)
    for _ in range(3):
        await turn(gateway, "b", second)
        await turn(gateway, "a", first)


async def title_beside_a_session(gateway: Gateway, _upstream: Upstream) -> None:
    headers = {**gateway.client.headers, "X-Claude-Code-Session-Id": "a"}
    asks = {"model": "claude-haiku-4-5", "max_tokens": 512, "system": "Write a title."}
    body = asks | {"messages": [{"role": "user", "content": "A long conversation."}]}
    async with (
        ClientSession(headers=headers) as client,
        client.post(gateway.url + "/v1/messages", json=body | {"model": "m"}) as response,
    ):
        assert response.status == 200


SCENARIOS: dict[str, Scenario] = {
    "words": asked(system=SYSTEM),
    "sampling": asked(temperature=0.25, top_p=0.9, top_k=40, stop_sequences=["END"]),
    "whole numbers": asked(temperature=1, top_p=1),
    "more tokens than the window": asked(max_tokens=10_000_000),
    "max_tokens 0": asked(max_tokens=0, tools=[READ]),
    "tools": asked(tools=[READ, BASH, WEATHER], system=SYSTEM),
    "tool_choice none": asked(tools=[READ], tool_choice={"type": "none"}),
    "tool_choice any": asked(tools=[READ, BASH], tool_choice={"type": "any"}),
    "tool_choice tool": asked(
        tools=[READ, BASH],
        tool_choice={"type": "tool", "name": "Bash", "disable_parallel_tool_use": True},
    ),
    "history": asked(tools=[READ, BASH], messages=HISTORY),
    "history without tools": asked(messages=HISTORY),
    "image": able("vision", messages=[{"role": "user", "content": [IMAGE]}]),
    "image in a result": able("vision", tools=[READ, BASH], messages=HISTORY),
    "image to a model that cannot see": asked(messages=[{"role": "user", "content": [IMAGE]}]),
    "thinking": able("thinking", thinking=ADAPTIVE, tools=[READ]),
    "thinking off": able("thinking", tools=[READ]),
    "thinking in the history": able(
        "thinking", thinking=ADAPTIVE, tools=[READ, BASH], messages=HISTORY
    ),
    "effort high": asked(model="gpt-oss", thinking=ADAPTIVE, output_config={"effort": "xhigh"}),
    "effort before a call": asked(
        model="gpt-oss", tools=[READ], tool_choice={"type": "any"}, thinking=ADAPTIVE
    ),
    "format": asked(output_config=FORMAT),
    "format beside tools": asked(output_config=FORMAT, tools=[READ]),
    "compaction": asked(compaction={"type": "summarize"}, tools=[READ, BASH], messages=HISTORY),
    "web search": asked(tools=[SEARCH, READ], system="You search."),
    "web search alone": asked(tools=[SEARCH], system="You search."),
    "side request": title_beside_a_session,
    "unreadable call, twice": tried_again(
        refuses("EOF"), refuses("EOF"), says(CALLED), tools=[READ]
    ),
    "unreadable call after a result": tried_again(
        refuses("EOF"), refuses("EOF"), says(CALLED), tools=[READ, BASH], messages=HISTORY
    ),
    "unreadable call behind a prefill": tried_again(
        refuses("EOF"),
        refuses("EOF"),
        says(CALLED),
        tools=[READ],
        messages=[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "I"}],
    ),
    "unreadable call in mid-answer": tried_again(
        breaks("I read ", "it.", text="EOF"), says(CALLED), tools=[READ]
    ),
    "vanished answer": tried_again(
        says(done(eval_count=9)), says(CALLED), tools=[READ], temperature=0.5, messages=HISTORY
    ),
    "announced step": tried_again(
        says(line(STEP), done()), says(line("Reading."), CALLED), tools=[READ]
    ),
    "announced step with thinking": tried_again(
        says(line(message={"thinking": "Hm."}), line(STEP), done()),
        says(line("Reading."), CALLED),
        tools=[READ],
        thinking=ADAPTIVE,
    ),
    "loop": tried_again(says(line(LOOP), line("x"), done()), says(CALLED), tools=[READ]),
    "loop with thinking": tried_again(
        says(line(message={"thinking": LOOP}), line("x"), done()),
        says(CALLED),
        tools=[READ],
        thinking=ADAPTIVE,
    ),
    "preload and read-ahead": preloaded,
    "two sessions at work": two_sessions_at_work,
}


def shown(body: bytes) -> str:
    """Return a body as it is recorded."""
    if len(body) <= MAX_SHOWN:
        return body.decode()
    return f"{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()}"


@pytest.mark.parametrize("name", SCENARIOS)
async def test_ollama_gets_the_bytes_that_were_recorded(
    gateway: Gateway, upstream: Recorder, name: str
) -> None:
    await SCENARIOS[name](gateway, upstream)
    heard = [[path, shown(body)] for path, body in upstream.heard]
    assert heard == json.loads(RECORDED.read_text())[name]
