"""Words that go by without a look come out as they would with one."""

import itertools
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.chat.messages import ChatChunk, ChunkMessage
from cc_proxy.app.translate.answer.quiet import PassingText, finder, together
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.request.rules import AnswerRules

TOOLS = {"Read": {"type": "object", "properties": {"path": {"type": "string"}}}}
CALL = json.dumps({"name": "Read", "arguments": {"path": "a"}})
# What an answer is made of, as far as it matters to somebody.
PIECES = st.sampled_from(
    [
        "word ",
        "Let me look. ",
        "For example: ",
        "\n",
        "\n\n",
        " ",
        "    ",
        "```",
        "```\n",
        "`",
        "<",
        "<think>",
        "</think>",
        "\n</think>\n",
        "<tool_call>",
        "</tool_call>",
        "[",
        "]",
        CALL,
        f"<tool_call>\n{CALL}\n</tool_call>",
        "STOP",
        "é",
        "User: ",
        "> ",
        "- ",
    ]
)
WORDS = st.lists(st.tuples(st.booleans(), PIECES), min_size=1, max_size=25)
END = ChatChunk(done=True, done_reason="stop", eval_count=9)


def shown(words: list[tuple[bool, str]], rules: AnswerRules, *, go_by: bool) -> list[object]:
    """Return what a client sees of an answer, neighbouring deltas as one."""
    numbers = itertools.count()
    answer = AnswerStream(
        message_id="m",
        model="m",
        input_tokens=1,
        new_tool_id=lambda: str(next(numbers)),
        rules=rules,
    )
    events: list[ev.Event] = []
    for thought, word in words:
        message = ChunkMessage(thinking=word) if thought else ChunkMessage(content=word)
        chunk = ChatChunk(message=message)
        events += answer.feed_all([chunk]) if go_by else answer.feed(chunk)
    events += answer.feed(END)
    seen: list[object] = []
    for event in events:
        if isinstance(event, ev.ContentBlockDelta):
            kind, text = type(event.delta), "".join(_of(event.delta))
            if seen and isinstance(seen[-1], list) and seen[-1][0] is kind:
                seen[-1][1] += text
            else:
                seen.append([kind, text])
        else:
            seen.append(event)
    return [*seen, answer.notes]


def _of(delta: ev.Delta) -> str:
    return str(getattr(delta, delta.__struct_fields__[0]))


@given(words=WORDS, tools=st.booleans(), stops=st.booleans())
@example(words=[(False, word) for word in ("a", "\n", " ", "</think>", "\nb")], tools=0, stops=0)
@example(words=[(True, "a "), (True, "b "), (False, "c "), (False, CALL)], tools=1, stops=0)
def test_an_answer_is_the_same_whether_words_go_by_or_not(
    *, words: list[tuple[bool, str]], tools: bool, stops: bool
) -> None:
    rules = AnswerRules(tools=TOOLS if tools else {}, stop_sequences=("STOP",) if stops else ())
    assert shown(words, rules, go_by=True) == shown(words, rules, go_by=False)


def test_most_words_go_by() -> None:
    answer = AnswerStream(
        message_id="m",
        model="m",
        input_tokens=1,
        new_tool_id=lambda: "t",
        rules=AnswerRules(tools=TOOLS),
    )
    took = []
    for word in ["It", " is", " here", ":", "\n", "x", " y", " <", " z", "."]:
        chunk = ChatChunk(message=ChunkMessage(content=word))
        took.append(answer.more([chunk]) is not None)
        if not took[-1]:
            answer.feed(chunk)
    assert took == [False, True, True, True, False, False, True, False, False, True]


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [("", "", ""), ("<", "", "<"), ("<", "\n<[", "\n<["), (None, "", None), ("a", None, None)],
)
def test_what_either_looks_at_needs_a_look(
    one: str | None, other: str | None, both: str | None
) -> None:
    assert together(one, other) == both


@pytest.mark.parametrize("waker", list("\n<[]^-\\a"))
def test_each_waker_is_found_as_itself(waker: str) -> None:
    found = finder(waker)
    assert found(f"x{waker}y")
    assert not found("xyz019_|Z")


def test_what_has_gone_by_is_noted_once_and_whole() -> None:
    words, noted = ["before"], list[str]()
    going_by = PassingText()
    going_by.begin("<", words, noted.append)
    words += ["a", "b"]
    going_by.catch_up()
    going_by.catch_up()
    assert noted == ["ab"]
    assert going_by.finds is None
