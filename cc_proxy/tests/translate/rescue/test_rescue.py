# ruff: noqa: RUF001 - the fullwidth bars are what models write

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_proxy.app.translate.rescue import Rescue, RescuedCall

TOOLS: dict[str, dict[str, Any]] = {
    "Read": {
        "type": "object",
        "properties": {"file_path": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["file_path"],
    },
    "Write": {
        "type": "object",
        "properties": {"file_path": {"type": "string"}, "content": {"type": "string"}},
        "required": ["file_path", "content"],
    },
    "Set": {
        "type": "object",
        "properties": {
            "ratio": {"type": "number"},
            "on": {"type": "boolean"},
            "tags": {"type": "array"},
            "extra": {"type": "object"},
            "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "maybe": {"type": ["integer", "null"]},
        },
    },
}
CALL = '<tool_call>\n{"name": "Read", "arguments": {"file_path": "a"}}\n</tool_call>'
READ_A = RescuedCall("Read", b'{"file_path":"a"}', "hermes")
# What formats are made of, put together at random.
SCRAPS = [
    *("<tool_call>", "</tool_call>", "<function=", "Nope", ">", "<parameter=x>", "</parameter>"),
    *("</function>", "{", "}", "[", "]", '"', "'", "`", "```", "```json\n", "\n", "\n\n", " ", ";"),
    *('{"name": "Nope", "arguments": {}}', "[TOOL_CALLS]", "[ARGS]", "<|python_tag|>", "\\"),
    *("<|channel|>", "commentary to=", "functions", "<｜tool▁call▁begin｜>", "<arg_key>", "(", ")"),
    *("functools[", "call:", "Action: ", "<invoke name=", '"name"', ":", "~~~", "    ", "1", ","),
]


def feed_all(text: str, size: int) -> list[str | RescuedCall]:
    rescue = Rescue(TOOLS)
    out = [piece for i in range(0, len(text), size) for piece in rescue.feed(text[i : i + size])]
    return out + rescue.finish()


def text_of(pieces: list[str | RescuedCall]) -> str:
    return "".join(piece for piece in pieces if isinstance(piece, str))


def calls_of(pieces: list[str | RescuedCall]) -> list[tuple[str, Any]]:
    return [(p.name, json.loads(p.arguments)) for p in pieces if isinstance(p, RescuedCall)]


@given(st.lists(st.sampled_from(SCRAPS) | st.text(max_size=8)), st.integers(1, 9))
def test_a_text_without_declared_tools_goes_through_unchanged(scraps: list[str], size: int) -> None:
    text = "".join(scraps)
    rescue = Rescue({"zzTool": {"type": "object", "properties": {}}})
    out = [piece for i in range(0, len(text), size) for piece in rescue.feed(text[i : i + size])]
    assert text_of(out + rescue.finish()) == text


@given(st.lists(st.sampled_from([*SCRAPS, CALL, "Read", "file_path", "I'll do it.\n"])))
def test_how_the_text_is_cut_does_not_matter(scraps: list[str]) -> None:
    text = "".join(scraps)
    whole = feed_all(text, max(1, len(text)))
    for size in (1, 2, 5):
        pieces = feed_all(text, size)
        assert (text_of(pieces), calls_of(pieces)) == (text_of(whole), calls_of(whole))


def test_without_tools_everything_is_text() -> None:
    rescue = Rescue({})
    assert rescue.feed(CALL) == [CALL]
    assert rescue.feed("") == []
    assert rescue.finish() == []


def test_prose_is_passed_on_at_once() -> None:
    rescue = Rescue(TOOLS)
    for chunk in ("One", " line", " of", " prose", ",", " a < b", " and", " [1", "],", " More"):
        assert text_of(rescue.feed(chunk)) == chunk


def test_json_that_begins_like_no_call_is_passed_on_at_once() -> None:
    rescue = Rescue(TOOLS)
    assert text_of(rescue.feed('{"users": [1, ')) == '{"users": [1, '
    assert text_of(rescue.feed('{"name": "Ada"}]}')) == '{"name": "Ada"}]}'


def test_the_name_of_an_undeclared_tool_ends_the_waiting() -> None:
    rescue = Rescue(TOOLS)
    assert rescue.feed('{"name": "Re') == []
    assert text_of(rescue.feed('ady", "arguments": {')) == '{"name": "Ready", "arguments": {'


def test_code_in_a_fence_is_passed_on_at_once() -> None:
    rescue = Rescue(TOOLS)
    assert text_of(rescue.feed("```python\n")) == "```python\n"
    for chunk in ("x = {", '"name": ', "[Read", "(1)] <", "tool_call>"):
        assert text_of(rescue.feed(chunk)) == chunk


def test_a_call_is_held_back_until_the_answer_goes_on() -> None:
    rescue = Rescue(TOOLS)
    assert rescue.feed("I'll read it.\n" + CALL) == ["I'll read it."]
    assert rescue.feed("\n\n") == []
    assert rescue.feed("Done, I wait.\n\n") == [READ_A, "Done, I wait."]


def test_order_is_kept() -> None:
    text = f"I'll start.\n{CALL}\nNow the next.\n{CALL}\n"
    assert feed_all(text, 4)[-1] == READ_A
    kinds = [type(piece) for piece in feed_all(text, len(text))]
    assert kinds == [str, RescuedCall, str, RescuedCall]


@pytest.mark.parametrize(
    "rest",
    ["<tool_call>{Read- <function=Read>", "<tool_call>[ARGS]\n\n<tool_call><tool_call>[ARGS]"],
)
def test_text_between_two_that_are_no_calls_is_kept_to_the_space(rest: str) -> None:
    assert "".join(map(str, feed_all(CALL + rest, 1000)[1:])) == rest


def test_two_instances_know_nothing_of_each_other() -> None:
    thinking, text = Rescue(TOOLS), Rescue(TOOLS)
    thinking.feed("For example:\n")
    text.feed(CALL)
    assert thinking.finish() == ["\n"]
    assert text.finish() == [READ_A]


def test_values_in_tags_get_the_type_of_the_schema() -> None:
    values = {
        "ratio": "0.5",
        "on": "true",
        "tags": '["a", "b"]',
        "extra": '{"k": [1]}',
        "either": "5",
        "maybe": "null",
        "unknown": "7",
    }
    inner = "".join(f"<parameter={k}>\n{v}\n</parameter>\n" for k, v in values.items())
    [(_, arguments)] = calls_of(feed_all(f"<function=Set>\n{inner}</function>", 5))
    assert arguments == {
        "ratio": 0.5,
        "on": True,
        "tags": ["a", "b"],
        "extra": {"k": [1]},
        "either": "5",
        "maybe": None,
        "unknown": "7",
    }


def test_a_value_that_is_not_of_its_type_stays_a_string() -> None:
    text = "<function=Set><parameter=ratio>half</parameter></function>"
    assert calls_of(feed_all(text, 3)) == [("Set", {"ratio": "half"})]


@pytest.mark.parametrize("text", ["<function=Write>\n<parameter=file_path>\na\n</parameter>\n"])
def test_an_unfinished_call_counts_only_with_all_it_requires(text: str) -> None:
    assert calls_of(feed_all(text, 3)) == []
    more = text + "<parameter=content>\nx\n</parameter>\n"
    assert calls_of(feed_all(more, 3)) == [("Write", {"file_path": "a", "content": "x"})]


def test_an_answer_that_was_cut_by_length_has_no_unfinished_call() -> None:
    text = '{"name": "Read", "arguments": {"file_path": "a"}'
    rescue = Rescue(TOOLS)
    assert rescue.feed(text) == []
    assert rescue.finish(cut=True) == [text]


def test_names_that_differ_only_in_case_are_ambiguous() -> None:
    tools = {"read": TOOLS["Read"], "READ": TOOLS["Read"]}
    rescue = Rescue(tools)
    # The client says that there is no such tool.
    [call] = rescue.feed(CALL) + rescue.finish()
    assert isinstance(call, RescuedCall)
    assert call.unknown


def test_a_file_of_several_hundred_kilobytes_is_written() -> None:
    content = 'line { "of" } </parameter> `code` <tool_call>\n' * 12_000
    call = {"name": "Write", "arguments": {"file_path": "a", "content": content}}
    text = f"<tool_call>{json.dumps(call)}"
    [(name, arguments)] = calls_of(feed_all(text, 4))
    assert name == "Write"
    assert arguments["content"] == content


def test_what_is_held_back_has_an_end() -> None:
    text = '{"name": "Write", "arguments": {"content": "' + "x" * 5_000_000
    rescue = Rescue(TOOLS)
    out = [
        piece for i in range(0, len(text), 50_000) for piece in rescue.feed(text[i : i + 50_000])
    ]
    assert out
    assert text_of(out + rescue.finish()) == text


ENDLESS = {
    "an open object": lambda n: '{"name": "Write", "arguments": {"content": "' + r"x {\"y\"} " * n,
    "braces": lambda n: "{" * 9 * n,
    "objects within objects": lambda n: '{"name":"Read","arguments":{\n' * (n // 3),
    "open functions": lambda n: "<function=Read>\n<parameter=a>\n" * (n // 3),
    "open functions in a line": lambda n: (
        "<function=Read><parameter=a>" * (n // 3) + "</parameter>x"
    ),
    "openers": lambda n: "<tool_call>" * n,
    "open lists": lambda n: '<tool_call>{"a":[\n' * (n // 2),
    "calls, and then none": lambda n: (
        '{"name":"Read","arguments":{"file_path":"a"}}\n' * (n // 5) + "x"
    ),
    "backticks": lambda n: "` `` " * 2 * n,
    "line breaks": lambda n: "\n" * 9 * n,
    "closing tags": lambda n: "<function=Write>\n<parameter=content>" + "</parameter>\n" * n + "x",
    "tags opened within an argument": lambda n: (
        '<invoke name="Write"><parameter name="content">'
        + '<parameter name="a">' * n
        + "</parameter>" * n
        + "x"
    ),
    "keys without an end": lambda n: (
        "<tool_call>Write<arg_key>content</arg_key><arg_value><arg_value>"
        + "</arg_value><arg_key>" * n
    ),
    "a conversation": lambda n: "User: a\nAssistant: b\n" * n,
    "examples in a line": lambda n: f"a{CALL} b" * (n // 8),
    "a line without end": lambda n: "a < b [c] " * n,
}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("size", [4, 1_000_000])
def test_the_work_is_linear_in_the_answer(name: str, size: int) -> None:
    def once(text: str) -> float:
        start = time.process_time()
        assert len(text_of(feed_all(text, size))) == len(text)
        return time.process_time() - start

    def seconds(text: str) -> float:
        return min(once(text) for _ in range(2))

    # Four times the text: quadratic work would take sixteen times as long.
    short, long = ENDLESS[name](4_000), ENDLESS[name](16_000)
    assert once(long) <= 0.05 or seconds(long) < 9 * seconds(short) + 0.05
