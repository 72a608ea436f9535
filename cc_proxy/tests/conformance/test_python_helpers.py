"""The Python SDK's larger helpers: tool runners, structured output, threads."""

import asyncio
from typing import Any, Literal

import anthropic
import pydantic
import pytest
from anthropic import beta_async_tool, beta_tool

from .clients import Json, asked, async_client, call, script
from .stack import Practice

pytestmark = pytest.mark.xdist_group("python-sdk")


class Fact(pydantic.BaseModel):
    """A structured answer."""

    answer: int
    sure: bool
    kind: Literal["sum", "guess"] = "sum"


@beta_tool
def add(left: int, right: int) -> str:
    """Add two numbers.

    Args:
        left: One number.
        right: The other.

    """
    return str(left + right)


@beta_tool
def fail() -> str:
    """Fail every time."""
    raise ValueError("the disk is full")


@beta_async_tool
async def add_later(left: int, right: int) -> str:
    """Add two numbers, in a while."""
    await asyncio.sleep(0)
    return str(left + right)


SUMS = [
    {"text": "Adding.", "calls": [call("add", left=1, right=2), call("add", left=3, right=4)]},
    {"calls": [call("add", left=10, right=20)]},
    {"text": "All done."},
]


def words_of(message: Any) -> str:
    """Return the text of the last block."""
    text: str = message.content[-1].text
    return text


def told(practice: Practice, after: int) -> list[str]:
    """Return what the tools told the model, in the latest request."""
    messages = practice.chats(after)[-1].body["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


@pytest.mark.parametrize("thread", [None, False], ids=str)
def test_a_tool_runner_runs_its_tools_to_the_end(
    client: anthropic.Anthropic, practice: Practice, mark: int, thread: Any
) -> None:
    more = {} if thread is None else {"thread": thread}
    runner = client.beta.messages.tool_runner(
        **asked(*SUMS, tools=[add], system="Be exact."), **more
    )
    messages = list(runner)
    assert [message.stop_reason for message in messages] == ["tool_use", "tool_use", "end_turn"]
    assert words_of(messages[-1]) == "All done."
    assert told(practice, mark) == ["3", "7", "30"]
    last = practice.chats(mark)[-1].body
    assert last["messages"][0] == {"role": "system", "content": "Be exact."}
    assert [tool["function"]["name"] for tool in last["tools"]] == ["add"]


@pytest.mark.parametrize("thread", [None, False], ids=str)
@pytest.mark.parametrize("eager", [False, True], ids=["after the reply", "eagerly"])
def test_a_streaming_tool_runner_runs_its_tools_to_the_end(
    client: anthropic.Anthropic, practice: Practice, mark: int, thread: Any, *, eager: bool
) -> None:
    more: Json = {} if thread is None else {"thread": thread}
    runner = client.beta.messages.tool_runner(
        **asked(*SUMS, tools=[add]), stream=True, run_tools_eagerly=eager, **more
    )
    messages = [stream.get_final_message() for stream in runner]
    assert words_of(messages[-1]) == "All done."
    assert told(practice, mark) == ["3", "7", "30"]


@pytest.mark.parametrize("thread", [None, False], ids=str)
def test_an_async_tool_runner_runs_its_tools_to_the_end(
    proxy_url: str, practice: Practice, mark: int, thread: Any
) -> None:
    turns = [{"calls": [call("add_later", left=1, right=2)]}, {"text": "All done."}]

    async def run() -> str:
        more: Json = {} if thread is None else {"thread": thread}
        async with async_client(proxy_url) as client:
            runner = client.beta.messages.tool_runner(**asked(*turns, tools=[add_later]), **more)
            return words_of(await runner.until_done())

    assert asyncio.run(run()) == "All done."
    assert told(practice, mark) == ["3"]


def test_a_tool_that_raises_is_told_to_the_model(
    client: anthropic.Anthropic, practice: Practice, mark: int
) -> None:
    turns = [{"calls": [call("fail")]}, {"text": "I see."}]
    request = asked(*turns, tools=[fail], thread=False)
    final = client.beta.messages.tool_runner(**request).until_done()
    assert words_of(final) == "I see."
    (result,) = told(practice, mark)
    assert result.startswith("The tool reported an error")
    assert "the disk is full" in result


def test_a_tool_runner_stops_after_its_iterations(client: anthropic.Anthropic) -> None:
    request = asked(*SUMS, tools=[add], thread=False, max_iterations=2)
    assert len(list(client.beta.messages.tool_runner(**request))) == 2


def test_a_thread_is_refused_with_the_code_that_the_sdk_knows(client: anthropic.Anthropic) -> None:
    thread = client.beta.messages.thread(model="practice", max_tokens=100)
    with pytest.raises(anthropic.BadRequestError) as raised:
        thread.send({"role": "user", "content": script({"text": "x"})})
    assert raised.value.error_code == "thread_unsupported_request"


@pytest.mark.parametrize("kind", ["create", "continue"])
def test_a_raw_thread_field_is_refused(client: anthropic.Anthropic, kind: str) -> None:
    thread: Json = {"type": kind}
    if kind == "continue":
        thread["previous_message_id"] = "msg_1"
    with pytest.raises(anthropic.BadRequestError) as raised:
        client.messages.create(**asked({"text": "x"}), extra_body={"thread": thread})
    assert raised.value.error_code == "thread_unsupported_request"


# ---- Structured output --------------------------------------------------------------------

FACT = '{"answer": 42, "sure": true, "kind": "guess"}'


def test_parse_gives_the_object(client: anthropic.Anthropic) -> None:
    message = client.messages.parse(**asked({"text": FACT}), output_format=Fact)
    assert message.parsed_output == Fact(answer=42, sure=True, kind="guess")


def test_parse_gives_the_object_to_the_async_client(proxy_url: str) -> None:
    async def parse() -> Any:
        async with async_client(proxy_url) as client:
            message = await client.messages.parse(**asked({"text": FACT}), output_format=Fact)
            return message.parsed_output

    assert asyncio.run(parse()) == Fact(answer=42, sure=True, kind="guess")


def test_the_beta_parse_gives_the_object(client: anthropic.Anthropic) -> None:
    message = client.beta.messages.parse(**asked({"text": FACT}), output_format=Fact)
    assert message.parsed_output == Fact(answer=42, sure=True, kind="guess")


def test_a_stream_parses_at_its_end(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**asked({"text": FACT}), output_format=Fact) as stream:
        final = stream.get_final_message()
    assert final.parsed_output == Fact(answer=42, sure=True, kind="guess")


def test_the_model_is_held_to_the_schema(
    client: anthropic.Anthropic, practice: Practice, mark: int
) -> None:
    # What does not fit the schema cannot be said: the practice model invents something that does.
    message = client.messages.parse(**asked({"text": "I would say 42."}), output_format=Fact)
    assert isinstance(message.parsed_output, Fact)
    (record,) = practice.chats(mark)
    assert set(record.body["format"]["properties"]) == {"answer", "sure", "kind"}


def test_a_schema_of_an_unknown_kind_is_refused(client: anthropic.Anthropic) -> None:
    config: Any = {"format": {"type": "json_schema", "schema": "an object, please"}}
    with pytest.raises(anthropic.BadRequestError, match="expected a JSON schema"):
        client.messages.create(**asked({"text": FACT}), output_config=config)


def test_structured_output_leaves_tools_usable(
    client: anthropic.Anthropic, practice: Practice, mark: int
) -> None:
    calls = {"calls": [call("add", left=1, right=2)]}
    request = asked(calls, tools=[add.to_dict()])
    message = client.messages.parse(**request, output_format=Fact)
    assert message.stop_reason == "tool_use"
    assert "format" not in practice.chats(mark)[-1].body
