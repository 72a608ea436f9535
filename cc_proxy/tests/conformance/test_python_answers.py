"""The same answer, in every way in which the Python SDK can ask for it."""

from collections.abc import Callable
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic

from . import grammar
from .answers import ANSWERS, ID, SIGNED, Answer
from .clients import Json
from .stack import Practice

pytestmark = pytest.mark.xdist_group("python-sdk")


def create(client: Anthropic, request: Json) -> Json:
    return client.messages.create(**request).to_dict()


def create_streamed(client: Anthropic, request: Json) -> Json:
    with client.messages.create(**request, stream=True) as events:
        return _told([event.to_dict() for event in events])


def stream_helper(client: Anthropic, request: Json) -> Json:
    with client.messages.stream(**request) as stream:
        return stream.get_final_message().to_dict()


def raw_response(client: Anthropic, request: Json) -> Json:
    response = client.messages.with_raw_response.create(**request)
    assert response.headers["request-id"].startswith("req_")
    return response.parse().to_dict()


def beta_create(client: Anthropic, request: Json) -> Json:
    return client.beta.messages.create(
        **request, betas=["interleaved-thinking-2025-05-14"]
    ).to_dict()


def beta_stream_helper(client: Anthropic, request: Json) -> Json:
    with client.beta.messages.stream(**request) as stream:
        return stream.get_final_message().to_dict()


async def async_create(client: AsyncAnthropic, request: Json) -> Json:
    return (await client.messages.create(**request)).to_dict()


async def async_create_streamed(client: AsyncAnthropic, request: Json) -> Json:
    async with await client.messages.create(**request, stream=True) as events:
        return _told([event.to_dict() async for event in events])


async def async_stream_helper(client: AsyncAnthropic, request: Json) -> Json:
    async with client.messages.stream(**request) as stream:
        return (await stream.get_final_message()).to_dict()


SYNC: list[Callable[[Anthropic, Json], Json]] = [
    create,
    create_streamed,
    stream_helper,
    raw_response,
    beta_create,
    beta_stream_helper,
]
ASYNC: list[Callable[[AsyncAnthropic, Json], Any]] = [
    async_create,
    async_create_streamed,
    async_stream_helper,
]


def _told(events: list[Json]) -> Json:
    told = grammar.check([grammar.Event(event["type"], event) for event in events])
    return {
        **told.message,
        "content": told.content(),
        "stop_reason": told.stop_reason,
        "stop_sequence": told.stop_sequence,
        "usage": told.usage,
    }


def _named(way: Callable[..., Any]) -> str:
    return way.__name__.replace("_", " ")


@pytest.mark.parametrize("way", SYNC, ids=_named)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer(
    client: Anthropic, answer: Answer, way: Callable[[Anthropic, Json], Json]
) -> None:
    _assert_is(answer, way(client, answer.request))


@pytest.mark.parametrize("way", ASYNC, ids=_named)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_of_the_async_client(
    practice: Practice,
    client_in_background: AsyncAnthropic,
    answer: Answer,
    way: Callable[[AsyncAnthropic, Json], Any],
) -> None:
    _assert_is(answer, practice.background.run(way(client_in_background, answer.request)))


def _assert_is(answer: Answer, message: Json) -> None:
    ids = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
    assert all(name.startswith("toolu_") for name in ids)
    assert len(ids) == len(set(ids))
    assert [_without_chance(block) for block in message["content"]] == answer.content
    assert message["stop_reason"] == answer.stop_reason
    assert message["stop_sequence"] == answer.stop_sequence
    assert message["model"] == answer.request["model"]
    assert (message["type"], message["role"]) == ("message", "assistant")
    assert message["id"].startswith("msg_")
    assert message["usage"]["input_tokens"] > 0
    assert message["usage"]["output_tokens"] > 0


def _without_chance(block: Json) -> Json:
    """Return a block with its id and its signature, which are different each time, made equal."""
    kept = {name: value for name, value in block.items() if name != "parsed_output"}
    if "id" in kept:
        kept["id"] = ID
    if kept.get("signature"):
        kept["signature"] = SIGNED
    return kept
