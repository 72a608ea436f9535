"""Two upstreams behind one gateway: a model's name picks one, and each has a queue of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Settings
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http.server import application
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream

from .conftest import KEY, PATIENCE, Gateway, Upstream, done, line, says
from .test_queue import until
from .test_second_tries import refuses

BUSY = refuses("server busy, please try again.  maximum pending requests exceeded", 503)


@dataclass
class Two:
    """A gateway, and the servers behind it: `laptop` comes first, then `big`."""

    gateway: Gateway
    laptop: Upstream
    big: Upstream
    big_client: OllamaClient

    async def text(self, model: str) -> str:
        status, answer, _ = await self.gateway.ask(model=model)
        assert status == 200, answer
        return str(answer["content"][0]["text"])

    async def listed(self) -> list[str]:
        async with self.gateway.client.get(self.gateway.url + "/v1/models") as response:
            return [entry["id"] for entry in (await response.json())["data"]]


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    laptop, big = Upstream(), Upstream()
    laptop.chat, big.chat = says(line("laptop"), done()), says(line("big"), done())
    laptop.tags, big.tags = [{"name": "small:4b"}], [{"name": "hf.co/x/large:30b"}]
    async with AsyncExitStack() as stack:
        clients = []
        for one in (laptop, big):
            server = await stack.enter_async_context(TestServer(one.app()))
            url = str(server.make_url("")).rstrip("/")
            client = OllamaClient(url, api_key=None, silence_seconds=PATIENCE)
            clients.append(await stack.enter_async_context(client))
        upstreams = Upstreams(
            OllamaUpstream(clients[0], "laptop"), OllamaUpstream(clients[1], "big")
        )
        shared = Shared(GatewayContext(Settings(), KEY, "instance-1", None, "digest"), upstreams)
        server = await stack.enter_async_context(
            TestServer(application(shared), handler_cancellation=True)
        )
        session = await stack.enter_async_context(ClientSession(headers={"x-api-key": KEY}))
        url = str(server.make_url("")).rstrip("/")
        yield Two(Gateway(url, session, shared, clients[0]), laptop, big, clients[1])


async def test_the_name_of_an_upstream_before_a_model_picks_it(two: Two) -> None:
    assert await two.text("big/hf.co/x/large:30b") == "big"
    assert two.big.bodies[0]["model"] == "hf.co/x/large:30b"
    assert two.laptop.bodies == []


@pytest.mark.parametrize("model", ["small:4b", "hf.co/x/small", "laptop/small:4b", "big"])
async def test_the_first_upstream_has_all_other_names(two: Two, model: str) -> None:
    assert await two.text(model) == "laptop"
    assert two.laptop.bodies[0]["model"] == model.removeprefix("laptop/")


async def test_one_upstream_takes_names_as_they_are(gateway: Gateway, upstream: Upstream) -> None:
    await gateway.ask(model="big/m")
    assert upstream.bodies[0]["model"] == "big/m"


async def test_one_model_on_two_upstreams_is_asked_about_on_each(two: Two) -> None:
    two.big.capabilities = ("completion", "tools", "vision")
    able = {}
    for name in ("m", "big/m"):
        url = f"{two.gateway.url}/v1/models/{name}"
        async with two.gateway.client.get(url) as response:
            able[name] = (await response.json())["upstream_capabilities"]
    assert able == {"m": ["completion", "tools"], "big/m": ["completion", "tools", "vision"]}


async def test_who_waits_for_a_busy_upstream_keeps_nobody_from_the_other(two: Two) -> None:
    two.laptop.chat = BUSY
    waiting = asyncio.create_task(two.text("small:4b"))
    lanes = two.gateway.shared.lanes
    await until(lambda: lanes.waiting == 1)
    assert await two.text("big/large") == "big"
    assert lanes.waiting == 1
    two.laptop.chat = says(line("now"), done())
    assert await waiting == "now"


async def test_models_are_listed_by_the_names_that_pick_them(two: Two) -> None:
    assert await two.listed() == ["small:4b", "big/hf.co/x/large:30b"]


async def test_an_upstream_that_is_away_takes_its_own_models_off_the_list(
    two: Two, caplog: pytest.LogCaptureFixture
) -> None:
    two.big_client.base_url = "http://127.0.0.1:9"
    assert await two.listed() == ["small:4b"]
    assert "models of big are not listed" in caplog.text


async def test_a_preload_loads_on_the_upstream_of_the_model(two: Two) -> None:
    asked = {"model": "big/large", "wait": True}
    async with two.gateway.client.post(two.gateway.url + "/preload", json=asked) as response:
        assert response.status == 200, await response.text()
    assert [body["model"] for body in two.big.bodies] == ["large"]
    assert two.laptop.bodies == []


async def test_the_first_upstream_that_is_away_leaves_the_models_of_the_others_listed(
    two: Two,
) -> None:
    two.gateway.ollama.base_url = "http://127.0.0.1:9"
    assert await two.listed() == ["big/hf.co/x/large:30b"]
