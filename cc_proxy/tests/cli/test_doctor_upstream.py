"""Where Ollama is, how it answers, and what a check makes of that."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import structs

from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.cli.doctor import machine, model, upstream
from cc_proxy.app.cli.doctor.check import Check
from cc_proxy.app.config import Settings, load
from cc_proxy.app.config.settings import ModelSettings
from cc_proxy.app.control.wire import ModelSessions
from cc_proxy.app.gateway.routing.models import Models
from cc_proxy.app.upstreams.http.reasons import How
from cc_proxy.app.upstreams.ollama import absence
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream

GIB = 1024**3
DOCKER = "host.docker.internal"
OUT = f"export OLLAMA_BASE_URL=http://{DOCKER}:11434"
TARGET = Target(
    ModelInfo("m:latest", frozenset({"completion", "tools"}), 131_072, None, "llama"),
    window=65_536,
    keep_alive="30m",
)
Answer = Callable[[web.Request], Any]


@asynccontextmanager
async def ollama(answers: dict[str, Any], status: int = 200) -> AsyncIterator[OllamaClient]:
    """A server that answers each path as told: with JSON, or with what a function makes."""

    async def answer(request: web.Request) -> web.StreamResponse:
        found = answers[request.path]
        if callable(found):
            found = await found(request)
        if isinstance(found, web.StreamResponse):
            return found
        if isinstance(found, bytes):
            return web.Response(status=status, body=found)
        return web.json_response(found, status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        async with OllamaClient(url, api_key=None, silence_seconds=5) as client:
            yield client


async def reached(client: OllamaClient, container: str | None = None) -> list[Check]:
    environ = {"HOME": "/nowhere", "OLLAMA_BASE_URL": client.base_url}
    return await upstream.reach(load(environ=environ), client, container)


async def test_an_ollama_that_answers_tells_its_version() -> None:
    async with ollama({"/api/version": {"version": "0.32.15"}}) as client:
        place, version = await reached(client)
    assert (place.status, version.status) == ("ok", "ok")
    assert "environment OLLAMA_BASE_URL" in place.detail
    assert "answers at 127.0.0.1" in place.detail
    assert version.detail == "0.32.15"


@pytest.mark.parametrize(
    ("version", "status"),
    [("0.31.9", "warn"), ("0.5.0-rc1", "warn"), ("0.0.0", "ok"), ("1.0.0", "ok"), ("odd", "ok")],
)
async def test_an_older_version_is_a_warning(version: str, status: str) -> None:
    async with ollama({"/api/version": {"version": version}}) as client:
        _, check = await reached(client)
    assert check.status == status


@pytest.mark.parametrize(
    ("status", "body", "fix"),
    [
        (403, b"", "OLLAMA_HOST=0.0.0.0 ollama serve"),
        (401, b'{"error":"unauthorized"}', "export OLLAMA_API_KEY=…"),
        (404, b"404 page not found", "export OLLAMA_BASE_URL=http://127.0.0.1:11434"),
        (200, b"<html>", "export OLLAMA_BASE_URL=http://127.0.0.1:11434"),
    ],
)
async def test_an_answer_that_is_not_as_it_should_be_has_its_own_fix(
    status: int, body: bytes, fix: str
) -> None:
    async with ollama({"/api/version": body}, status) as client:
        (check,) = await reached(client)
    assert (check.name, check.status, check.fix) == ("ollama", "fail", fix)


@pytest.mark.parametrize(
    ("host", "address", "how", "outside", "fix"),
    [
        ("127.0.0.1", "127.0.0.1", "refused", None, "ollama serve"),
        ("localhost", "127.0.0.1", "refused", OUT, OUT),
        ("127.0.0.2", "127.0.0.2", "refused", OUT, OUT),
        (DOCKER, "192.168.65.254", "refused", OUT, "On the host: OLLAMA_HOST=0.0.0.0 "),
        (DOCKER, "172.17.0.1", "refused", OUT, "On the host: OLLAMA_HOST=172.17.0.1 "),
        (DOCKER, "172.17.0.1", "silent", OUT, "On the host, let containers through"),
        (DOCKER, None, "unknown name", OUT, f"Start the container with --add-host={DOCKER}:"),
        ("ollama", None, "unknown name", OUT, "Set OLLAMA_BASE_URL to where Ollama runs"),
        ("192.168.1.9", "192.168.1.9", "refused", OUT, "ollama serve"),
    ],
)
def test_silence_has_a_fix_for_each_place(
    host: str, address: str | None, how: How, outside: str | None, fix: str
) -> None:
    _, hint = absence.explained(f"http://{host}:11434", how)
    assert upstream.silence(host, address, hint, outside).startswith(fix)


@pytest.mark.parametrize(
    ("known", "program", "fix"),
    [
        (True, None, OUT),
        (False, None, f"Start the container with --add-host={DOCKER}:host-gateway; in it: {OUT}"),
        (
            True,
            "/usr/bin/ollama",
            f"ollama serve  # in this container; for an Ollama on the host: {OUT}",
        ),
    ],
)
async def test_a_container_that_does_not_know_its_host_is_told_how_it_would(
    fix: str, program: str | None, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    monkeypatch.setattr(upstream, "which", lambda _name: program)

    async def none_but_loopback(_self: object, host: str, port: int, **_: object) -> list[Any]:
        if host == DOCKER and not known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", none_but_loopback)
    monkeypatch.setattr(upstream, "_ELSEWHERE", ())
    monkeypatch.setattr(upstream, "_PROBE_SECONDS", 0.2)
    async with OllamaClient("http://127.0.0.1:9", api_key=None, silence_seconds=1) as asked:
        (check,) = await reached(asked, "/.dockerenv")
    assert check.fix == fix


async def test_an_ollama_at_another_address_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        ollama({"/api/version": {"version": "0.32.15"}}) as there,
        OllamaClient("http://127.0.0.1:9", api_key=None, silence_seconds=1) as asked,
    ):
        monkeypatch.setattr(upstream, "_ELSEWHERE", ("http://127.0.0.1:9", there.base_url))
        (check,) = await reached(asked)
    assert check.fix == f"export OLLAMA_BASE_URL={there.base_url}"


async def test_a_name_with_two_addresses_tells_which_one_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with ollama({"/api/version": {"version": "0.32.15"}}) as client:
        port = int(client.base_url.rpartition(":")[2])

        async def two(*_: object, **__: object) -> list[Any]:
            await asyncio.sleep(0)
            return [(0, 0, 0, "", (address, port)) for address in ("127.0.0.9", "127.0.0.1")]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
        check = (await reached(client))[0]
    assert check.status == "ok"
    assert "answers at 127.0.0.1; nothing listens at 127.0.0.9" in check.detail


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_a_container_is_known_by_its_marks(tmp_path: Path, mark: str) -> None:
    assert machine.container({}, tmp_path) is None
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    assert machine.container({}, tmp_path) == str(tmp_path / mark)


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ("host.docker.internal", "the host is host.docker.internal (192.0.2.1)"),
        ("host.containers.internal", "the host is host.containers.internal (192.0.2.1)"),
        (None, "start the container with --add-host=host.docker.internal:host-gateway"),
    ],
)
def test_a_container_is_told_how_to_reach_its_host(
    monkeypatch: pytest.MonkeyPatch, known: str | None, says: str
) -> None:
    def find(name: str, _port: None) -> list[tuple[Any, ...]]:
        if name != known:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    check = machine.in_container("/.dockerenv")
    assert check.status == "ok"
    assert check.detail.endswith(says)


def test_kubernetes_is_a_container_too(tmp_path: Path) -> None:
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert machine.container(environ, tmp_path) == "KUBERNETES_SERVICE_HOST"


@pytest.mark.parametrize(
    ("vram", "status", "says"),
    [
        (10 * GIB, "ok", "on the GPU"),
        (6 * GIB, "warn", "40% of it on the CPU"),
        (0, "warn", "all on the CPU"),
    ],
)
async def test_what_does_not_fit_the_gpu_is_said(vram: int, status: str, says: str) -> None:
    entry = {"name": "m:latest", "size": 10 * GIB, "size_vram": vram, "context_length": 65_536}
    async with ollama({"/api/ps": {"models": [entry]}}) as client:
        check = await model.memory(TARGET, OllamaUpstream(client))
    assert check.status == status
    assert says in check.detail


async def test_a_slow_model_on_the_cpu_has_one_profile_named_for_it() -> None:
    reading = Check("reading_speed", "warn", "50 tokens/s", "cc-proxy claude --profile bare")
    on_cpu = {"models": [{"name": "m:latest", "size": 5 * GIB, "size_vram": 0}]}
    async with ollama({"/api/ps": on_cpu}) as client:
        check = await model.memory(TARGET, OllamaUpstream(client), reading)
    assert (check.status, check.fix) == ("warn", reading.fix)


async def test_a_model_on_the_cpu_that_reads_fast_enough_has_no_profile_named_for_it() -> None:
    reading = Check("reading_speed", "ok", "900 tokens/s")
    on_cpu = {"models": [{"name": "m:latest", "size": 5 * GIB, "size_vram": 0}]}
    async with ollama({"/api/ps": on_cpu}) as client:
        check = await model.memory(TARGET, OllamaUpstream(client), reading)
    assert (check.status, check.fix) == ("ok", None)
    assert check.detail.startswith("all on the CPU")


async def test_a_window_over_the_model_s_maximum_is_told_of() -> None:
    show = {"capabilities": ["tools"], "model_info": {"llama.context_length": 131_072}}
    settings = Settings(
        aliases={"default": "m"}, models={"m:latest": ModelSettings(context_window=300_000)}
    )
    async with ollama({"/api/show": show, "/api/ps": {"models": []}}) as client:
        _, found = await upstream.default_model(
            settings, Models(settings, Upstreams(OllamaUpstream(client))), {}
        )
    (window,) = [check for check in found if check.name == "window"]
    assert window.status == "warn"
    assert "131,072 tokens, all that it can have; the configuration has 300,000" in window.detail


def rendered(*prompts: str) -> Answer:
    left = list(prompts)

    async def answer(request: web.Request) -> dict[str, Any]:
        body = await request.json()
        assert body["_debug_render_only"] is True
        assert body["options"]["num_ctx"] == 65_536
        return {"done": False, "_debug_info": {"rendered_template": left.pop(0)}}

    return answer


@pytest.mark.parametrize(
    ("earlier", "later", "status"),
    [
        ("abc" * 100, "abc" * 100 + "more", "ok"),
        ("abc" * 100 + "<think>\n", "abc" * 100 + "call", "ok"),
        ("abc" * 100, "x" + "abc" * 100, "warn"),
    ],
)
async def test_a_prompt_that_changes_at_its_front_is_a_warning(
    earlier: str, later: str, status: str
) -> None:
    async with ollama({"/api/chat": rendered(earlier, later)}) as client:
        check = await model.prefix(TARGET, OllamaUpstream(client))
    assert check is not None
    assert check.status == status


async def test_an_ollama_that_shows_no_prompts_is_not_judged() -> None:
    answer = {"message": {"role": "assistant", "content": "a"}, "done": True}
    async with ollama({"/api/chat": answer}) as client:
        assert await model.prefix(TARGET, OllamaUpstream(client)) is None


@pytest.mark.parametrize(
    ("tokens_a_second", "window", "status", "fix"),
    [
        (1000, 65_536, "ok", None),
        (1000, 32_768, "ok", None),
        (150, 65_536, "warn", "cc-proxy claude --profile lean"),
        (150, 24_576, "warn", "cc-proxy claude --profile bare"),
        (50, 65_536, "warn", "cc-proxy claude --profile bare"),
    ],
)
async def test_a_machine_that_reads_slowly_is_told_of_a_smaller_profile(
    tokens_a_second: int, window: int, status: str, fix: str | None
) -> None:
    last = {
        "message": {"role": "assistant", "content": "yes"},
        "done": True,
        "prompt_eval_count": 400,
        "prompt_eval_duration": 400 * 10**9 // tokens_a_second,
        "eval_count": 2,
        "eval_duration": 10**8,
    }
    body = json.dumps(last).encode() + b"\n"
    async with ollama({"/api/chat": body}) as client:
        answered, reading = await model.answer(
            replace(TARGET, window=window), OllamaUpstream(client)
        )
    assert answered.status == "ok"
    assert "writing 20 tokens/s" in answered.detail
    assert (reading.name, reading.status, reading.fix) == ("reading_speed", status, fix)


async def test_a_model_that_reads_a_short_prompt_at_once_is_given_a_longer_one() -> None:
    asked: list[int] = []

    async def chat(request: web.Request) -> web.Response:
        words = len((await request.json())["messages"][0]["content"].split())
        asked.append(words)
        # As a real Ollama has it: a batch goes at once, and what comes after it does not.
        seconds = words / 8_000 if words < 1_000 else words / 400
        last = {
            "message": {"role": "assistant", "content": "yes"},
            "done": True,
            "prompt_eval_count": words,
            "prompt_eval_duration": int(seconds * 1e9),
        }
        return web.Response(body=json.dumps(last).encode() + b"\n")

    async with ollama({"/api/chat": chat}) as client:
        _, reading = await model.answer(TARGET, OllamaUpstream(client))
    assert len(asked) == 2
    assert reading.detail.startswith("400 tokens/s for 3,")


async def test_a_model_that_cannot_be_loaded_fails_with_ollama_s_words() -> None:
    body = b'{"error":"model requires more system memory (9.0 GiB) than is available"}'
    async with ollama({"/api/chat": body}, 500) as client:
        (check,) = await model.answer(TARGET, OllamaUpstream(client))
    assert check.status == "fail"
    assert "more system memory" in check.detail


@pytest.mark.parametrize(
    ("sessions", "slots", "each", "says"),
    [
        (1, 1, 131_072, None),
        (
            2,
            1,
            131_072,
            "two do, the second takes up to 8.6 GB, and they read 2 to 3 times as much",
        ),
        (2, 1, None, "the second takes memory for its own window"),
        (1, 2, 131_072, "1 session; Ollama answers several requests at once"),
    ],
)
def test_a_second_slot_is_explained_where_it_would_be_used(
    sessions: int, slots: int, each: int | None, says: str | None
) -> None:
    target = replace(TARGET, model=structs.replace(TARGET.model, cache_bytes_per_token=each))
    seen = ModelSessions(model="m", sessions=sessions, parallel=slots)
    check = upstream.parallel(target, [ModelSessions(model="n", sessions=9, parallel=1), seen])
    assert (check is None) == (says is None)
    assert check is None or (says or "") in check.detail


@pytest.mark.parametrize(
    ("url", "excepted", "named"),
    [
        ("http://gpu.invalid:11434", "", True),
        ("http://gpu.invalid:11434", "gpu.invalid", False),
        ("http://127.0.0.1:9", "", False),
    ],
)
async def test_a_proxy_for_all_that_is_not_read_is_named_where_nothing_answers(
    monkeypatch: pytest.MonkeyPatch, *, url: str, excepted: str, named: bool
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:hunter2@proxy:1080")
    monkeypatch.setenv("NO_PROXY", excepted)
    loaded = load(environ={"OLLAMA_BASE_URL": url}, home=Path("/nowhere"))
    async with OllamaClient(url, api_key=None, silence_seconds=1) as client:
        (check,) = await upstream.reach(loaded, client, None)
    assert check.status == "fail"
    assert ("does not read ALL_PROXY" in check.detail) is named
    assert ("ssh -N -L 11434" in str(check.fix)) is named
    assert "hunter2" not in check.detail
