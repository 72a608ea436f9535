"""The place at which a prompt parts from the one before it in its conversation."""

import json

import pytest

from cc_proxy.app.chat.messages import ChatMessage
from cc_proxy.app.translate.prompt.difference import (
    Difference,
    PromptSnapshot,
    common_length,
    first_difference,
)
from cc_proxy.app.translate.prompt.prefix import Prompt

from .test_prefix import called, user

SYSTEM = ChatMessage(role="system", content="You help.")


def tools(**texts: str) -> bytes:
    shapes = [
        {"type": "function", "function": {"name": name, "description": text}}
        for name, text in texts.items()
    ]
    return json.dumps(shapes).encode()


TOOLS = tools(Read="reads", Write="writes")
LONG = "0123456789" * 1000


def snapshot(*messages: ChatMessage, of_tools: bytes = TOOLS, **more: object) -> PromptSnapshot:
    system = ChatMessage(role="system", content=str(more.get("system", "You help.")))
    return PromptSnapshot.of(Prompt("m", of_tools, [system, *messages]))


def parted(before: PromptSnapshot, after: PromptSnapshot) -> Difference:
    found = first_difference(before, after)
    assert found is not None
    return found


def result(text: str) -> ChatMessage:
    return ChatMessage(role="tool", content=text, tool_name="Read")


def test_a_prompt_that_continues_does_not_part() -> None:
    before = snapshot(user("Hello"))
    more = snapshot(user("Hello"), called("Read", b"{}"), result("text"))
    assert first_difference(before, more) is None
    assert first_difference(more, before) is None
    assert first_difference(before, snapshot(user("Hello, and one more thing"))) is None


def test_the_byte_and_the_turn_that_changed_are_known() -> None:
    old = "é" * 602 + LONG
    before = snapshot(user("Hello"), called("Read", b"{}"), result(old), user("go on"))
    new = old[:602] + "X" + old[602:]
    found = parted(before, snapshot(user("Hello"), called("Read", b"{}"), result(new)))
    assert (found.turn, found.role, found.block, found.byte) == (3, "tool", "text", 1204)
    assert (found.bytes_before, found.bytes_after) == (11_204, 11_205)
    assert found.words_after[40:].startswith("X0123")
    assert found.change == "changed"


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("at 12:30 it rained", "at 12:31 it rained", "digits"),
        ("a b", "a  b", "white_space"),
        ("a long line", "a long", "cut"),
        ("one", "two", "changed"),
    ],
)
def test_the_kind_of_a_change(old: str, new: str, change: str) -> None:
    assert parted(snapshot(user(old), user("x")), snapshot(user(new), user("x"))).change == change


def test_a_turn_that_grew_in_the_middle_is_a_change() -> None:
    found = parted(snapshot(user("one"), user("x")), snapshot(user("one more"), user("x")))
    assert (found.change, found.byte) == ("appended", 3)


def test_a_turn_that_was_put_in_or_taken_out() -> None:
    few, more = snapshot(user("a"), user("c")), snapshot(user("a"), user("b"), user("c"))
    assert (parted(few, more).change, parted(few, more).turn) == ("inserted", 2)
    assert (parted(more, few).change, parted(more, few).turn) == ("removed", 2)


def test_the_arguments_and_the_thinking_of_a_turn_are_named() -> None:
    before = snapshot(called("Read", b'{"a":1}', thinking="hm"), result("x"))
    arguments = parted(before, snapshot(called("Read", b'{"a":22}', thinking="hm"), result("x")))
    assert (arguments.block, arguments.byte, arguments.change) == ("arguments", 5, "digits")
    thinking = parted(before, snapshot(called("Read", b'{"a":1}', thinking=""), result("x")))
    assert (thinking.block, thinking.change) == ("thinking", "cut")


def test_another_image_is_named() -> None:
    before = snapshot(user("look", images=["aGk="]), user("x"))
    assert parted(before, snapshot(user("look", images=["aGo="]), user("x"))).change == "images"


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (tools(Read="reads", Write="writes well"), "Write"),
        (tools(Read="reads"), "Write"),
        (tools(Glob="finds", Read="reads", Write="writes"), "Glob"),
    ],
)
def test_the_tool_that_changed_is_named(other: bytes, name: str) -> None:
    found = parted(snapshot(user("a")), snapshot(user("a"), of_tools=other))
    assert (found.role, found.turn, found.tool) == ("tools", 0, name)


def test_the_system_prompt_is_no_turn() -> None:
    found = parted(snapshot(user("a")), snapshot(user("a"), system="You hinder."))
    assert (found.role, found.turn, found.byte) == ("system", 0, 5)
    assert found.shared < 0.1


def test_the_share_that_is_the_same_is_known_to_a_block() -> None:
    before = snapshot(user("Hello"), user(LONG))
    found = parted(before, snapshot(user("Hello"), user(LONG[:5000] + "x" + LONG[5000:])))
    assert 0.40 < found.shared < 0.46


def test_without_the_earlier_text_the_turn_is_known_and_no_byte() -> None:
    before = snapshot(user("Hello"), user("there"))
    keys = PromptSnapshot(before.model, before.parts, None)
    found = parted(keys, snapshot(user("Hello"), user("here")))
    assert (found.turn, found.change, found.byte) == (2, "unknown", None)


@pytest.mark.parametrize("at", [0, 1, 7, 4096, 9999, 10_000])
def test_the_common_length_of_two_texts(at: int) -> None:
    assert common_length(LONG, LONG[:at] + "x") == at
    assert common_length(LONG.encode(), LONG[:at].encode()) == at
