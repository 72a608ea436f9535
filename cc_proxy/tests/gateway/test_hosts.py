"""Three hosts of one upstream behind one gateway."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import BaseTestServer, TestServer

from cc_proxy.app.config import LoadedConfig, Settings, UpstreamSettings
from cc_proxy.app.gateway.answer.keep_alive import KeepAliveTiming
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http.server import application
from cc_proxy.app.upstreams.choice import all_configured

from .conftest import KEY, PATIENCE, Chat, Upstream, body, done, line, says
from .test_queue import until
from .test_second_tries import breaks, refuses

BUSY = refuses("server busy, please try again.  maximum pending requests exceeded", 503)
MODEL = {"name": "m:latest"}


@dataclass
class Three:
    """A gateway, and the hosts behind it in the order of the configuration."""

    shared: Shared
    url: str
    client: ClientSession
    hosts: list[Upstream]
    servers: Sequence[BaseTestServer]

    @property
    def names(self) -> list[str]:
        return [f"{server.host}:{server.port}" for server in self.servers]

    @property
    def settings(self) -> UpstreamSettings:
        return self.shared.context.settings.upstreams["gpus"]

    def use(self, **changed: Any) -> None:
        """Reload with another section for the upstream."""
        self.use_settings(upstreams={"gpus": msgspec.structs.replace(self.settings, **changed)})

    def use_settings(self, **changed: Any) -> None:
        settings = msgspec.structs.replace(self.shared.context.settings, **changed)
        self.shared.use(
            LoadedConfig(settings=settings, path=None, sources=(), origins={}, digest="new")
        )

    async def ask(self, session: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        headers = {"X-Claude-Code-Session-Id": session}
        async with self.client.post(
            self.url + "/v1/messages", json=body(**fields), headers=headers
        ) as response:
            return response.status, await response.json()

    async def text(self, session: str, **fields: Any) -> str:
        status, answer = await self.ask(session, **fields)
        assert status == 200, answer
        return str(answer["content"][0]["text"])

    async def kill(self, number: int) -> None:
        await self.servers[number].close()


@pytest.fixture
async def three() -> AsyncIterator[Three]:
    hosts = [Upstream(chat=says(line(name), done()), tags=[MODEL]) for name in "abc"]
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(TestServer(host.app(), handler_cancellation=True))
            for host in hosts
        ]
        urls = tuple(str(server.make_url("")).rstrip("/") for server in servers)
        upstream = UpstreamSettings(kind="ollama", urls=urls, timeout_seconds=PATIENCE)
        settings = Settings(upstreams={"gpus": upstream})
        upstreams = await stack.enter_async_context(all_configured(settings))
        pace = KeepAliveTiming(initial_delay_seconds=PATIENCE, interval_seconds=PATIENCE)
        context = GatewayContext(settings, KEY, "instance-1", None, "digest")
        shared = Shared(context, upstreams, pace=pace)
        front = await stack.enter_async_context(
            TestServer(application(shared), handler_cancellation=True)
        )
        client = await stack.enter_async_context(ClientSession(headers={"x-api-key": KEY}))
        yield Three(shared, str(front.make_url("")).rstrip("/"), client, hosts, servers)


def log_fields(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.fields for record in caplog.records if hasattr(record, "fields")]


async def test_sessions_are_spread_over_hosts_and_each_stays_on_one(
    three: Three, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = [await three.text(f"s{number}") for number in range(6)]
    assert first == list("abcabc")
    assert [await three.text(f"s{number}") for number in range(6)] == first
    placed = [(one["host"], one["placed"]) for one in log_fields(caplog)]
    a, b, c = three.names
    assert placed == [(host, how) for how in ("new", "sticky") for host in (a, b, c, a, b, c)]


async def test_subagents_and_titles_are_with_their_session(three: Three) -> None:
    await three.text("other")
    headers = [
        {},
        {"x-claude-code-agent-id": "agent-1"},
        {"x-claude-code-request-class": "auxiliary"},
    ]
    for more in headers:
        async with three.client.post(
            three.url + "/v1/messages",
            json=body(),
            headers={"X-Claude-Code-Session-Id": "s", **more},
        ) as response:
            assert response.status == 200
    assert [len(host.bodies) for host in three.hosts] == [1, 3, 0]


async def test_a_client_without_sessions_has_a_host_for_each_conversation(three: Three) -> None:
    conversations = [[{"role": "user", "content": f"question {number}"}] for number in range(3)]
    for turns in conversations:
        await three.text("", messages=turns)
    for turns in conversations:
        more = [{"role": "assistant", "content": "x"}, {"role": "user", "content": "and?"}]
        await three.text("", messages=turns + more)
    asked = [
        [len(one["messages"]) for one in host.bodies if one["messages"]] for host in three.hosts
    ]
    assert asked == [[1, 3]] * 3


async def test_a_host_that_is_killed_loses_no_request_and_splits_no_session(
    three: Three, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sessions = [f"s{number}" for number in range(6)]
    for session in sessions:
        await three.text(session)
    await three.kill(0)
    seen: dict[str, set[str]] = {}
    for _ in range(3):
        for session in sessions:
            seen.setdefault(session, set()).add(await three.text(session))
    assert all(len(hosts) == 1 for hosts in seen.values())
    assert Counter(host for hosts in seen.values() for host in hosts) == {"b": 3, "c": 3}
    (retried,) = [one for one in log_fields(caplog) if "retried" in one]
    assert (retried["placed"], retried["retried"]) == ("moved", 1)


async def test_an_answer_that_has_begun_is_not_asked_again_and_its_error_names_the_host(
    three: Three,
) -> None:
    begun = asyncio.Event()

    async def dies(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(line("half "))
        begun.set()
        await asyncio.Event().wait()
        return response

    three.hosts[0].chat = dies
    events: list[dict[str, Any]] = []

    async def read() -> None:
        async with three.client.post(
            three.url + "/v1/messages",
            json=body(stream=True),
            headers={"X-Claude-Code-Session-Id": "s"},
        ) as response:
            async for raw in response.content:
                data = raw.removeprefix(b"data: ")
                events.extend([msgspec.json.decode(data)] if data != raw else [])

    reading = asyncio.create_task(read())
    await asyncio.wait_for(begun.wait(), PATIENCE)
    await until(lambda: any(one["type"] == "content_block_delta" for one in events))
    assert three.servers[0].runner is not None
    for protocol in list(three.servers[0].runner.server.connections):  # type: ignore[union-attr]
        protocol.transport.abort()
    await asyncio.wait_for(reading, PATIENCE)
    assert events[-1]["type"] == "error"
    assert three.names[0] in events[-1]["error"]["message"]
    assert [len(host.bodies) for host in three.hosts] == [1, 0, 0]
    # Claude Code asks again, and lands elsewhere.
    await three.kill(0)
    assert await three.text("s") == "b"


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_what_a_balancer_says_of_a_host_that_is_away_moves_a_request(
    three: Three, status: int
) -> None:
    three.hosts[0].chat = refuses("the upstream is away", status)
    assert await three.text("s") == "b"
    assert await three.text("s") == "b"
    assert len(three.hosts[0].bodies) == 1


async def test_a_refusal_of_the_request_itself_is_not_taken_to_another_host(three: Three) -> None:
    three.hosts[0].chat = refuses("invalid options", 400)
    status, answer = await three.ask("s")
    assert status == 400
    assert "invalid options" in answer["error"]["message"]
    assert [len(host.bodies) for host in three.hosts] == [1, 0, 0]


async def test_when_all_hosts_are_away_the_error_is_that_of_the_sessions_own(three: Three) -> None:
    await three.text("s")
    own = three.names[0]
    for number in range(3):
        await three.kill(number)
    status, answer = await three.ask("s")
    assert status == 503
    assert own in answer["error"]["message"]


async def test_a_host_that_is_back_gets_new_sessions_once_it_has_been_asked(three: Three) -> None:
    now = 0.0
    table = three.shared.lanes.host_lanes("gpus").table
    table.clock = lambda: now
    three.hosts[0].chat = refuses("away", 503)
    assert await three.text("s0") == "b"
    three.hosts[0].chat = says(line("a"), done())
    assert [await three.text(f"t{number}") for number in range(3)] == ["c", "b", "c"]
    now = 11.0
    # The question goes out beside this request, which does not wait for it.
    assert await three.text("u0") in ("b", "c")
    await until(lambda: table.due() == [])
    assert await three.text("u1") == "a"
    assert await three.text("s0") == "b"


async def test_a_model_is_asked_of_the_hosts_that_have_it(three: Three) -> None:
    three.hosts[0].tags, three.hosts[2].tags = [{"name": "other:1b"}], []
    assert [await three.text(f"s{number}") for number in range(3)] == ["b"] * 3
    assert await three.text("s0", model="other:1b") == "a"
    assert await three.text("s0") == "b"


async def test_a_model_of_a_host_that_is_away_is_not_said_to_be_missing(three: Three) -> None:
    for host in three.hosts[1:]:
        host.missing = {"other:1b"}
    await three.kill(0)
    status, answer = await three.ask("s", model="other:1b")
    assert status == 503, answer


async def test_a_host_that_lost_the_model_is_left_out_after_its_404(three: Three) -> None:
    await three.text("s")
    three.hosts[0].chat = refuses("model 'm' not found", 404)
    assert await three.text("s") == "b"
    assert {await three.text(f"t{number}") for number in range(4)} == {"b", "c"}


async def test_a_drained_host_answers_its_sessions_and_no_others(three: Three) -> None:
    assert await three.text("s") == "a"
    three.use(drain=(three.settings.urls[0],))
    assert await three.text("s") == "a"
    assert {await three.text(f"t{number}") for number in range(6)} == {"b", "c"}
    three.use(urls=three.settings.urls[1:], drain=())
    assert await three.text("s") in ("b", "c")


async def test_a_new_session_does_not_wait_for_a_busy_host(three: Three) -> None:
    three.hosts[0].chat = BUSY
    assert await three.text("s") == "b"
    assert await three.text("s") == "b"


async def test_a_session_waits_for_its_busy_host_while_that_is_less_than_reading(
    three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await three.text("s") == "a"
    three.hosts[0].chat = BUSY
    waiting = asyncio.create_task(three.text("s"))
    await until(lambda: three.shared.lanes.waiting == 1)
    three.hosts[0].chat = says(line("a again"), done())
    assert await waiting == "a again"
    three.hosts[0].chat = BUSY
    # A prompt that is read in no time need not wait at all.
    monkeypatch.setattr(three.shared.tokens, "prefill_seconds", lambda *_: 0.01)
    assert await three.text("s") == "b"
    assert await three.text("s") == "b"


async def test_without_affinity_a_request_goes_where_least_is_running(three: Three) -> None:
    three.use(affinity="none")
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        begun.set()
        await go_on.wait()
        return await says(line("slow"), done())(request)

    three.hosts[0].chat = slow
    first = asyncio.create_task(three.text("s"))
    await asyncio.wait_for(begun.wait(), PATIENCE)
    assert await three.text("s") == "b"
    go_on.set()
    assert await first == "slow"


async def test_a_preload_goes_to_the_host_of_the_next_session(three: Three) -> None:
    await three.text("s0")
    async with three.client.post(three.url + "/preload", json={"model": "m"}) as response:
        assert response.status == 200, await response.text()
    assert [len(host.bodies) for host in three.hosts] == [1, 1, 0]
    assert await three.text("s1") == "b"


async def test_a_host_that_ends_a_connection_while_it_reads_is_replaced(three: Three) -> None:
    async def dies(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    three.hosts[0].chat = dies
    assert await three.text("s") == "b"


async def test_a_prompt_at_which_hosts_die_is_not_taken_to_all(three: Three) -> None:
    async def dies(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    for host in three.hosts:
        host.chat = dies
    status, _ = await three.ask("s")
    assert status == 502
    assert len(three.hosts[2].bodies) == 0


async def test_the_health_has_each_host(three: Three) -> None:
    await three.text("s0")
    await three.text("s1")
    three.use(drain=(three.settings.urls[2],))
    three.shared.lanes.host_lanes("gpus").table.failed(three.names[1], "refused")
    async with three.client.get(three.url + "/health?model=m") as response:
        hosts = (await response.json())["upstream"]["hosts"]
    told = [(one["name"], one["sessions"], one["left_out"], one["drained"]) for one in hosts]
    a, b, c = three.names
    assert told == [(a, 1, False, False), (b, 1, True, False), (c, 0, False, True)]
    assert hosts[1]["error"] == "refused"


async def test_models_are_listed_once_though_three_hosts_have_them(three: Three) -> None:
    await three.kill(2)
    async with three.client.get(three.url + "/v1/models") as response:
        listed = [entry["id"] for entry in (await response.json())["data"]]
    assert listed == ["m:latest"]


@pytest.mark.parametrize(
    ("statuses", "text"), [([502], "Hi"), ([500], "Hi"), ([502, 502], ""), ([400], "")]
)
async def test_a_router_that_lost_its_server_is_asked_once_more(
    statuses: list[int], text: str
) -> None:
    asked: list[int] = []

    async def chat(_request: web.Request) -> web.StreamResponse:
        asked.append(1)
        if len(asked) <= len(statuses):
            error = {"error": {"message": "a worker is away", "type": "x"}}
            return web.json_response(error, status=statuses[len(asked) - 1])
        chunk = (
            b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
        )
        return web.Response(body=chunk + b"data: [DONE]\n\n", content_type="text/event-stream")

    async def models(_request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "m", "object": "model"}]})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/v1/models", models)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TestServer(app))
        url = str(server.make_url("")).rstrip("/")
        settings = Settings(upstreams={"router": UpstreamSettings(url=url)})
        upstreams = await stack.enter_async_context(all_configured(settings))
        shared = Shared(GatewayContext(settings, KEY, "i", None, "digest"), upstreams)
        front = await stack.enter_async_context(TestServer(application(shared)))
        client = await stack.enter_async_context(ClientSession(headers={"x-api-key": KEY}))
        async with client.post(front.make_url("/v1/messages"), json=body()) as response:
            answer = await response.json()
    assert len(asked) == (1 if statuses == [400] else 2)
    if text:
        assert answer["content"][0]["text"] == text
    else:
        assert answer["type"] == "error"


@pytest.mark.parametrize(
    "text",
    [
        "llama runner process has terminated: CUDA error",
        "model requires more system memory (9 GiB) than is available (4 GiB)",
    ],
)
async def test_a_host_that_fails_where_another_answers_is_left_out(three: Three, text: str) -> None:
    three.hosts[0].chat = refuses(text)
    assert await three.text("s") == "b"
    assert await three.text("s") == "b"
    assert {await three.text(f"t{number}") for number in range(4)} == {"b", "c"}
    assert len(three.hosts[0].bodies) == 1


async def test_without_affinity_a_host_that_fails_gets_no_more_requests(three: Three) -> None:
    three.use(affinity="none")
    three.hosts[0].chat = refuses("CUDA error")
    for _ in range(6):
        await three.text("s")
    assert len(three.hosts[0].bodies) == 1


async def test_a_prompt_at_which_two_hosts_fail_goes_to_no_third_and_leaves_none_out(
    three: Three,
) -> None:
    for host in three.hosts:
        host.chat = refuses("CUDA error")
    status, _ = await three.ask("s")
    assert status == 500
    assert [len(host.bodies) for host in three.hosts] == [1, 1, 0]
    for name, host in zip("abc", three.hosts, strict=True):
        host.chat = says(line(name), done())
    assert {await three.text(f"t{number}") for number in range(6)} == {"a", "b", "c"}


async def test_a_call_that_a_parser_cannot_read_stays_at_its_host(three: Three) -> None:
    three.hosts[0].chat = refuses("error parsing tool call: raw='{', err=unexpected end")
    await three.ask("s")
    assert [len(host.bodies) for host in three.hosts[1:]] == [0, 0]


@pytest.mark.parametrize(
    "chat",
    [breaks("half ", text="CUDA error"), says(line("half "))],
    ids=["an error line", "an early end"],
)
async def test_a_session_whose_host_broke_in_mid_answer_lands_elsewhere(
    three: Three, chat: Chat
) -> None:
    three.hosts[0].chat = chat
    status, _ = await three.ask("s")
    assert status >= 500
    assert await three.text("s") == "b"
    assert await three.text("s") == "b"


async def test_an_image_is_described_by_the_next_host_when_one_is_away(three: Three) -> None:
    for host, name in zip(three.hosts, "abc", strict=True):
        host.tags.append({"name": "sees:7b"})
        host.shown["sees:7b"] = ("completion", "vision")
        host.chat = says(line(f"seen by {name}"), done())
    three.use_settings(vision_model="sees:7b")
    assert (await three.text("other")).endswith("a")
    three.hosts[0].chat = three.hosts[1].chat = refuses("away", 503)
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    turn = {"role": "user", "content": [{"type": "image", "source": source}]}
    await three.text("s", messages=[turn])
    asked = [one for one in three.hosts[2].bodies if one["model"] != "sees:7b"]
    assert "seen by c" in asked[-1]["messages"][-1]["content"]
