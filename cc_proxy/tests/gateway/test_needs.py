"""A conversation that its model cannot take goes to another one, once and from there on."""

from typing import Any

import pytest

from cc_proxy.app.config import ModelSettings, RequestClasses

from .conftest import Gateway, Upstream

SEES, LONG = "sees", "long"
WORDS = "word " * 9_000


@pytest.fixture
def settings() -> dict[str, Any]:
    return {
        "request_classes": RequestClasses(image=SEES, long_context=LONG),
        "models": {
            "m": ModelSettings(context_window=8192),
            LONG: ModelSettings(context_window=65536),
        },
    }


@pytest.fixture
def upstream() -> Upstream:
    return Upstream(shown={SEES: ("completion", "tools", "vision")})


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def image() -> dict[str, Any]:
    source = {"type": "base64", "media_type": "image/png", "data": "aGk="}
    return {"type": "image", "source": source}


async def models(gateway: Gateway, upstream: Upstream, *turns: list[dict[str, Any]]) -> list[str]:
    for messages in turns:
        status, answer, _ = await gateway.ask(messages=messages)
        assert status == 200, answer
        assert answer["model"] == "m", "the client gets the name that it asked for"
    return [body["model"] for body in upstream.bodies]


async def test_a_conversation_with_an_image_goes_to_the_model_that_sees(
    gateway: Gateway, upstream: Upstream
) -> None:
    first = [user("hi")]
    second = [*first, {"role": "assistant", "content": "Hello"}, user([image()])]
    third = [*second, {"role": "assistant", "content": "Hello"}, user("And now?")]
    assert await models(gateway, upstream, first, second, third) == ["m", SEES, SEES]
    assert upstream.bodies[-1]["messages"][2]["images"] == ["aGk="]


async def test_a_conversation_that_does_not_fit_goes_to_the_model_with_the_longer_window(
    gateway: Gateway, upstream: Upstream
) -> None:
    short, long = [user("hi")], [user(WORDS)]
    longer = [*long, {"role": "assistant", "content": "Hello"}, user("And now?")]
    assert await models(gateway, upstream, short, long, longer) == ["m", LONG, LONG]
    assert [body["options"]["num_ctx"] for body in upstream.bodies] == [8192, 65536, 65536]


async def test_tools_are_offered_to_the_model_that_a_conversation_changes_to(
    gateway: Gateway, upstream: Upstream
) -> None:
    tools = [{"name": "Read", "input_schema": {"type": "object"}}]
    await gateway.ask(messages=[user(WORDS)], tools=tools)
    assert upstream.bodies[-1]["model"] == LONG
    assert upstream.bodies[-1]["tools"][0]["function"]["name"] == "Read"


async def test_the_client_hears_the_longer_window(gateway: Gateway, upstream: Upstream) -> None:
    upstream.tags = [{"name": "m"}]
    async with gateway.client.get(gateway.url + "/health?model=m") as said:
        assert (await said.json())["default_model"]["context_window"] == 65536
    async with gateway.client.get(gateway.url + "/v1/models/m") as said:
        assert (await said.json())["max_input_tokens"] == 65536


async def test_what_fits_nowhere_is_too_long(gateway: Gateway) -> None:
    status, answer, _ = await gateway.ask(messages=[user(WORDS * 20)])
    assert status == 400
    assert "prompt is too long" in answer["error"]["message"]
    assert "> 65536 maximum" in answer["error"]["message"]
