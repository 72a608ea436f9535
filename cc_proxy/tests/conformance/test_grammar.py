"""The checker itself: what the API may send passes, and each kind of mistake is found."""

import json
from typing import Any

import pytest

from . import grammar
from .clients import Json
from .grammar import GrammarError

USAGE = {"input_tokens": 3, "output_tokens": 0}
MESSAGE: Json = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": USAGE,
}
START = {"type": "message_start", "message": MESSAGE}
STOP = {"type": "message_stop"}
PING = {"type": "ping"}
ERROR = {"type": "error", "error": {"type": "api_error", "message": "broke"}}
TEXT = {"type": "text", "text": ""}
THINKING = {"type": "thinking", "thinking": "", "signature": ""}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {}}


def opened(index: int, block: Json) -> Json:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, field: str, value: Any) -> Json:
    return {
        "type": "content_block_delta",
        "index": index,
        "delta": {"type": kind, field: value},
    }


def text(index: int, words: Any) -> Json:
    return delta(index, "text_delta", "text", words)


def thought(index: int, words: str) -> Json:
    return delta(index, "thinking_delta", "thinking", words)


def signed(index: int, signature: str = "signed") -> Json:
    return delta(index, "signature_delta", "signature", signature)


def given(index: int, part: str) -> Json:
    return delta(index, "input_json_delta", "partial_json", part)


def closed(index: int) -> Json:
    return {"type": "content_block_stop", "index": index}


def ended(reason: str | None, sequence: str | None = None, usage: Any = None) -> Json:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": sequence},
        "usage": USAGE if usage is None else usage,
    }


def words(index: int = 0) -> list[Json]:
    return [opened(index, TEXT), text(index, "hi"), closed(index)]


def thoughts(index: int = 0) -> list[Json]:
    return [opened(index, THINKING), thought(index, "hm"), signed(index), closed(index)]


def used(index: int, *parts: str, name: str = "toolu_1") -> list[Json]:
    block = TOOL | {"id": name}
    return [opened(index, block), *(given(index, part) for part in parts), closed(index)]


END = [ended("end_turn"), STOP]
CALLED = [ended("tool_use"), STOP]
BEAT = ended(None)

GOOD: dict[str, list[Json]] = {
    "text": [START, *words(), *END],
    "nothing": [START, *END],
    "thinking and text": [START, *thoughts(), *words(1), *END],
    "two calls": [START, *used(0, '{"a":', "1}"), *used(1, "{}", name="toolu_2"), *CALLED],
    "a call without input": [START, *used(0), *CALLED],
    "pings anywhere": [START, PING, opened(0, TEXT), PING, text(0, "a"), closed(0), PING, *END],
    "beats between blocks": [START, BEAT, *thoughts(), BEAT, *words(1), BEAT, *END],
    "an error after a block": [START, *words(), ERROR],
    "an error at once": [START, ERROR],
    "a stop sequence": [START, *words(), ended("stop_sequence", "STOP"), STOP],
}
BAD: dict[str, tuple[list[Json], str]] = {
    "no start": ([*words(), *END], "before message_start"),
    "an error before the start": ([ERROR], "before message_start"),
    "two starts": ([START, START, *END], "a second message_start"),
    "content at the start": (
        [START | {"message": MESSAGE | {"content": [TEXT]}}, *END],
        "message_start has content",
    ),
    "a stop reason at the start": (
        [START | {"message": MESSAGE | {"stop_reason": "end_turn"}}, *END],
        "has a stop reason",
    ),
    "a message without an id": ([START | {"message": MESSAGE | {"id": ""}}, *END], "is empty"),
    "a gap in the numbers": ([START, *words(1), *END], "block 1 is out of order"),
    "a number twice": ([START, *words(), *words(), *END], "block 0 is out of order"),
    "two blocks open": ([START, opened(0, TEXT), opened(1, TEXT)], "opens in state IN_BLOCK"),
    "a block of no kind": ([START, opened(0, {"type": "hologram"})], "no such block"),
    "text in the start of a block": (
        [START, opened(0, TEXT | {"text": "hi"})],
        "opens with text 'hi'",
    ),
    "input in the start of a block": (
        [START, opened(0, TOOL | {"input": {"a": 1}})],
        "opens with input",
    ),
    "a delta outside": ([START, text(0, "hi")], "no block is open"),
    "a delta for another block": ([START, opened(0, TEXT), text(1, "hi")], "0 is open"),
    "thinking in a text": ([START, opened(0, TEXT), thought(0, "hm")], "in a block of text"),
    "text in thinking": ([START, opened(0, THINKING), text(0, "hi")], "in a block of thinking"),
    "input in a text": ([START, opened(0, TEXT), given(0, "{}")], "in a block of text"),
    "a number for text": ([START, opened(0, TEXT), text(0, 5)], "carries 5"),
    "thinking without a signature": (
        [START, opened(0, THINKING), thought(0, "hm"), closed(0)],
        "without a signature",
    ),
    "thinking after the signature": (
        [START, opened(0, THINKING), signed(0), thought(0, "hm")],
        "after the signature",
    ),
    "an empty signature": ([START, opened(0, THINKING), signed(0, "")], "an empty signature"),
    "a close of nothing": ([START, closed(0)], "no block is open"),
    "a close of another block": ([START, opened(0, TEXT), closed(1)], "0 is open"),
    "input that is cut": ([START, *used(0, '{"a":')], "is not JSON"),
    "input that is a list": ([START, *used(0, "[1]")], "is not an object"),
    "a tool id twice": ([START, *used(0), *used(1)], "not its own"),
    "a beat in a block": ([START, opened(0, TEXT), BEAT], "in state IN_BLOCK"),
    "a beat before the start": ([BEAT, START, *END], "before message_start"),
    "a beat after the stop reason": ([START, ended("end_turn"), BEAT], "in state STOPPING"),
    "two stop reasons": ([START, *END[:1], *END], "in state STOPPING"),
    "a stop reason of its own": ([START, ended("finished"), STOP], "no such stop reason"),
    "a sequence without its reason": ([START, ended("end_turn", "X"), STOP], "end_turn: 'X'"),
    "a reason without its sequence": ([START, ended("stop_sequence"), STOP], "stop_sequence: None"),
    "tool_use without a tool": ([START, *words(), *CALLED], "no tool is used"),
    "usage in fractions": ([START, ended("end_turn", usage={"output_tokens": 1.5})], "is 1.5"),
    "usage below zero": ([START, ended("end_turn", usage={"output_tokens": -1})], "is -1"),
    "usage that is true": ([START, ended("end_turn", usage={"output_tokens": True})], "is True"),
    "no usage": ([START, ended("end_turn", usage={})], "usage without output_tokens"),
    "a block after the stop reason": ([START, ended("end_turn"), *words()], "in state STOPPING"),
    "no stop reason": ([START, *words(), STOP], "message_stop without a stop reason"),
    "no end": ([START, *words(), ended("end_turn")], "ends in state STOPPING"),
    "an end in a block": ([START, opened(0, TEXT)], "ends in state IN_BLOCK"),
    "nothing at all": ([], "ends in state BEFORE"),
    "an event after the end": ([START, *END, PING], "ping after the end"),
    "an event after an error": ([START, ERROR, STOP], "message_stop after the end"),
    "an error in a block": ([START, opened(0, TEXT), ERROR], "an error in state IN_BLOCK"),
    "an event of no kind": ([START, {"type": "surprise"}], "no such event: surprise"),
}


def events(data: list[Json]) -> list[grammar.Event]:
    return [grammar.Event(one["type"], one) for one in data]


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_a_stream_of_the_api_passes(data: list[Json]) -> None:
    grammar.check(events(data))


@pytest.mark.parametrize(("data", "problem"), BAD.values(), ids=BAD)
def test_a_mistake_is_found(data: list[Json], problem: str) -> None:
    with pytest.raises(GrammarError, match=problem):
        grammar.check(events(data))


def test_what_was_told_is_put_together() -> None:
    data = [START, BEAT, *thoughts(), *words(1), *used(2, '{"a"', ": 1}"), *CALLED]
    told = grammar.check(events(data))
    assert told.content() == [
        {"type": "thinking", "thinking": "hm", "signature": "signed"},
        {"type": "text", "text": "hi"},
        {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"a": 1}},
    ]
    assert (told.stop_reason, told.keep_alives) == ("tool_use", 1)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"data: {}\n\n", "expected an `event:`"),
        (b"event: ping\n\n", "expected an `event:`"),
        (b"event: ping\ndata: {}\n", "ends inside a frame"),
        (b"event: ping\ndata: {\n\n", "is not JSON"),
        (b"event: ping\ndata: []\n\n", "is not an object"),
        (b"event: ping\r\ndata: {}\r\n\r\n", "ends inside a frame"),
    ],
    ids=["no event line", "no data line", "a cut frame", "cut JSON", "a list", "other line ends"],
)
def test_a_frame_that_is_none_is_found(raw: bytes, problem: str) -> None:
    with pytest.raises(GrammarError, match=problem):
        grammar.parse(raw)


def test_a_name_that_is_not_the_type_is_found() -> None:
    raw = b"event: ping\ndata: " + json.dumps(START).encode() + b"\n\n"
    with pytest.raises(GrammarError, match="event ping carries data of message_start"):
        grammar.check(grammar.parse(raw))
