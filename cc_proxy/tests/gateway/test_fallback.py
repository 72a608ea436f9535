"""Two servers, of which the second answers when the first one fails."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import BaseTestServer, TestServer

from cc_proxy.app.config import LoadedConfig, ModelSettings, Settings, UpstreamSettings
from cc_proxy.app.gateway.answer.keep_alive import KeepAliveTiming
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http.server import application
from cc_proxy.app.upstreams.choice import all_configured

from .conftest import KEY, PATIENCE, SOON, Chat, Upstream, body, done, line, says
from .test_hosts import log_fields
from .test_queue import until
from .test_second_tries import refuses

LOST = "llama-server process has terminated: exit status 2"
NO_MEMORY = "model requires more system memory (9.3 GiB) than is available (7.1 GiB)"
LONG = {"role": "user", "content": "word " * 8000}


def dies(after: bytes = b"") -> Chat:
    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if after:
            await response.prepare(request)
            await response.write(after)
        assert request.transport is not None
        request.transport.close() if after else request.transport.abort()
        return response

    return chat


@dataclass
class Two:
    """A gateway with the servers `big`, whose fallback is `small`."""

    shared: Shared
    url: str
    client: ClientSession
    big: Upstream
    small: Upstream
    servers: list[BaseTestServer]

    def use(self, **changed: Any) -> None:
        settings = msgspec.structs.replace(self.shared.context.settings, **changed)
        self.shared.use(
            LoadedConfig(settings=settings, path=None, sources=(), origins={}, digest="new")
        )

    async def ask(self, **fields: Any) -> tuple[int, dict[str, Any]]:
        async with self.client.post(self.url + "/v1/messages", json=body(**fields)) as response:
            return response.status, await response.json()

    async def text(self, **fields: Any) -> str:
        status, answer = await self.ask(**fields)
        assert status == 200, answer
        return str(answer["content"][0]["text"])

    async def events(self, **fields: Any) -> list[dict[str, Any]]:
        async with self.client.post(
            self.url + "/v1/messages", json=body(stream=True, **fields)
        ) as response:
            lines = (await response.read()).splitlines()
        data = (one.removeprefix(b"data: ") for one in lines if one.startswith(b"data: "))
        return [msgspec.json.decode(one) for one in data]


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    pair = [Upstream(chat=says(line(name), done())) for name in ("big", "small")]
    async with AsyncExitStack() as stack:
        servers: list[BaseTestServer] = [
            await stack.enter_async_context(TestServer(one.app(), handler_cancellation=True))
            for one in pair
        ]
        upstreams = {
            name: UpstreamSettings(
                kind="ollama",
                url=str(server.make_url("")).rstrip("/"),
                timeout_seconds=PATIENCE,
            )
            for name, server in zip(("cluster", "laptop"), servers, strict=True)
        }
        settings = Settings(upstreams=upstreams, fallback={"cluster/m": "laptop/m2"})
        configured = await stack.enter_async_context(all_configured(settings))
        for one in configured:
            one.client.restarts.patience_seconds = 0.0  # type: ignore[attr-defined]
        pace = KeepAliveTiming(initial_delay_seconds=PATIENCE, interval_seconds=PATIENCE)
        context = GatewayContext(settings, KEY, "instance-1", None, "digest")
        shared = Shared(context, configured, pace=pace)
        front = await stack.enter_async_context(
            TestServer(application(shared), handler_cancellation=True)
        )
        client = await stack.enter_async_context(ClientSession(headers={"x-api-key": KEY}))
        url = str(front.make_url("")).rstrip("/")
        yield Two(shared, url, client, pair[0], pair[1], list(servers))
        assert shared.held_body_bytes == 0


@pytest.mark.parametrize(
    "fault",
    [refuses(LOST, 500), refuses(NO_MEMORY, 500), refuses("loading model", 503), dies()],
    ids=["lost", "no-memory", "loading", "dies"],
)
async def test_another_model_answers_when_the_server_fails(two: Two, fault: Chat) -> None:
    two.big.chat = fault
    assert await two.text() == "small"
    assert [one["model"] for one in two.small.bodies] == ["m2"]
    two.big.chat = says(line("big again"), done())
    assert await two.text() == "big again"


@pytest.mark.parametrize("was_known", [True, False])
async def test_another_model_answers_while_the_server_is_away(
    two: Two, caplog: pytest.LogCaptureFixture, *, was_known: bool
) -> None:
    caplog.set_level(logging.INFO)
    if was_known:
        await two.text()
    await two.servers[0].close()
    assert await two.text() == "small"
    last = log_fields(caplog)[-1]
    assert (last["model"], last["upstream"], last["fallback"]) == ("m2", "laptop", "m")


async def test_the_log_the_page_and_the_metrics_name_the_model_that_answered(two: Two) -> None:
    two.big.chat = refuses(LOST, 500)
    await two.text()
    async with two.client.get(two.url + "/activity") as response:
        (request,) = (await response.json())["requests"]
    assert request["model"] == "m2"
    assert request["notes"] == [
        f"m has failed: Ollama answered 500: {LOST}",
        "m2 answers instead of m",
    ]
    async with two.client.get(two.url + "/metrics") as response:
        metrics = await response.text()
    assert 'model="m2"' in metrics
    assert 'model="m"' not in metrics


@pytest.mark.parametrize("status", [400, 401, 404, 429])
async def test_an_error_of_the_request_goes_to_no_other_model(two: Two, status: int) -> None:
    two.big.chat = refuses("model 'm' not found" if status == 404 else "invalid options", status)
    assert (await two.ask())[0] >= 400
    assert two.small.bodies == []


async def test_an_answer_that_has_begun_goes_to_no_other_model(two: Two) -> None:
    two.big.chat = dies(after=line("half "))
    events = await two.events()
    assert events[-1]["type"] == "error"
    assert two.small.bodies == []


async def test_a_stream_that_was_kept_alive_goes_on_with_the_other_model(two: Two) -> None:
    two.shared.pace = SOON
    go_on = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.wait_for(go_on.wait(), PATIENCE)
        return await refuses(LOST, 500)(request)

    two.big.chat = slow
    async with two.client.post(two.url + "/v1/messages", json=body(stream=True)) as response:
        read = await response.content.readuntil(b"\n\n")
        go_on.set()
        read += await response.read()
    lines = (one.removeprefix(b"data: ") for one in read.splitlines() if one[:5] == b"data:")
    events = [msgspec.json.decode(one) for one in lines]
    kinds = [one["type"] for one in events]
    assert kinds.count("message_start") == kinds.count("message_stop") == 1
    assert [one["delta"]["text"] for one in events if one["type"] == "content_block_delta"] == [
        "small"
    ]


async def test_the_request_is_translated_for_the_other_model(two: Two) -> None:
    two.big.chat = refuses(LOST, 500)
    two.big.capabilities = ("completion", "tools", "thinking")
    two.small.capabilities = ("completion", "tools", "vision")
    two.use(models={"m2": ModelSettings(context_window=32768)})
    image = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    turn = {"role": "user", "content": [{"type": "image", "source": image}]}
    thinking = {"type": "enabled", "budget_tokens": 1024}
    await two.text(messages=[turn], thinking=thinking, max_tokens=2048)
    big, small = two.big.bodies[0], two.small.bodies[0]
    assert ("think" in big, "think" in small) == (True, False)
    assert ["images" in one["messages"][-1] for one in (big, small)] == [False, True]
    assert (big["options"]["num_ctx"], small["options"]["num_ctx"]) == (65536, 32768)


async def test_what_does_not_fit_the_other_model_is_the_first_ones_error(two: Two) -> None:
    two.big.chat = refuses(LOST, 500)
    two.use(models={"m2": ModelSettings(context_window=2048)})
    status, answer = await two.ask(messages=[LONG])
    assert status == 500
    assert LOST in answer["error"]["message"]
    assert two.small.bodies == []


async def test_when_both_fail_the_error_is_the_first_ones(two: Two) -> None:
    two.big.chat = refuses(LOST, 500)
    two.small.chat = refuses(NO_MEMORY, 500)
    status, answer = await two.ask()
    assert status == 500
    assert LOST in answer["error"]["message"]
    assert len(two.small.bodies) == 1


async def test_a_chain_is_followed_to_its_end(two: Two, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    two.use(fallback={"m": "laptop/m2", "laptop/m2:latest": "laptop/m3"})
    two.big.chat = refuses(LOST, 500)

    async def small(request: web.Request) -> web.StreamResponse:
        model = (await request.json())["model"]
        fault = refuses(NO_MEMORY, 500)
        return await (fault if model == "m2" else says(line(model), done()))(request)

    two.small.chat = small
    assert await two.text() == "m3"
    assert log_fields(caplog)[-1]["fallback"] == "m"


async def test_without_an_entry_nothing_falls_back_and_nothing_is_held(two: Two) -> None:
    two.use(fallback={})
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        begun.set()
        await asyncio.wait_for(go_on.wait(), PATIENCE)
        return await refuses(LOST, 500)(request)

    two.big.chat = slow
    asking = asyncio.create_task(two.ask())
    await asyncio.wait_for(begun.wait(), PATIENCE)
    assert two.shared.held_body_bytes == 0
    go_on.set()
    assert (await asking)[0] == 500
    assert two.small.bodies == []


async def test_a_request_is_held_until_its_answer_begins(two: Two) -> None:
    begun, said, go_on, end = (asyncio.Event() for _ in range(4))

    async def slow(request: web.Request) -> web.StreamResponse:
        begun.set()
        await asyncio.wait_for(go_on.wait(), PATIENCE)
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(line("one "))
        said.set()
        await asyncio.wait_for(end.wait(), PATIENCE)
        await response.write(done())
        return response

    two.big.chat = slow
    async with asyncio.timeout(PATIENCE):
        asking = asyncio.create_task(two.events())
        await begun.wait()
        assert two.shared.held_body_bytes > 0
        go_on.set()
        await said.wait()
        await until(lambda: two.shared.held_body_bytes == 0)
        end.set()
        assert (await asking)[-1]["type"] == "message_stop"
