"""What a model writes is linear work, and no part of it is much before others have their turn.

The work is counted in calls of functions, not in time: neither a loop nor a reader can do without.
"""

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.chat.messages import ChatChunk, ChunkMessage
from cc_proxy.app.config import EVERY_ASSIST
from cc_proxy.app.gateway.answer.portions import portions
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.request.rules import AnswerRules

from .marks import alternations, nestings, runs

SCHEMA = {"type": "object", "properties": {"file_path": {"type": "string"}}}
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
