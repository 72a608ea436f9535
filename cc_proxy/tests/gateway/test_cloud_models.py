"""Models that Ollama lists and runs elsewhere: their window, and no work for nobody."""

from typing import Any

import pytest
from aiohttp import web

from .conftest import Gateway, Upstream

NAME = "glm-4.6:cloud"
CAN = ["completion", "tools", "thinking"]


@pytest.fixture
def upstream() -> Upstream:
    class Cloud(Upstream):
        async def on_show(self, request: web.Request) -> web.Response:
            name = (await request.json())["model"]
            info: dict[str, Any] = {
                "capabilities": CAN,
                "model_info": {"glm.context_length": 202_752},
                "details": {"family": "glm"},
            }
            if name == "mine":
                info |= {"remote_model": "glm-4.6", "remote_host": "https://cloud.example:443"}
            return web.json_response(info)

    return Cloud()


@pytest.mark.parametrize("name", [NAME, "gpt-oss:120b-cloud", "mine"])
async def test_its_window_is_its_own(gateway: Gateway, upstream: Upstream, name: str) -> None:
    await gateway.ask(model=name)
    assert upstream.bodies[-1]["options"]["num_ctx"] == 202_752
    await gateway.ask(model="here")
    assert upstream.bodies[-1]["options"]["num_ctx"] == 65_536


async def test_only_the_person_s_requests_reach_it(gateway: Gateway, upstream: Upstream) -> None:
    url = gateway.url + "/preload"
    async with gateway.client.post(url, json={"model": NAME, "wait": True}) as response:
        assert (await response.json())["context_window"] == 202_752
    history = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "go on"},
    ]
    for _ in range(2):
        await gateway.ask(model=NAME, thinking={"type": "adaptive"}, messages=history)
    # Not loaded, not asked to render a prompt, and read nothing ahead.
    assert len(upstream.bodies) == 2
    assert all(body["messages"] for body in upstream.bodies)


async def test_where_only_cloud_models_are_pulled_that_is_said(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.tags = [{"name": NAME, "capabilities": CAN}]
    status, answer, _ = await gateway.ask(model="claude-opus-5-5")
    message = answer["error"]["message"]
    assert status == 404
    assert "Ollama has only cloud models" in message
    assert f"`aliases: {{default: {NAME}}}`" in message
    assert upstream.bodies == []


def refuses(status: int, **body: str) -> Any:
    async def chat(_request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    return chat


async def test_a_usage_limit_is_told_at_once(gateway: Gateway, upstream: Upstream) -> None:
    text = "you have reached your hourly usage limit, upgrade for higher limits"
    upstream.chat = refuses(429, error=text)
    status, answer, headers = await gateway.ask(model=NAME)
    assert (status, answer["error"]["type"]) == (429, "rate_limit_error")
    assert headers["x-should-retry"] == "false"
    assert text in answer["error"]["message"]
    assert "busy" not in answer["error"]["message"]


async def test_other_limits_are_waited_for(gateway: Gateway, upstream: Upstream) -> None:
    upstream.chat = refuses(429, error="too many concurrent requests")
    status, _, headers = await gateway.ask(model=NAME)
    assert (status, headers["x-should-retry"]) == (529, "true")


async def test_a_person_who_is_not_signed_in_is_told_how(
    gateway: Gateway, upstream: Upstream
) -> None:
    url = "https://ollama.com/connect?name=host&key=abc"
    upstream.chat = refuses(401, error="unauthorized", signin_url=url)
    status, answer, headers = await gateway.ask(model=NAME)
    # Never 401: to Claude Code that is its own login.
    assert (status, headers["x-should-retry"]) == (403, "false")
    assert "`ollama signin`" in answer["error"]["message"]
    assert url in answer["error"]["message"]
