"""`POST /preload`: the model is in memory before the first request, and stays as it is."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import ModelSettings, Ollama, Settings
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http.server import application
from cc_proxy.app.practice.model.speed import PracticeSpeed
from cc_proxy.app.practice.server import PracticeServer
from cc_proxy.app.translate.request.build import chat_request
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream
from cc_proxy.app.upstreams.ollama.wire import load_request
from cc_proxy.tests.gateway.conftest import KEY, Gateway, Upstream, body
from cc_proxy.tests.wire_body import wire_body


@pytest.fixture
def speed() -> PracticeSpeed:
    return PracticeSpeed(load_seconds=0.05)


@pytest.fixture
async def practice(speed: PracticeSpeed) -> AsyncIterator[PracticeServer]:
    async with PracticeServer(speed=speed) as running:
        yield running


@pytest.fixture
async def front(practice: PracticeServer) -> AsyncIterator[Gateway]:
    settings = Settings(
        ollama=Ollama(base_url=practice.url, keep_alive="2h"),
        aliases={"claude-haiku-*": "practice-think"},
        models={"practice-think": ModelSettings(context_window=70_000)},
    )
    asked = OllamaClient(practice.url, api_key=None, silence_seconds=5)
    async with OllamaUpstream(asked) as ollama:
        context = GatewayContext(settings, KEY, "instance-1", None, "digest")
        shared = Shared(context, Upstreams(ollama))
        async with (
            TestServer(application(shared)) as server,
            ClientSession(headers={"x-api-key": KEY}) as client,
        ):
            yield Gateway(str(server.make_url("")).rstrip("/"), client, shared, asked)


async def preload(front: Gateway, **fields: Any) -> tuple[int, dict[str, Any]]:
    async with front.client.post(front.url + "/preload", json=fields) as response:
        return response.status, await response.json()


async def test_the_default_model_is_loaded_and_the_answer_says_how(
    front: Gateway, practice: PracticeServer
) -> None:
    status, answer = await preload(front)
    assert status == 200
    assert (answer["model"], answer["context_window"]) == ("practice:latest", 65_536)
    assert answer["seconds"] >= 0.05
    (record,) = practice.chats()
    assert record.loaded
    assert record.num_ctx == 65_536
    assert record.body["messages"] == []


@pytest.mark.parametrize("asked", ["claude-opus-4-8", "claude-haiku-4-5", "practice-jinja"])
async def test_the_first_request_finds_the_model_as_it_wants_it(
    front: Gateway, practice: PracticeServer, asked: str
) -> None:
    await preload(front, model=asked)
    status, _, _ = await front.ask(model=asked)
    assert status == 200
    before, first = practice.chats()
    assert (before.model, before.num_ctx) == (first.model, first.num_ctx)
    assert [before.loaded, first.loaded] == [True, False]


async def test_a_request_that_comes_meanwhile_waits_for_the_same_load(
    front: Gateway, practice: PracticeServer
) -> None:
    status, answer = await preload(front, wait=False)
    assert status == 202
    assert answer == {"model": "practice:latest", "context_window": 65_536, "seconds": None}
    await front.ask(model="claude-opus-4-8")
    assert [record.loaded for record in practice.chats()] == [True, False]


async def test_who_asks_twice_loads_once(front: Gateway, practice: PracticeServer) -> None:
    answers = await asyncio.gather(preload(front), preload(front), preload(front, wait=False))
    assert [status for status, _ in answers] == [200, 200, 202]
    assert len(practice.chats()) == 1


@pytest.mark.parametrize("thinking", [True, False])
def test_what_belongs_to_the_runner_is_as_in_real_requests(*, thinking: bool) -> None:
    able = frozenset({"tools", "thinking"} if thinking else {"tools"})
    info = ModelInfo("m", able, 131_072, None, "llama")
    target = Target(info, window=70_000, keep_alive="2h")
    asked = decode(json.dumps(body(max_tokens=5)).encode())
    real = json.loads(wire_body(chat_request(asked, target), target))
    loads = json.loads(load_request(target).body)
    for name in ("model", "truncate", "shift", "keep_alive"):
        assert loads[name] == real[name]
    assert loads["options"]["num_ctx"] == real["options"]["num_ctx"] == 70_000
    # The options that belong to one answer alone.
    assert set(real["options"]) - set(loads["options"]) == {"num_predict"}


async def test_a_model_that_is_not_there_is_a_404_with_the_command(front: Gateway) -> None:
    status, answer = await preload(front, model="absent")
    assert status == 404
    assert "absent" in answer["error"]["message"]


@pytest.mark.parametrize("bad", [{"model": 1}, {"wait": "yes"}, {"modle": "x"}])
async def test_a_body_that_is_wrong_is_a_400(front: Gateway, bad: dict[str, Any]) -> None:
    status, answer = await preload(front, **bad)
    assert status == 400
    assert "Expected {model, wait, folder, prints, continues}" in answer["error"]["message"]


async def test_it_asks_for_the_key(front: Gateway, practice: PracticeServer) -> None:
    async with ClientSession() as client, client.post(front.url + "/preload") as response:
        assert response.status == 401
    assert practice.chats() == []


async def test_a_load_that_fails_behind_is_in_the_log(
    gateway: Gateway, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    failed = asyncio.Event()

    async def fails(_request: web.Request) -> web.Response:
        failed.set()
        return web.json_response({"error": "model requires more system memory"}, status=500)

    upstream.chat = fails
    status, _ = await preload(gateway, model="m", wait=False)
    assert status == 202
    await failed.wait()
    # Waits for the very same load if it still runs, else for a new one.
    assert (await preload(gateway, model="m"))[0] == 500
    assert "could not be loaded beforehand" in caplog.text
    assert "more system memory" in caplog.text
