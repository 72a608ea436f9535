"""Another configuration while answers run."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from cc_proxy.app.config import LoadedConfig, Settings, UpstreamSettings, load
from cc_proxy.app.control.wire import LastReload
from cc_proxy.app.gateway.reloading import Reloader

from .conftest import Gateway, Upstream, done, line


def settings_of(gateway: Gateway, **changed: Any) -> Settings:
    return msgspec.structs.replace(gateway.shared.context.settings, **changed)


def loaded(settings: Settings) -> LoadedConfig:
    return LoadedConfig(settings=settings, path=None, sources=(), origins={}, digest="new")


@pytest.fixture
def reloader(gateway: Gateway) -> Reloader:
    """A reloader in the gateway, that finds what it has at its start."""
    settings = gateway.shared.context.settings
    made = Reloader(loaded(settings), lambda: loaded(settings), gateway.shared.use)
    gateway.shared.context = dataclasses.replace(gateway.shared.context, reloader=made)
    return made


async def test_the_next_request_sees_what_has_changed(gateway: Gateway, upstream: Upstream) -> None:
    await gateway.ask(model="m")
    first = upstream.bodies[-1]
    fresh = settings_of(
        gateway,
        aliases={"m": "another"},
        context_window=8192,
        ollama=msgspec.structs.replace(
            gateway.shared.context.settings.ollama, keep_alive="5m", api_key="a-new-key"
        ),
    )
    gateway.shared.use(loaded(fresh))
    await gateway.ask(model="m")
    second = upstream.bodies[-1]
    assert (first["model"], second["model"]) == ("m", "another")
    assert second["options"]["num_ctx"] == 8192
    assert second["keep_alive"] == "5m"
    assert gateway.shared.context.config_digest == "new"


async def test_an_answer_that_runs_goes_on_though_ollama_is_elsewhere_now(
    gateway: Gateway, upstream: Upstream
) -> None:
    going, more = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(line("one "))
        going.set()
        await more.wait()
        await response.write(line("two") + done())
        return response

    upstream.chat = slow
    answer = asyncio.create_task(gateway.stream(model="m"))
    await asyncio.wait_for(going.wait(), 60)
    elsewhere = msgspec.structs.replace(
        gateway.shared.context.settings.ollama, base_url="http://127.0.0.1:9"
    )
    gateway.shared.use(loaded(settings_of(gateway, ollama=elsewhere)))
    status, _, _ = await gateway.ask(model="m")
    assert status >= 500
    more.set()
    events = await answer
    assert events[-1]["type"] == "message_stop"
    assert [e["delta"]["text"] for e in events if e["type"] == "content_block_delta"] == [
        "one ",
        "two",
    ]


async def test_what_is_bound_stays_and_is_named(gateway: Gateway) -> None:
    before = gateway.shared.context.settings
    server = msgspec.structs.replace(
        before.server, port=1, auth_key="another-key", keep_on_disk=False, hold_seconds=3
    )
    fresh = msgspec.structs.replace(before, server=server, aliases={"a": "b"})
    seen: list[LoadedConfig] = []
    reloader = Reloader(loaded(before), lambda: loaded(fresh), seen.append)
    outcome = reloader.reload()
    assert outcome.changed == ("server.hold", "aliases.a")
    assert outcome.needs_restart == ("server.port", "server.auth_key", "server.keep_on_disk")
    assert seen[0].settings.server.port == before.server.port
    assert seen[0].digest not in {"new", ""}
    # What still waits for a restart is named again.
    assert reloader.reload().needs_restart == outcome.needs_restart
    assert reloader.reload().changed == ()


async def test_a_broken_file_changes_nothing_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("aliases: {a: b}\n")

    def read() -> LoadedConfig:
        return load(config_file=path, environ={})

    seen: list[LoadedConfig] = []
    reloader = Reloader(read(), read, seen.append)
    path.write_text("alaises: {a: c}\n")
    outcome = reloader.reload()
    assert (outcome.status, seen) == ("failed", [])
    assert outcome.error is not None
    assert f"{path}:1:1" in outcome.error
    assert "stays as it was" in caplog.text
    path.unlink()
    assert "does not exist" in str(reloader.reload().error)
    path.write_text("aliases: {a: c}\n")
    assert reloader.reload().changed == ("aliases.a",)
    assert reloader.last is not None
    assert reloader.last.status == "ok"


async def test_the_route_answers_how_it_went(gateway: Gateway, reloader: Reloader) -> None:
    async with gateway.client.post(gateway.url + "/reload") as response:
        assert response.status == 200
        outcome = msgspec.json.decode(await response.read(), type=LastReload)
    assert (outcome.status, outcome.changed) == ("ok", ())
    async with gateway.client.get(gateway.url + "/health?upstream=0") as response:
        last = (await response.json())["last_reload"]
    assert msgspec.convert(last, LastReload) == outcome == reloader.last
    async with gateway.client.post(
        gateway.url + "/reload", headers={"x-api-key": "wrong"}
    ) as response:
        assert response.status == 401


async def test_without_a_reloader_there_is_no_such_route(gateway: Gateway) -> None:
    async with gateway.client.post(gateway.url + "/reload") as response:
        assert response.status == 404


async def test_the_last_error_is_told(gateway: Gateway) -> None:
    _, _, headers = await gateway.ask(model="nope")
    async with gateway.client.get(gateway.url + "/no/such/page") as response:
        assert response.status == 404
    async with gateway.client.get(gateway.url + "/health") as response:
        health = await response.json()
    assert health["last_error"]["request_id"] == headers["request-id"]
    assert "nope" in health["last_error"]["message"]
    assert health["loaded_models"] == []


@pytest.mark.parametrize(
    ("names", "url"),
    [(("gpu",), "http://new:1"), (("gpu", "box"), "http://old:1"), ((), "http://old:1")],
)
def test_a_server_may_move_and_another_one_needs_a_restart(
    names: tuple[str, ...], url: str
) -> None:
    def servers(url: str, *names: str) -> LoadedConfig:
        return loaded(Settings(upstreams={name: UpstreamSettings(url=url) for name in names}))

    seen: list[LoadedConfig] = []
    fresh = servers("http://new:1", *names)
    last = Reloader(servers("http://old:1", "gpu"), lambda: fresh, seen.append).reload()
    assert {name: one.url for name, one in seen[0].settings.upstreams.items()} == {"gpu": url}
    assert bool(last.needs_restart) is (names != ("gpu",))
