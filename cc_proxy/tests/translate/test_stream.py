"""Chunks of Ollama in, events of the Messages API out."""

from itertools import count
from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.translate.answer.blocks import State
from cc_proxy.app.translate.answer.parts import whole
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.request.rules import FREE, AnswerRules
from cc_proxy.app.upstreams.ollama.wire import decode_chunk


def stream(rules: AnswerRules = FREE) -> AnswerStream:
    numbers = count(1)
    return AnswerStream(
        message_id="msg_1",
        model="m",
        input_tokens=7,
        new_tool_id=lambda: f"toolu_{next(numbers)}",
        rules=rules,
    )


def chunk(
    content: str = "",
    *,
    thinking: str = "",
    calls: tuple[tuple[str, Any], ...] = (),
    **more: Any,
) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if thinking:
        message["thinking"] = thinking
    if calls:
        message["tool_calls"] = [
            {"id": "call_x", "function": {"index": 0, "name": name, "arguments": arguments}}
            for name, arguments in calls
        ]
    return msgspec.json.encode({"model": "m", "message": message, "done": False, **more})


def done(reason: str = "stop", **more: Any) -> bytes:
    counts = {"prompt_eval_count": 11, "eval_count": 3}
    return chunk(done=True, done_reason=reason, **(counts | more))


def shape(answer: AnswerStream, *lines: bytes) -> list[str]:
    # All events before any is read, as they are when several lines come in one piece.
    return [told(e) for e in [e for line in lines for e in answer.feed(decode_chunk(line))]]


def told(event: ev.Event) -> str:
    match event:
        case ev.MessageStart(message):
            return f"start {message.usage.input_tokens}/{message.usage.output_tokens}"
        case ev.ContentBlockStart(index, block):
            name = f" {block.id} {block.name}" if isinstance(block, ev.ToolUseBlock) else ""
            return f"{index} open {block.__struct_config__.tag}{name}"
        case ev.ContentBlockDelta(index, delta):
            return f"{index} + {msgspec.to_builtins(delta)}"
        case ev.ContentBlockStop(index):
            return f"{index} close"
        case ev.MessageDelta(delta, usage):
            return f"delta {delta.stop_reason} {usage.input_tokens}/{usage.output_tokens}"
        case ev.MessageStop():
            return "stop"
        case ev.ErrorEvent(error):
            return f"error {error.type}: {error.message}"


def kinds(lines: list[str]) -> list[str]:
    return [line for line in lines if " + " not in line]


def test_text_is_one_block() -> None:
    answer = stream()
    assert shape(answer, chunk("Hel"), chunk("lo"), done()) == [
        "start 7/0",
        "0 open text",
        "0 + {'type': 'text_delta', 'text': 'Hel'}",
        "0 + {'type': 'text_delta', 'text': 'lo'}",
        "0 close",
        "delta end_turn 11/3",
        "stop",
    ]


def test_thinking_text_and_calls_come_in_order_each_closed() -> None:
    answer = stream()
    lines = shape(
        answer,
        chunk(thinking="Hm"),
        chunk("Yes"),
        chunk(calls=(("Read", {"a": 1}), ("Grep", {}))),
        done(),
    )
    assert kinds(lines) == [
        "start 7/0",
        "0 open thinking",
        "0 close",
        "1 open text",
        "1 close",
        "2 open tool_use toolu_1 Read",
        "2 close",
        "3 open tool_use toolu_2 Grep",
        "3 close",
        "delta tool_use 11/3",
        "stop",
    ]
    assert "0 + {'type': 'signature_delta', 'signature': 'cc-proxy'}" in lines
    assert "2 + {'type': 'input_json_delta', 'partial_json': '{\"a\":1}'}" in lines


def test_a_call_inside_the_last_chunk_is_a_call() -> None:
    line = chunk(
        calls=(("Read", {}),), done=True, done_reason="stop", prompt_eval_count=5, eval_count=2
    )
    assert kinds(shape(stream(), line)) == [
        "start 7/0",
        "0 open tool_use toolu_1 Read",
        "0 close",
        "delta tool_use 5/2",
        "stop",
    ]


def test_text_after_a_call_opens_a_block_of_its_own() -> None:
    lines = kinds(shape(stream(), chunk("a"), chunk(calls=(("T", {}),)), chunk("b"), done()))
    assert lines[1:-2] == [
        "0 open text",
        "0 close",
        "1 open tool_use toolu_1 T",
        "1 close",
        "2 open text",
        "2 close",
    ]


def test_arguments_that_are_no_object_become_an_empty_one() -> None:
    lines = shape(stream(), chunk(calls=(("T", None),)), done())
    assert "0 + {'type': 'input_json_delta', 'partial_json': '{}'}" in lines


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([done(eval_count=1)], "empty answer"),
        ([chunk(" \n"), done(eval_count=1)], "empty answer"),
        ([done(eval_count=8)], "wrote 8 tokens that Ollama could not read"),
        ([done("length", eval_count=4)], "cut after 4 tokens"),
        ([chunk(thinking="Hm"), done(eval_count=8)], "thought, and then gave no answer"),
    ],
)
def test_an_answer_with_nothing_to_show_says_why(lines: list[bytes], words: str) -> None:
    answer = stream()
    assert words in "".join(shape(answer, *lines))
    assert answer.empty


def test_an_answer_with_something_to_show_is_left_alone() -> None:
    answer = stream()
    shape(answer, chunk("\n"), chunk("x"), done())
    assert not answer.empty


@pytest.mark.parametrize(
    ("reason", "stop_reason"), [("stop", "end_turn"), ("length", "max_tokens")]
)
def test_the_reason_for_the_end_is_told(reason: str, stop_reason: str) -> None:
    answer = stream()
    shape(answer, chunk("x"), done(reason))
    assert answer.stop_reason == stop_reason


def test_keep_alive_fits_the_open_block() -> None:
    answer = stream()
    assert answer.keep_alive() == []
    assert [told(e) for e in answer.start() + answer.keep_alive()] == [
        "start 7/0",
        "delta None 7/0",
    ]
    shape(answer, chunk(thinking="Hm"))
    assert [told(e) for e in answer.keep_alive()] == [
        "0 + {'type': 'thinking_delta', 'thinking': ''}"
    ]
    shape(answer, chunk("Yes"))
    assert [told(e) for e in answer.keep_alive()] == ["1 + {'type': 'text_delta', 'text': ''}"]
    shape(answer, done())
    assert answer.keep_alive() == []


def test_a_failure_closes_the_open_block_and_ends_everything() -> None:
    answer = stream()
    shape(answer, chunk("half"))
    ends = [told(e) for e in whole(answer.fail(ApiError(502, "api_error", "gone")))]
    assert ends == ["0 close", "error api_error: gone"]
    assert answer.state is State.ENDED
    assert shape(answer, chunk("late")) == []
    assert whole(answer.fail(ApiError(502, "api_error", "again"))) == []


def test_every_event_has_its_event_line() -> None:
    answer = stream()
    events = [e for line in (chunk("a"), done()) for e in answer.feed(decode_chunk(line))]
    frames = ev.encode(events).decode().split("\n\n")
    assert frames[-1] == ""
    for frame in frames[:-1]:
        event, data = frame.split("\n")
        assert msgspec.json.decode(data.removeprefix("data: "))["type"] == event.removeprefix(
            "event: "
        )


def test_a_stop_sequence_ends_the_answer_and_is_told() -> None:
    answer = stream(AnswerRules(stop_sequences=("END",)))
    lines = shape(answer, chunk("one E"), chunk("ND two"), chunk("three"))
    assert "0 + {'type': 'text_delta', 'text': 'one '}" in lines
    assert lines[-2:] == ["delta stop_sequence 7/2", "stop"]
    assert answer.stopped_early


def test_text_held_back_for_a_stop_sequence_is_not_lost() -> None:
    answer = stream(AnswerRules(stop_sequences=("END",)))
    lines = shape(answer, chunk("one E"), done())
    assert [line for line in lines if "text_delta" in line][-1].endswith("'E'}")
    assert answer.stop_reason == "end_turn"


def test_a_demanded_call_is_read_from_the_text_that_the_schema_made() -> None:
    answer = stream(AnswerRules(must_call=frozenset({"Read"})))
    lines = shape(answer, chunk('{"name":"Read",'), chunk(' "arguments":{"a": 1}}'), done())
    assert kinds(lines)[1:] == [
        "0 open tool_use toolu_1 Read",
        "0 close",
        "delta tool_use 11/3",
        "stop",
    ]
    assert "0 + {'type': 'input_json_delta', 'partial_json': '{\"a\": 1}'}" in lines


@pytest.mark.parametrize("text", ["No.", '{"name":"Other","arguments":{}}', '{"name":"Read"'])
def test_a_demanded_call_that_does_not_come_stays_text_and_is_noted(text: str) -> None:
    answer = stream(AnswerRules(must_call=frozenset({"Read"})))
    assert kinds(shape(answer, chunk(text), done()))[1] == "0 open text"
    assert answer.notes == ["the tool call that tool_choice demands did not come"]


def test_a_call_that_is_not_allowed_is_dropped_and_the_answer_says_so() -> None:
    answer = stream(AnswerRules(tools={"Read": READ}, may_call=False))
    lines = shape(answer, chunk(calls=(("Read", {}),)), done())
    assert "call of Read dropped: tool_choice is none" in "".join(lines)
    assert answer.stop_reason == "end_turn"


def test_only_the_first_call_passes_where_parallel_calls_are_disabled() -> None:
    answer = stream(AnswerRules(tools={"Read": READ, "Grep": {}}, one_call=True))
    lines = kinds(shape(answer, chunk(calls=(("Read", {}), ("Grep", {}))), done()))
    assert [line for line in lines if "open" in line] == ["0 open tool_use toolu_1 Read"]
    assert answer.notes == ["call of Grep dropped: parallel tool use is disabled"]


READ = {
    "type": "object",
    "properties": {"file_path": {"type": "string"}, "limit": {"type": "integer"}},
    "required": ["file_path"],
    "additionalProperties": False,
}
TOOLS = AnswerRules(tools={"Read": READ})


def inputs(lines: list[str]) -> list[str]:
    return [line.split("'partial_json': ")[1] for line in lines if "partial_json" in line]


def test_a_call_that_came_as_text_is_a_call() -> None:
    answer = stream(TOOLS)
    text = 'Let me look.\n<tool_call>\n{"name": "Read", "arguments": {"file_path": "a"}}\n'
    lines = shape(answer, *map(chunk, text), chunk("</tool_call>"), done())
    assert kinds(lines)[1:] == [
        "0 open text",
        "0 close",
        "1 open tool_use toolu_1 Read",
        "1 close",
        "delta tool_use 11/3",
        "stop",
    ]
    assert inputs(lines) == ['\'{"file_path":"a"}\'}']
    assert any("call of Read read from the text" in note for note in answer.notes)


def test_a_call_that_is_quoted_stays_text() -> None:
    answer = stream(TOOLS)
    text = 'For example: `<tool_call>{"name": "Read", "arguments": {"file_path": "a"}}</tool_call>`'
    lines = shape(answer, chunk(text), done())
    assert "".join(line.split("'text': ")[1] for line in lines if "text_delta" in line).count(
        "Read"
    )
    assert answer.stop_reason == "end_turn"


def test_text_before_a_call_of_ollama_s_own_is_not_overtaken_by_it() -> None:
    lines = kinds(shape(stream(TOOLS), chunk("Look:\n<tool"), chunk(calls=(("Read", {}),)), done()))
    assert lines[1:4] == ["0 open text", "0 close", "1 open tool_use toolu_1 Read"]


def test_a_call_in_the_thinking_counts_only_where_there_is_no_other() -> None:
    thought = '<tool_call>\n{"name": "Read", "arguments": {"file_path": "a"}}\n</tool_call>'
    alone = kinds(shape(stream(TOOLS), chunk(thinking=thought), done()))
    assert "0 open tool_use toolu_1 Read" in alone
    made = (("Read", {"file_path": "b"}),)
    both = shape(stream(TOOLS), chunk(thinking=thought), chunk(calls=made), done())
    assert inputs(both) == ['\'{"file_path":"b"}\'}']


@pytest.mark.parametrize(
    ("words", "calls"),
    [
        ("I'll read the file.", 1),
        ("Shall I read the file?", 0),
        ("It holds the settings of the server.", 0),
    ],
)
def test_a_call_in_the_thinking_is_made_only_where_the_words_after_it_announce_it(
    words: str, calls: int
) -> None:
    thought = '<tool_call>\n{"name": "Read", "arguments": {"file_path": "a"}}\n</tool_call>'
    answer = stream(TOOLS)
    lines = kinds(shape(answer, chunk(thinking=thought), chunk(words), done()))
    assert sum("open tool_use" in line for line in lines) == calls
    assert any("not made" in note for note in answer.notes) is not bool(calls)


def test_arguments_are_mended_for_the_client_and_kept_for_the_model() -> None:
    answer = stream(TOOLS)
    call = ("read", {"File_Path": "a", "limit": "5", "mood": "good"})
    lines = shape(answer, chunk(calls=(call,)), done())
    assert "0 open tool_use toolu_1 Read" in lines
    assert inputs(lines) == ['\'{"file_path":"a","limit":5}\'}']
    (note,) = answer.notes
    assert note == "call of Read repaired: its name, its arguments in 3 places"
    written = answer.written()
    assert written is not None
    assert written.calls[0].function.name == "read"
    assert b'"limit":"5"' in bytes(written.calls[0].function.arguments)


def test_an_undeclared_tool_is_left_to_the_client() -> None:
    lines = shape(stream(TOOLS), chunk(calls=(("Fly", {"to": "x"}),)), done())
    assert "0 open tool_use toolu_1 Fly" in lines


def test_thinking_that_leaks_into_the_text_is_thinking() -> None:
    lines = kinds(
        shape(stream(), chunk("<think>\nHm"), chunk(".</think>\n\n"), chunk("Yes."), done())
    )
    assert lines[1:5] == ["0 open thinking", "0 close", "1 open text", "1 close"]
