"""The chain of prefixes: what two prompts share, and what they do not."""

import json
import tracemalloc

import msgspec
import pytest

from cc_proxy.app.chat.messages import CalledFunction, ChatMessage, ToolCall
from cc_proxy.app.translate.prompt.prefix import BLOCK, Prompt
from cc_proxy.app.translate.prompt.tokens import estimate_tokens

TOOLS = b'[{"type":"function","function":{"name":"Read"}}]'
SYSTEM = ChatMessage(role="system", content="You help.")


def user(text: str, images: list[str] | None = None) -> ChatMessage:
    return ChatMessage(role="user", content=text, images=images)


def called(name: str, arguments: bytes, *, text: str = "", thinking: str = "") -> ChatMessage:
    call = ToolCall(function=CalledFunction(name, msgspec.Raw(arguments)), id="toolu_1")
    return ChatMessage(role="assistant", content=text, thinking=thinking, tool_calls=[call])


def keys(*messages: ChatMessage, tools: bytes = TOOLS, model: str = "m") -> list[int]:
    prompt = Prompt(model, tools, [SYSTEM, *messages])
    return [key for part in prompt.parts for key in part.keys]


def shared(one: list[int], other: list[int]) -> int:
    pairs = zip(one, other, strict=False)
    same = [a == b for a, b in pairs]
    return same.index(False) if False in same else len(same)


def test_a_conversation_that_goes_on_keeps_all_of_its_keys() -> None:
    before = keys(user("Hello"))
    after = keys(user("Hello"), called("Read", b"{}"), user("and now"))
    assert after[: len(before)] == before


@pytest.mark.parametrize(
    "other",
    [
        user("Hello!"),
        user("Hello", images=["aGk="]),
        ChatMessage(role="tool", content="Hello"),
        ChatMessage(role="assistant", content="Hello"),
        ChatMessage(role="assistant", thinking="Hello", content=""),
        ChatMessage(role="tool", content="Hello", tool_name="Read"),
    ],
)
def test_a_turn_that_differs_in_anything_the_model_reads_has_another_key(
    other: ChatMessage,
) -> None:
    assert keys(user("Hello"))[-1] != keys(other)[-1]


def test_arguments_and_names_of_calls_count() -> None:
    last = {
        keys(called(name, arguments))[-1]
        for name in ("Read", "Write")
        for arguments in (b'{"a":1}', b'{"a":2}')
    }
    assert len(last) == 4


def test_the_id_of_a_call_does_not_count() -> None:
    one, other = called("Read", b"{}"), called("Read", b"{}")
    for call in other.tool_calls or ():
        call.id = "toolu_2"
    assert keys(one) == keys(other)


def test_where_thinking_ends_and_text_begins_counts() -> None:
    one = ChatMessage(role="assistant", thinking="ab", content="c")
    other = ChatMessage(role="assistant", thinking="a", content="bc")
    assert keys(one)[-1] != keys(other)[-1]


def test_two_prompts_share_a_long_turn_up_to_where_they_part() -> None:
    front = "a line of the instructions\n" * 400
    one, other = keys(user(front + "first")), keys(user(front + "second"))
    blocks = len(front) // BLOCK
    assert shared(one, other) == shared(keys(), one) + blocks


def test_other_tools_leave_only_the_system_prompt_shared() -> None:
    one, other = keys(user("Hello")), keys(user("Hello"), tools=TOOLS + b" ")
    assert shared(one, other) == len(Prompt("m", b"", [SYSTEM]).parts[0].keys)


def test_two_models_share_nothing() -> None:
    assert shared(keys(user("Hello")), keys(user("Hello"), model="n")) == 0


def test_a_turn_that_is_the_start_of_a_longer_one_is_not_a_prefix_of_it_as_a_whole() -> None:
    assert keys(user("x" * BLOCK))[-1] not in keys(user("x" * BLOCK + "y"))


def test_weights_are_of_the_parts_that_are_asked_for() -> None:
    prompt = Prompt("m", TOOLS, [SYSTEM, user("Hello"), user("word " * 500)])
    assert len(prompt.weights(0)) == 4
    assert sum(prompt.weights(3)[0]) == pytest.approx(500, rel=0.2)
    assert prompt.weights(3)[0] == prompt.weights(0)[3]


def test_a_prompt_of_nothing_has_no_parts() -> None:
    prompt = Prompt("m", b"", [])
    assert prompt.parts == ()
    assert prompt.weights(0) == []


def test_a_prompt_that_has_let_its_texts_go_says_what_it_weighed() -> None:
    turns = [SYSTEM, user("Hello"), called("Read", b'{"path":"a"}'), user("word " * 500)]
    kept, light = Prompt("m", TOOLS, turns), Prompt("m", TOOLS, turns)
    weighed = kept.weights(2)
    assert light.weights(2) == weighed
    light.release_text()
    assert [part.keys for part in light.parts] == [part.keys for part in kept.parts]
    assert not any(part.texts for part in light.parts)
    assert light.weights(3) == weighed[1:]
    assert light.weights(0)[2:] == weighed
    assert sum(light.weights(0)[1]) > 0


def test_a_long_prompt_weighs_by_samples_nearly_what_all_of_it_weighs() -> None:
    lines = [
        "def run(self, path: str) -> int:\n",
        "The test fails in line 12.\n",
        '{"a": [1, 2]}\n',
    ]
    roles = ["user", "assistant", "tool"]
    turns = [
        ChatMessage(role=roles[n % 3], content=lines[n % 3] * (n % 50 + 1)) for n in range(600)
    ]
    prompt = Prompt("m", TOOLS, [SYSTEM, *turns])
    whole = sum(sum(Prompt("m", b"", [turn]).weights(0)[0]) for turn in turns)
    assert sum(map(sum, prompt.weights(0)[2:])) == pytest.approx(whole, rel=0.03)


@pytest.mark.parametrize("indent", [0, 4])
def test_tools_weigh_as_the_template_writes_them(indent: int) -> None:
    tools: list[dict[str, object]] = [
        {"type": "function", "function": {"name": f"tool_{number}", "parameters": {"a": {"b": 1}}}}
        for number in range(20)
    ]
    sent = json.dumps(tools, separators=(",", ":")).encode()
    prompt = Prompt("m", sent, [], json_indent=indent)
    separators = (",", ": ") if indent else (", ", ": ")
    lines = (json.dumps(tool, indent=indent or None, separators=separators) for tool in tools)
    written = estimate_tokens("\n".join(lines))
    (weight,) = prompt.weights(0)
    assert sum(weight) == pytest.approx(written, rel=0.15)
    (compact,) = Prompt("m", sent, []).weights(0)
    assert sum(weight) > 1.1 * sum(compact)


def test_tools_of_any_depth_are_weighed_without_being_written_out() -> None:
    deep = b'{"a":[1,2,3],"b":' * 800 + b'""' + b"}" * 800
    prompt = Prompt("m", b"[" + b",".join([deep] * 200) + b"]", [], json_indent=4)
    tracemalloc.start()
    try:
        assert prompt.weights(0)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # With its indentation it would be 600 times as long.
    assert most < 10 * 200 * len(deep)
