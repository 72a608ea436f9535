"""Whatever a model writes without end, the work for it grows as the text does, and not faster."""

# ruff: noqa: RUF001 - fullwidth bars are what models write

import itertools
import time

import pytest

from cc_proxy.app.chat.messages import ChatChunk, ChunkMessage
from cc_proxy.app.config import EVERY_ASSIST
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.request.rules import AnswerRules

SCHEMA = {"type": "object", "properties": {"file_path": {"type": "string"}}}
RULES = {
    "plain": AnswerRules(),
    "tools": AnswerRules(tools={"Read": SCHEMA}, assist=EVERY_ASSIST),
    "stops": AnswerRules(
        tools={"Read": SCHEMA}, stop_sequences=("<" * 3000, "\n" * 2000 + "x", " " * 3000, "STOP")
    ),
}
# Of each a run, and with some of the others a run of the two in turn.
MARKS = [
    "<", "[", "{", "(", "`", '"', "'", "\\", "|", ":", "a", "\n", " ", "\r\n", "\u00a0", " \n",
    "</", "<|", "```", "~~~", "> ", "- ", "1. ", "a. ", "x\n", "</think>", "<think>", "[THINK]",
    "<tool_call>", "</tool_call>\n", "<function=Read>", "<parameter=a>", "</parameter>",
    "[TOOL_CALLS]", "[Read(file_path='a')]", '{"name": "Read", "arguments": {', "<arg_key>",
    '<invoke name="Read">', "<|channel|>", "<|python_tag|>", "<｜tool▁calls▁begin｜>", "User: ",
    "assistant:", "<|im_start|>user\n", "I will read it.\n", "Action:", "functools[", "call:",
]  # fmt: skip
TEXTS = [*MARKS, *map("".join, itertools.combinations(MARKS[:16:2], 2))]
LETTERS = 1_000
# Seconds that a text may take in any case.
FLOOR = 0.05


def seconds(text: str, size: int, rules: AnswerRules, *, thinks: bool) -> float:
    """Return the least CPU time of two for an answer that comes in deltas of `size` letters."""
    return min(once(text, size, rules, thinks=thinks) for _ in range(2))


def once(text: str, size: int, rules: AnswerRules, *, thinks: bool) -> float:
    answer = AnswerStream(
        message_id="m", model="m", input_tokens=1, new_tool_id=lambda: "t", rules=rules
    )
    start = time.process_time()
    for at in range(0, len(text), size):
        piece = text[at : at + size]
        message = ChunkMessage(thinking=piece) if thinks else ChunkMessage(piece)
        answer.feed_all([ChatChunk(message)])
    answer.feed_all([ChatChunk(ChunkMessage(), done=True, done_reason="length", eval_count=5)])
    return time.process_time() - start


@pytest.mark.parametrize(
    ("rules", "size", "thinks"),
    [
        ("plain", 2, False),
        ("tools", 2, False),
        ("tools", 128, False),
        ("tools", 128, True),
        ("stops", 2, False),
        ("stops", 128, False),
    ],
)
def test_the_work_grows_as_the_text_does(rules: str, size: int, *, thinks: bool) -> None:
    grows_faster = {}
    for mark in TEXTS:
        short, long = (mark * (letters // len(mark)) for letters in (LETTERS, 4 * LETTERS))
        if once(long, size, RULES[rules], thinks=thinks) <= FLOOR:
            continue
        few = seconds(short, size, RULES[rules], thinks=thinks)
        many = seconds(long, size, RULES[rules], thinks=thinks)
        # Four times the text: work that is squared would be sixteen times as much.
        if many > 9 * few + FLOOR:
            grows_faster[mark] = (few, many)
    assert not grows_faster
