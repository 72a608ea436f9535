"""Requests as bodies of /v1/chat/completions, and back."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from cc_proxy.app.chat.messages import CalledFunction, ChatMessage, ChatRequest, ToolCall
from cc_proxy.app.upstreams.openai.body import (
    TOOL_IMAGES,
    decode,
    encode,
    with_extra_fields,
    with_fields,
)

TOOLS = b'[{"type": "function", "function": {"name": "Bash", "parameters": {"type": "object"}}}]'
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
PNG = "iVBORw0KGgoAAAA="


def call(arguments: bytes = b'{"command": "ls"}', name: str = "Bash") -> ToolCall:
    return ToolCall(CalledFunction(name, msgspec.Raw(arguments)), "abcdefghi")


def asked(*messages: ChatMessage, **fields: Any) -> ChatRequest:
    return ChatRequest("m", list(messages) or [ChatMessage("user", "Hi")], **fields)


def body(request: ChatRequest, reasoning_field: str = "reasoning_content") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(request, reasoning_field))
    return found


def messages(*given: ChatMessage, reasoning_field: str = "reasoning_content") -> Any:
    return body(asked(*given), reasoning_field)["messages"]


def test_a_plain_request_has_what_it_needs_and_no_more() -> None:
    assert body(asked()) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_what_was_decided_is_said() -> None:
    request = asked(max_tokens=5, temperature=0.5, top_p=0.9, top_k=40, repeat_penalty=1.1)
    found = body(request)
    assert {name: found[name] for name in ("max_tokens", "temperature", "top_p", "top_k")} == {
        "max_tokens": 5,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
    }
    assert found["repeat_penalty"] == 1.1


def test_an_answer_in_one_piece_is_asked_for_without_the_options_of_a_stream() -> None:
    found = body(asked(stream=False))
    assert found["stream"] is False
    assert "stream_options" not in found


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (UNSET, None),
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("Bash", {"type": "function", "function": {"name": "Bash"}}),
    ],
)
def test_tools_come_as_they_are_with_the_choice_among_them(choice: Any, written: object) -> None:
    found = body(asked(tools=msgspec.Raw(TOOLS), tool_choice=choice))
    assert found["tools"] == json.loads(TOOLS)
    assert found["parallel_tool_calls"] is True
    assert found.get("tool_choice") == written


def test_without_tools_there_is_no_choice_among_them() -> None:
    assert "tool_choice" not in body(asked(tool_choice="none"))


@pytest.mark.parametrize(
    ("think", "fields"),
    [
        (UNSET, {}),
        (True, {"chat_template_kwargs": {"enable_thinking": True}}),
        (False, {"chat_template_kwargs": {"enable_thinking": False}}),
        (
            "high",
            {
                "reasoning_effort": "high",
                "chat_template_kwargs": {"enable_thinking": True, "reasoning_effort": "high"},
            },
        ),
        (
            "max",
            {
                "reasoning_effort": "high",
                "chat_template_kwargs": {"enable_thinking": True, "reasoning_effort": "max"},
            },
        ),
    ],
)
def test_thinking_is_asked_for_in_the_words_of_templates(
    think: Any, fields: dict[str, Any]
) -> None:
    found = body(asked(think=think))
    names = ("chat_template_kwargs", "reasoning_effort", "think")
    assert {name: found[name] for name in names if name in found} == fields
    assert not set(names) & set(body(asked(think=think), reasoning_field=""))


def test_a_schema_is_the_format_of_the_answer() -> None:
    found = body(asked(format=SCHEMA))["response_format"]
    assert found == {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}


def test_calls_of_earlier_turns_have_their_arguments_as_text() -> None:
    turn = ChatMessage("assistant", tool_calls=[call()])
    result = ChatMessage("tool", "a.txt", tool_name="Bash", tool_call_id="abcdefghi")
    assert messages(turn, result) == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "abcdefghi",
                    "type": "function",
                    "function": {"name": "Bash", "arguments": '{"command": "ls"}'},
                }
            ],
        },
        {"role": "tool", "content": "a.txt", "tool_call_id": "abcdefghi"},
    ]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_earlier_thinking_goes_where_the_server_reads_it(field: str) -> None:
    turn = ChatMessage("assistant", "Hi", thinking="Hm.")
    assert messages(turn, reasoning_field=field) == [
        {"role": "assistant", "content": "Hi", field: "Hm."}
    ]
    assert messages(turn, reasoning_field="") == [{"role": "assistant", "content": "Hi"}]


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "png"),
        ("/9j/4AAQ", "jpeg"),
        ("R0lGODdh", "gif"),
        ("UklGRgAA", "webp"),
        ("AAAA", "png"),
    ],
)
def test_an_image_is_a_data_url(data: str, kind: str) -> None:
    assert messages(ChatMessage("user", "Look", images=[data])) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                image(f"data:image/{kind};base64,{data}"),
            ],
        }
    ]


def test_the_images_of_tools_come_behind_all_of_their_results() -> None:
    first = ChatMessage("tool", "one", images=[PNG], tool_call_id="a")
    second = ChatMessage("tool", "two", tool_call_id="b")
    shown = image(f"data:image/png;base64,{PNG}")
    tools = [
        {"role": "tool", "content": "one", "tool_call_id": "a"},
        {"role": "tool", "content": "two", "tool_call_id": "b"},
    ]
    seen = {"role": "user", "content": [{"type": "text", "text": TOOL_IMAGES}, shown]}
    assert messages(first, second) == [*tools, seen]
    answer = ChatMessage("assistant", "I see.")
    assert messages(first, second, answer)[:3] == [*tools, seen]
    asked_on = ChatMessage("user", "And?")
    assert messages(first, second, asked_on) == [
        *tools,
        {"role": "user", "content": [{"type": "text", "text": "And?"}, shown]},
    ]


def test_more_fields_come_at_the_end() -> None:
    plain = encode(asked(), "")
    assert with_fields(plain, {}) == plain
    assert json.loads(with_fields(plain, {"id_slot": 3})) == {**json.loads(plain), "id_slot": 3}


WORDS = st.text(max_size=8)
MESSAGE = st.builds(
    ChatMessage,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=WORDS,
    thinking=WORDS,
    images=st.none() | st.lists(st.sampled_from([PNG, "/9j/4AAQ"]), max_size=2),
    tool_calls=st.none()
    | st.lists(st.builds(call, st.just(b'{"a": "\xc3\xbc"}'), WORDS), min_size=1, max_size=2),
    tool_call_id=WORDS,
)
REQUEST = st.builds(
    ChatRequest,
    model=WORDS,
    messages=st.lists(MESSAGE, max_size=5),
    tools=st.sampled_from([UNSET, msgspec.Raw(TOOLS)]),
    stream=st.booleans(),
    think=st.sampled_from([UNSET, True, False, "low", "max"]),
    format=st.sampled_from([UNSET, SCHEMA]),
    tool_choice=st.sampled_from([UNSET, "none", "required", "Bash"]),
    max_tokens=st.sampled_from([UNSET, 1]),
    temperature=st.sampled_from([UNSET, 0.5]),
)


@given(REQUEST, st.sampled_from(["reasoning_content", "reasoning"]))
def test_a_request_that_was_read_back_has_the_same_bytes(request: ChatRequest, field: str) -> None:
    written = encode(request, field)
    assert encode(decode(written), field) == written


def test_the_fields_of_the_user_win_and_join_mappings() -> None:
    sent = encode(asked(think=True, temperature=0.5), "reasoning")
    extra = {"temperature": 0, "chat_template_kwargs": {"effort": 2}, "priority": {"a": [1]}}
    found = json.loads(with_extra_fields(sent, extra))
    kwargs = {"enable_thinking": True, "effort": 2}
    more = {"temperature": 0, "chat_template_kwargs": kwargs, "priority": {"a": [1]}}
    assert found == json.loads(sent) | more
    assert with_extra_fields(sent, {}) is sent
