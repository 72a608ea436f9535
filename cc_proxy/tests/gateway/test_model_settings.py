"""Settings of one model: the same in every request to it, whoever makes it."""

from typing import Any

import msgspec
import pytest
from aiohttp import web

from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.config import ModelSettings, Settings
from cc_proxy.app.upstreams.ollama import wire

from .conftest import Gateway, Upstream

OWN = ModelSettings(temperature=0.25, seed=7, num_gpu=20, use_mmap=False, think="low")


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"models": {"m": OWN, "quiet": ModelSettings(think=False, keep_alive="default")}}


async def test_options_reach_ollama_and_win_over_the_request(
    gateway: Gateway, upstream: Upstream
) -> None:
    await gateway.ask(temperature=1.0, top_p=0.5)
    await gateway.ask(model="m:latest")
    first, second = upstream.bodies
    assert first["options"] == {
        "num_ctx": 65536,
        "num_predict": 100,
        "temperature": 0.25,
        "top_p": 0.5,
        "seed": 7,
        "num_gpu": 20,
        "use_mmap": False,
    }
    assert second["options"]["temperature"] == 0.25
    await gateway.ask(model="other", temperature=1.0)
    assert upstream.bodies[-1]["options"] == {
        "num_ctx": 65536,
        "num_predict": 100,
        "temperature": 1.0,
    }


async def test_thinking_is_as_the_user_has_it_where_it_is_asked_for(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.capabilities = ("completion", "thinking")
    thinks = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}
    await gateway.ask(**thinks)
    assert upstream.bodies[-1]["think"] == "low"
    await gateway.ask()
    assert upstream.bodies[-1]["think"] is False
    await gateway.ask(model="quiet", **thinks)
    assert upstream.bodies[-1]["think"] is False


async def test_keep_alive_default_is_left_to_the_owner_of_the_server(
    gateway: Gateway, upstream: Upstream
) -> None:
    await gateway.ask(model="quiet")
    assert "keep_alive" not in upstream.bodies[-1]
    await gateway.ask()
    assert upstream.bodies[-1]["keep_alive"] == Settings().ollama.keep_alive


def test_what_belongs_to_the_runner_is_in_every_kind_of_request() -> None:
    info = ModelInfo("m", frozenset(), None, None, "llama")
    target = Target(info, 4096, keep_alive="default", settings=OWN)
    loads = msgspec.json.decode(wire.load_request(target).body)
    reads = msgspec.json.decode(wire.stranger_body(target))
    for body in (loads, reads):
        assert "keep_alive" not in body
        assert {"num_ctx": 4096, "num_gpu": 20, "use_mmap": False}.items() <= body[
            "options"
        ].items()


def test_another_try_of_a_repeated_answer_keeps_its_own_penalty() -> None:
    info = ModelInfo("m", frozenset(), None, None, "llama")
    own = ModelSettings(repeat_penalty=1.0, num_gpu=1)
    first = wire.load_request(Target(info, 4096, keep_alive="1h", settings=own))
    again = first.again(msgspec.structs.replace(first.request(), repeat_penalty=1.3))
    assert msgspec.json.decode(again.body)["options"] == {
        "num_ctx": 4096,
        "num_gpu": 1,
        "repeat_penalty": 1.3,
    }


async def test_too_little_memory_says_which_window_was_asked_for(
    gateway: Gateway, upstream: Upstream
) -> None:
    text = "model requires more system memory (11.6 GiB) than is available (7.6 GiB)"

    async def refuses(_request: web.Request) -> web.Response:
        return web.json_response({"error": text}, status=500)

    upstream.chat = refuses
    status, answer, headers = await gateway.ask()
    message = answer["error"]["message"]
    assert (status, headers["x-should-retry"]) == (500, "false")
    assert message.startswith(
        f"Ollama failed: {text}. cc-proxy asked for a window of 65,536 tokens."
    )
    assert 'models: {"m": {context_window: ' in message
