"""Claude Code's telemetry: passed to a collector that may be slow, away or broken."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cc_proxy.app.config import TelemetrySettings
from cc_proxy.app.gateway.telemetry import MAX_BODY_BYTES, Export, TelemetryForwarder

from .conftest import PATIENCE, Gateway, Upstream, body
from .test_second_tries import refuses

SECRET = "a-secret-of-the-collector"
METRICS = b'{"resourceMetrics":[]}'


class Collector:
    """Notes what it gets, once it may answer."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, str, bytes]] = []
        self.more = asyncio.Semaphore(0)
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.status = 200
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        await self.may_answer.wait()
        headers = request.headers
        body = await request.read()
        self.got.append((request.path, headers["Content-Type"], headers["Authorization"], body))
        self.more.release()
        return web.Response(status=self.status)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.got) < count:
                await self.more.acquire()


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    found = Collector()
    app = web.Application()
    app.router.add_post("/otel/{path:.*}", found.handle)
    async with TestServer(app) as server:
        found.url = str(server.make_url("/otel/"))
        yield found
        found.may_answer.set()


def settings_for(collector: Collector) -> TelemetrySettings:
    return TelemetrySettings(otlp_url=collector.url, headers={"Authorization": SECRET})


async def post(gateway: Gateway, path: str, body: bytes, kind: str) -> tuple[int, bytes]:
    async with gateway.client.post(
        gateway.url + path, data=io.BytesIO(body), headers={"Content-Type": kind}
    ) as response:
        return response.status, await response.read()


async def test_exports_are_answered_at_once_and_passed_on(
    gateway: Gateway, collector: Collector
) -> None:
    context = gateway.shared.context
    settings = msgspec.structs.replace(context.settings, telemetry=settings_for(collector))
    gateway.shared.context = replace(context, settings=settings)
    collector.may_answer.clear()
    assert await post(gateway, "/v1/metrics", METRICS, "application/json") == (200, b"{}")
    assert await post(gateway, "/v1/logs", b"\x0a\x00", "application/x-protobuf") == (200, b"")
    assert collector.got == []
    collector.may_answer.set()
    await collector.until(2)
    assert collector.got == [
        ("/otel/v1/metrics", "application/json", SECRET, METRICS),
        ("/otel/v1/logs", "application/x-protobuf", SECRET, b"\x0a\x00"),
    ]


async def test_without_a_collector_they_are_answered_and_dropped(gateway: Gateway) -> None:
    for path in ("/v1/metrics", "/v1/logs", "/v1/traces"):
        assert await post(gateway, path, METRICS, "application/json") == (200, b"{}")


async def test_what_a_cc_proxy_has_sent_does_not_go_round(
    gateway: Gateway, collector: Collector
) -> None:
    gateway.shared.context = replace(
        gateway.shared.context,
        settings=msgspec.structs.replace(
            gateway.shared.context.settings, telemetry=settings_for(collector)
        ),
    )
    headers = {"User-Agent": "cc-proxy/0.1.0"}
    url = gateway.url + "/v1/logs"
    async with gateway.client.post(url, data=METRICS, headers=headers) as response:
        assert response.status == 200
    await post(gateway, "/v1/metrics", METRICS, "application/json")
    await collector.until(1)
    assert [path for path, *_ in collector.got] == ["/otel/v1/metrics"]


async def test_they_need_the_key_and_have_a_bound(gateway: Gateway) -> None:
    async with gateway.client.post(
        gateway.url + "/v1/metrics", data=METRICS, headers={"x-api-key": "wrong"}
    ) as response:
        assert response.status == 401
    too_much = b"x" * (MAX_BODY_BYTES + 1)
    status, text = await post(gateway, "/v1/metrics", too_much, "application/json")
    assert status == 413
    assert b"Expected an export of at most 4194304 bytes, found 4194305." in text


async def test_a_collector_that_fails_is_named_once(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.status = 503
    forwarder, settings = TelemetryForwarder(), settings_for(collector)
    for _ in range(3):
        forwarder.take(Export("/v1/metrics", "application/json", METRICS), settings)
    await collector.until(3)
    await forwarder.close()
    assert caplog.messages == [
        "telemetry is not passed on to telemetry.otlp_url: it answered 503",
    ]
    assert SECRET not in caplog.text


async def test_a_slow_collector_costs_a_bounded_number_of_bytes(collector: Collector) -> None:
    collector.may_answer.clear()
    forwarder, settings = TelemetryForwarder(max_bytes=1000), settings_for(collector)
    for _ in range(10):
        forwarder.take(Export("/v1/metrics", "application/json", b"x" * 300), settings)
    assert forwarder.dropped == 7
    collector.may_answer.set()
    await collector.until(3)
    forwarder.take(Export("/v1/logs", "application/json", b"x" * 300), settings)
    await collector.until(4)
    await forwarder.close()


async def test_a_request_is_a_trace_of_its_phases_and_has_no_word_of_it(
    gateway: Gateway, collector: Collector
) -> None:
    context = gateway.shared.context
    telemetry = msgspec.structs.replace(settings_for(collector), traces=True)
    settings = msgspec.structs.replace(context.settings, telemetry=telemetry)
    gateway.shared.context = replace(context, settings=settings)
    asked = body(messages=[{"role": "user", "content": "a secret word"}])
    async with gateway.client.post(gateway.url + "/v1/messages", json=asked) as response:
        assert response.status == 200
        request_id = response.headers["request-id"]
    await collector.until(1)
    (path, kind, _, sent) = collector.got[0]
    assert (path, kind) == ("/otel/v1/traces", "application/json")
    assert b"secret word" not in sent
    (resource,) = msgspec.json.decode(sent)["resourceSpans"]
    whole, *phases = resource["scopeSpans"][0]["spans"]
    assert [one["name"] for one in phases] == ["waiting", "reading", "writing"]
    assert {one["parentSpanId"] for one in phases} == {whole["spanId"]}
    assert len({one["spanId"] for one in (whole, *phases)}) == 4
    times = [int(one[f"{end}TimeUnixNano"]) for one in phases for end in ("start", "end")]
    assert times == sorted(times)
    assert int(whole["startTimeUnixNano"]) == times[0]
    assert abs(times[0] / 1e9 - time.time()) < 3600
    found = {one["key"]: next(iter(one["value"].values())) for one in whole["attributes"]}
    assert found["cc_proxy.request.id"] == request_id
    assert found["gen_ai.provider.name"] == "ollama"
    assert int(found["gen_ai.usage.output_tokens"]) > 0
    assert "status" not in whole
    (ended,) = gateway.shared.activity.ended
    assert ended.upstream == gateway.shared.upstreams.first.name


async def test_a_failed_request_says_so_in_its_trace_and_without_the_setting_none_is_sent(
    gateway: Gateway, upstream: Upstream, collector: Collector
) -> None:
    context = gateway.shared.context
    for traces in (False, True):
        telemetry = msgspec.structs.replace(settings_for(collector), traces=traces)
        settings = msgspec.structs.replace(context.settings, telemetry=telemetry)
        gateway.shared.context = replace(context, settings=settings)
        upstream.chat = refuses("CUDA error")
        async with gateway.client.post(gateway.url + "/v1/messages", json=body()) as response:
            assert response.status == 500
    await collector.until(1)
    (resource,) = msgspec.json.decode(collector.got[0][3])["resourceSpans"]
    whole = resource["scopeSpans"][0]["spans"][0]
    assert whole["status"] == {"code": 2, "message": "upstream_refused"}
    assert len(collector.got) == 1
