"""A summary in place of an answer, and a conversation that begins with one."""

from itertools import count
from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.anthropic.requests import Message, decode
from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.translate.answer.collector import AnswerCollector
from cc_proxy.app.translate.answer.compaction import CompactionAnswer
from cc_proxy.app.translate.request.build import TranslatedRequest, chat_request
from cc_proxy.app.translate.request.content import ContentReader
from cc_proxy.app.translate.request.conversation import conversation
from cc_proxy.app.translate.request.rules import AnswerRules, Purpose
from cc_proxy.app.upstreams.ollama.wire import decode_chunk
from cc_proxy.tests.wire_body import wire_body

Json = dict[str, Any]
READ = {"name": "Read", "input_schema": {"type": "object"}}
HISTORY = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": "hello"},
    {"role": "user", "content": "go on"},
]
SUMMARIZE = {"type": "summarize"}
LEAD = "This is a summary of the conversation so far:\n"


def translate(*can: str, **fields: Any) -> TranslatedRequest:
    body = {"model": "m", "max_tokens": 50, "messages": HISTORY} | fields
    model = ModelInfo("m", frozenset({"completion", *(can or ("tools",))}), None, None, "llama")
    target = Target(model=model, window=1000, keep_alive="30m")
    return chat_request(decode(msgspec.json.encode(body)), target)


def sent(*can: str, **fields: Any) -> Json:
    body: Json = msgspec.json.decode(wire_body(translate(*can, **fields)))
    return body


def turns(*messages: Json) -> list[tuple[str, Any]]:
    typed = msgspec.json.decode(msgspec.json.encode(messages), type=list[Message])
    return [
        (turn.role, turn.content) for turn in conversation("", typed, ContentReader(vision=False))
    ]


def test_the_words_that_ask_for_a_summary_stand_behind_the_conversation() -> None:
    plain, asking = sent(tools=[READ]), sent(tools=[READ], compaction=SUMMARIZE)
    assert asking["tools"] == plain["tools"]
    assert asking["messages"][:-1] == plain["messages"][:-1]
    assert asking["messages"][-1]["content"].startswith("go on\n\nWrite a summary")
    assert translate(tools=[READ], compaction=SUMMARIZE).rules.may_call is False


@pytest.mark.parametrize("instructions", [None, "", " \n"])
def test_empty_instructions_count_as_absent(instructions: Any) -> None:
    asking = sent(compaction=SUMMARIZE | {"instructions": instructions})
    assert asking == sent(compaction=SUMMARIZE)


def test_instructions_stand_in_place_of_the_words() -> None:
    asking = sent(compaction=SUMMARIZE | {"instructions": "Name the files."})
    assert asking["messages"][-1]["content"] == "go on\n\nName the files."


def test_neither_a_demand_nor_a_format_changes_a_summary() -> None:
    config = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    plain = sent(tools=[READ], compaction=SUMMARIZE)
    assert plain == sent(
        tools=[READ],
        compaction=SUMMARIZE,
        tool_choice={"type": "tool", "name": "Read"},
        output_config=config,
    )


def test_a_model_without_tools_can_summarize_too() -> None:
    assert "tools" not in sent("completion", tools=[READ], compaction=SUMMARIZE)


def test_another_kind_of_compaction_is_refused() -> None:
    with pytest.raises(ApiError, match=r"compaction\.type: expected summarize, found 'forget'"):
        translate(compaction={"type": "forget"})


def answered(*lines: Json) -> tuple[CompactionAnswer, list[ev.Event]]:
    numbers = count()
    answer = CompactionAnswer(
        message_id="msg_1",
        model="m",
        input_tokens=7,
        new_tool_id=lambda: str(next(numbers)),
        rules=AnswerRules(tools={"Read": {}}, may_call=False, purpose=Purpose.COMPACTION),
    )
    last = {"done": True, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 4}
    chunks = [decode_chunk(msgspec.json.encode(line)) for line in (*lines, last)]
    if lines and lines[-1].get("done"):
        chunks.pop()
    return answer, [event for chunk in chunks for event in answer.feed_all([chunk])]


def message(**fields: Any) -> Json:
    return {"message": {"role": "assistant", "content": ""} | fields}


def test_a_summary_is_one_block_with_one_delta() -> None:
    call = {"function": {"name": "Read", "arguments": {}}}
    answer, events = answered(
        message(thinking="Hm."),
        message(content="The user "),
        message(content="wants cats.\n"),
        message(tool_calls=[call]),
    )
    assert events[1:-2] == [
        ev.ContentBlockStart(0, ev.CompactionBlock(tool_changes=[])),
        ev.ContentBlockDelta(0, ev.CompactionDelta("The user wants cats.")),
        ev.ContentBlockStop(0),
    ]
    assert events[-2] == ev.MessageDelta(ev.StopDelta("compaction"), answer.usage)
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (9, 4)
    assert answer.notes == ["call of Read dropped: a summary was asked for"]
    collector = AnswerCollector()
    for event in events:
        collector.add(event)
    whole = msgspec.json.decode(collector.encode())
    summary = {"type": "compaction", "content": "The user wants cats.", "tool_changes": []}
    assert whole["content"] == [summary]
    assert whole["stop_reason"] == "compaction"


def test_a_summary_that_did_not_come_is_null() -> None:
    answer, events = answered(message(thinking="Hm."))
    assert ev.ContentBlockDelta(0, ev.CompactionDelta(None)) in events
    assert answer.empty
    assert answer.stop_reason == "compaction"


def test_a_summary_that_was_cut_is_named_in_the_log() -> None:
    answer, events = answered(message(content="The user") | {"done": True, "done_reason": "length"})
    assert ev.ContentBlockDelta(0, ev.CompactionDelta("The user")) in events
    assert answer.notes == ["the summary was cut at its limit of tokens"]


def test_a_client_hears_of_a_summary_that_is_being_written() -> None:
    answer = CompactionAnswer(message_id="m", model="m", input_tokens=1, new_tool_id=str)
    answer.feed(decode_chunk(msgspec.json.encode(message(content="The"))))
    assert isinstance(answer.keep_alive()[0], ev.MessageDelta)


@pytest.mark.parametrize("role", ["assistant", "user"])
def test_a_conversation_goes_on_from_its_last_summary(role: str) -> None:
    summary = {"type": "compaction", "content": "Cats."}
    text = {"type": "text", "text": "Yes."}
    assert turns(
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "compaction", "content": "Old."}]},
        {"role": role, "content": [text, summary]},
        {"role": "user", "content": "so"},
    ) == [("user", f"{LEAD}Cats.\n\nso")]


def test_what_follows_a_summary_in_its_turn_stays() -> None:
    summary = {"type": "compaction", "content": "Cats."}
    text = {"type": "text", "text": "Yes."}
    assert turns({"role": "assistant", "content": [summary, text]}) == [
        ("user", f"{LEAD}Cats."),
        ("assistant", "Yes."),
    ]


def test_a_compaction_that_failed_changes_nothing() -> None:
    failed = {"role": "assistant", "content": [{"type": "compaction", "content": None}]}
    before = {"role": "user", "content": "hi"}
    assert turns(before, failed) == [("user", "hi"), ("assistant", "")]
