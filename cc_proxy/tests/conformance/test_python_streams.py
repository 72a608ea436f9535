"""What the stream helpers of the Python SDK tell while an answer is on its way."""

import asyncio
from typing import Any

import anthropic
import pytest

from .answers import ENABLED, THINK, TOOLS
from .clients import asked, async_client, call, sync_client
from .stack import Practice

pytestmark = pytest.mark.xdist_group("python-sdk")

CALLS = asked(
    {"text": "Both.", "calls": [call("Read", path="a", limit=3), call("get_weather", city="Rome")]},
    tools=TOOLS,
)
THOUGHT = asked({"thinking": "Let me see.", "text": "Yes, it is."}, model=THINK, thinking=ENABLED)


def kinds(events: list[Any]) -> list[str]:
    return [event.type for event in events]


def test_text_stream_gives_the_pieces_as_the_model_wrote_them(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**asked({"text": "one two three"})) as stream:
        assert list(stream.text_stream) == ["one", " two", " three"]
        assert stream.get_final_text() == "one two three"


def test_text_events_carry_the_text_so_far(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**asked({"text": "one two three"})) as stream:
        snapshots = [event.snapshot for event in stream if event.type == "text"]
    assert snapshots == ["one", "one two", "one two three"]


def test_thinking_events_come_first_and_end_with_a_signature(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**THOUGHT) as stream:
        events = list(stream)
    told = [kind for kind in kinds(events) if kind in ("thinking", "signature", "text")]
    assert told == ["thinking"] * 3 + ["signature"] + ["text"] * 3
    (signature,) = [event.signature for event in events if event.type == "signature"]
    assert signature
    thoughts = [event.snapshot for event in events if event.type == "thinking"]
    assert thoughts[-1] == "Let me see."


def test_input_json_events_build_the_input(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**CALLS) as stream:
        events = list(stream)
    inputs = [event.snapshot for event in events if event.type == "input_json"]
    assert {"path": "a", "limit": 3} in inputs
    assert inputs[-1] == {"city": "Rome"}
    stops = [event.content_block for event in events if event.type == "content_block_stop"]
    assert [block.type for block in stops] == ["text", "tool_use", "tool_use"]


def test_the_snapshot_grows_and_ends_as_the_message(client: anthropic.Anthropic) -> None:
    lengths = []
    with client.messages.stream(**CALLS) as stream:
        for event in stream:
            lengths.append(len(stream.current_message_snapshot.content))
            if event.type == "message_stop":
                assert event.message == stream.current_message_snapshot
        final = stream.get_final_message()
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (0, 3)
    assert final.stop_reason == "tool_use"


def test_events_come_in_the_order_of_the_api(client: anthropic.Anthropic) -> None:
    with client.messages.create(**asked({"text": "one"}), stream=True) as events:
        assert kinds(list(events)) == [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]


def test_usage_is_estimated_at_the_start_and_counted_at_the_end(
    client: anthropic.Anthropic, practice: Practice, mark: int
) -> None:
    with client.messages.stream(**asked({"text": "one two three"})) as stream:
        first = next(iter(stream))
        assert first.type == "message_start"
        assert first.message.usage.input_tokens > 0
        usage = stream.get_final_message().usage
    record = practice.wait_for_end(mark)
    prompt = usage.input_tokens + (usage.cache_read_input_tokens or 0)
    assert (prompt, usage.output_tokens) == (record.prompt_tokens, record.output_tokens)


def test_the_first_words_come_before_the_last_are_written(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**asked([{"text": "first"}, {"stall": True}])) as stream:
        assert next(iter(stream.text_stream)) == "first"


def test_an_answer_is_in_the_stream_of_the_request_that_asked_for_it(
    client: anthropic.Anthropic,
) -> None:
    with client.messages.stream(**asked({"text": "one"})) as stream:
        assert stream.request_id is not None
        assert stream.request_id.startswith("req_")
        first = stream.get_final_message().id
    with client.messages.stream(**asked({"text": "one"})) as stream:
        assert stream.get_final_message().id != first


@pytest.mark.parametrize("way", ["closed", "left"])
def test_a_stream_that_is_given_up_stops_the_model(
    client: anthropic.Anthropic, practice: Practice, mark: int, way: str
) -> None:
    with client.messages.stream(**asked([{"text": "first"}, {"stall": True}])) as stream:
        assert next(iter(stream.text_stream)) == "first"
        if way == "closed":
            stream.close()
            assert practice.wait_for_end(mark).ended_by == "client closed"
    assert practice.wait_for_end(mark).ended_by == "client closed"


@pytest.mark.parametrize("mode", ["streamed", "whole"])
def test_a_cancelled_task_stops_the_model(
    proxy_url: str, practice: Practice, mark: int, mode: str
) -> None:
    request = asked([{"text": "first"}, {"stall": True}])

    async def ask(client: anthropic.AsyncAnthropic) -> None:
        if mode == "whole":
            await client.messages.create(**request)
        async with client.messages.stream(**request) as stream:
            await stream.until_done()

    async def ask_and_cancel() -> None:
        async with async_client(proxy_url) as client:
            asking = asyncio.create_task(ask(client))
            # In a thread: this waits for another event loop than the client's.
            await asyncio.to_thread(practice.wait_for_token, mark)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    asyncio.run(ask_and_cancel())
    assert practice.wait_for_end(mark).ended_by == "client closed"


def test_a_client_that_runs_out_of_patience_stops_the_model(
    proxy_url: str, practice: Practice, mark: int
) -> None:
    with (
        sync_client(proxy_url, timeout=3) as client,
        pytest.raises(anthropic.APITimeoutError),
    ):
        client.messages.create(**asked({"stall": True}))
    assert practice.wait_for_end(mark).ended_by == "client closed"


def test_streams_at_the_same_time_do_not_mix(proxy_url: str) -> None:
    async def ask(client: anthropic.AsyncAnthropic, number: int, model: str) -> str:
        request = asked({"text": f"answer {number} of {model}"}, model=model)
        async with client.messages.stream(**request) as stream:
            return await stream.get_final_text()

    async def all_at_once() -> list[str]:
        models = ["practice", "practice-think", "practice-jinja", "practice-vision"] * 4
        async with async_client(proxy_url) as client:
            return await asyncio.gather(*(ask(client, n, m) for n, m in enumerate(models)))

    answers = asyncio.run(all_at_once())
    models = ["practice", "practice-think", "practice-jinja", "practice-vision"] * 4
    assert answers == [f"answer {n} of {m}" for n, m in enumerate(models)]


# ---- Silence ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "turn",
    [
        [{"sleep": 0.6}, {"text": "late"}],
        [{"text": "la"}, {"sleep": 0.4}, {"text": "te"}],
        [{"sleep": 0.5}, {"text": "la"}, {"sleep": 0.3}, {"text": "te"}],
    ],
    ids=["before the first token", "in the middle of a text", "both"],
)
def test_a_silent_model_disturbs_no_helper(impatient_url: str, turn: list[Any]) -> None:
    with sync_client(impatient_url) as client, client.messages.stream(**asked(turn)) as stream:
        events = list(stream)
        final = stream.get_final_message()
    assert [block.to_dict() for block in final.content] == [{"type": "text", "text": "late"}]
    assert final.stop_reason == "end_turn"
    beats = [
        event
        for event in events
        if (event.type == "message_delta" and event.delta.stop_reason is None)
        or (event.type == "text" and event.text == "")
    ]
    assert len(beats) >= 2


def test_a_silence_between_thinking_and_a_call_disturbs_no_helper(impatient_url: str) -> None:
    turn = [
        {"thinking": "Hm."},
        {"sleep": 0.4},
        {"calls": [call("Read", path="a")]},
        {"sleep": 0.3},
        {"calls": [call("Read", path="b")]},
    ]
    request = asked(turn, model=THINK, thinking=ENABLED, tools=TOOLS)
    with sync_client(impatient_url) as client, client.messages.stream(**request) as stream:
        final = stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "tool_use", "tool_use"]
    assert [block.input for block in final.content if block.type == "tool_use"] == [
        {"path": "a"},
        {"path": "b"},
    ]


def test_an_answer_in_one_piece_may_begin_with_spaces(impatient_url: str) -> None:
    request = asked([{"sleep": 0.6}, {"text": "late"}])
    with sync_client(impatient_url) as client:
        response = client.messages.with_raw_response.create(**request)
    assert response.text().startswith(" ")
    assert [block.to_dict() for block in response.parse().content] == [
        {"type": "text", "text": "late"}
    ]


def test_an_error_after_the_spaces_is_an_error_of_the_connection(impatient_url: str) -> None:
    request = asked([{"sleep": 0.6}, {"text": "half"}, {"stall": True}])
    with (
        sync_client(impatient_url) as client,
        pytest.raises(anthropic.APIConnectionError, match="Connection error"),
    ):
        client.messages.create(**request)


def test_a_silent_model_disturbs_no_async_helper(impatient_url: str) -> None:
    async def ask() -> str:
        async with (
            async_client(impatient_url) as client,
            client.messages.stream(**asked([{"sleep": 0.6}, {"text": "late"}])) as stream,
        ):
            return "".join([text async for text in stream.text_stream])

    assert asyncio.run(ask()) == "late"


def test_a_model_that_is_silent_for_too_long_is_a_timeout_error_on_the_stream(
    impatient_url: str,
) -> None:
    with (
        sync_client(impatient_url) as client,
        client.messages.stream(**asked([{"text": "half"}, {"stall": True}])) as stream,
        pytest.raises(anthropic.APIStatusError, match="silent for more than 2 seconds") as error,
    ):
        stream.until_done()
    assert error.value.type == "timeout_error"
