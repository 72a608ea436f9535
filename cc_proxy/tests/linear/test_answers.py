"""What a model writes is linear work, and no part of it is much before others have their turn.

The work is counted in calls of functions, not in time: neither a loop nor a reader can do without.
"""

import json
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.chat.messages import CalledFunction, ChatChunk, ChunkMessage, ToolCall
from cc_proxy.app.config import EVERY_ASSIST
from cc_proxy.app.gateway.answer.portions import portions
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.request.rules import AnswerRules

from .marks import alternations, nestings, runs

_STRING = {"type": "string"}
SCHEMA = {
    "type": "object",
    "properties": {"file_path": _STRING, "lines": {"type": "array", "items": _STRING}},
}
RULES = AnswerRules(tools={"Read": SCHEMA}, assist=EVERY_ASSIST)
CHARS = 300
TIMES = 3
# Three times as long is three times the work; if it is squared, nine times.
MOST_GROWTH = 5.0
# What a short text costs in any case.
_FLOOR = 1_000
LONG = 9_000
# Less than a millisecond.
MOST_CALLS = 6_000
# Eight microseconds or so: two seconds a megabyte.
MOST_CALLS_A_PIECE = 110
# A call is put right in one go.
MOST_CALLS_OF_A_CALL = 10_000


def parts_of(text: str, *, thinks: bool, fails: bool) -> Iterator[object]:
    """Yield at each pause in an answer that is one long text."""
    message = ChunkMessage(thinking=text) if thinks else ChunkMessage(text)
    answer = AnswerStream(
        message_id="m", model="m", input_tokens=1, new_tool_id=lambda: "t", rules=RULES
    )
    for portion in portions([ChatChunk(message)]):
        yield from answer.parts(portion)
    if fails:
        yield from answer.fail(ApiError(502, "api_error", "gone"))
    else:
        last = ChatChunk(ChunkMessage(), done=True, done_reason="stop", eval_count=5)
        yield from answer.parts([last])


def counted(work: Iterator[object]) -> list[int]:
    """Return the calls that each part of `work` makes."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    found = []
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        for _ in work:
            found.append(calls)
            calls = 0
    finally:
        sys.setprofile(before)
    return [*found, calls]


@pytest.mark.parametrize(
    ("texts", "thinks"),
    [(runs, False), (alternations, False), (nestings, False), (runs, True), (nestings, True)],
)
def test_the_work_grows_as_the_text_does(
    texts: Callable[[int], Iterator[str]], *, thinks: bool
) -> None:
    grows_faster = {}
    for short, long in zip(texts(CHARS), texts(CHARS * TIMES), strict=True):
        few = sum(counted(parts_of(short, thinks=thinks, fails=False)))
        many = sum(counted(parts_of(long, thinks=thinks, fails=False)))
        if many > MOST_GROWTH * max(few, _FLOOR):
            grows_faster[short[:60]] = (few, many)
    assert not grows_faster


@pytest.mark.parametrize("texts", [runs, nestings])
@pytest.mark.parametrize("fails", [False, True])
def test_others_have_their_turn_while_a_text_is_decided(
    texts: Callable[[int], Iterator[str]], *, fails: bool
) -> None:
    too_much = {}
    for text in texts(LONG):
        # A pattern is made when it is first used, once in the life of a process.
        for _ in parts_of(text[:CHARS], thinks=fails, fails=fails):
            pass
        most = max(counted(parts_of(text, thinks=fails, fails=fails)))
        if most > MOST_CALLS:
            too_much[text[:60]] = most
    assert not too_much


def in_pieces(text: str, together: int) -> Iterator[object]:
    """Yield at each pause in an answer in pieces of four letters, so many of them a read."""
    answer = AnswerStream(
        message_id="m", model="m", input_tokens=1, new_tool_id=lambda: "t", rules=RULES
    )
    chunks = [ChatChunk(ChunkMessage(text[at : at + 4])) for at in range(0, len(text), 4)]
    for at in range(0, len(chunks), together):
        for portion in portions(chunks[at : at + together]):
            yield from answer.parts(portion)


@pytest.mark.parametrize("mark", ["x\n", "<a", "<function=Read>", "<", "[", "\n"])
def test_a_piece_of_four_letters_is_little_work_and_less_where_many_come_together(
    mark: str,
) -> None:
    text = (mark * LONG)[:LONG]
    pieces = len(text) // 4
    list(in_pieces(text[:CHARS], 1))
    apart, together = (sum(counted(in_pieces(text, count))) for count in (1, 32))
    assert apart < MOST_CALLS_A_PIECE * pieces
    assert together < apart / 2


def called_with(arguments: dict[str, Any]) -> Iterator[object]:
    """Yield at each pause in an answer that is one call, read by the upstream."""
    raw = msgspec.Raw(msgspec.json.encode(arguments))
    call = ToolCall(function=CalledFunction("Read", raw))
    answer = AnswerStream(
        message_id="m", model="m", input_tokens=1, new_tool_id=lambda: "t", rules=RULES
    )
    yield from answer.parts([ChatChunk(ChunkMessage(tool_calls=[call]))])


def test_the_work_of_a_call_grows_as_its_keys_do() -> None:
    few, many = (
        sum(counted(called_with({f"key {number}": 1 for number in range(keys)})))
        for keys in (100, 100 * TIMES)
    )
    assert many < MOST_GROWTH * few


@pytest.mark.parametrize(
    "arguments",
    [
        {"lines": [1] * 150_000},
        {"lines": ["a"] * 15_000},
        {f"key {number}": 1 for number in range(15_000)},
        {"lines": [{"a": [1]}] * 15_000},
    ],
    ids=["numbers", "strings", "keys", "objects"],
)
def test_others_have_their_turn_while_a_large_call_is_read(arguments: dict[str, Any]) -> None:
    # What is imported or compiled for the first call is no work of this one.
    list(called_with({"file_path": 1, "lines": ["a", 1]}))
    assert max(counted(called_with(arguments))) < MOST_CALLS_OF_A_CALL


def test_the_arguments_of_a_large_call_come_in_parts() -> None:
    text = "a" * 300_000
    parts = [part for part in called_with({"file_path": text}) if isinstance(part, list)]
    assert max(map(len, parts)) <= 16
    deltas = [event.delta.partial_json for part in parts for event in part if "json" in str(event)]
    assert json.loads("".join(deltas)) == {"file_path": text}
    assert max(map(len, deltas)) <= 16_384
