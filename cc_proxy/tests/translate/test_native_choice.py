"""A demand for a call where the server takes one: no format stands in for it."""

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.models import unknown_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.translate.request.build import TranslatedRequest, chat_request

TARGET = Target(unknown_model("m"), 65_536, "", takes_tool_choice=True)


def tool(name: str) -> dict[str, Any]:
    return {"name": name, "input_schema": {"type": "object", "properties": {}}}


def translated(choice: dict[str, Any] | None, *messages: dict[str, Any]) -> TranslatedRequest:
    asked = {
        "model": "m",
        "max_tokens": 50,
        "messages": [*messages, {"role": "user", "content": "hi"}],
        "tools": [tool("Read"), tool("Grep")],
        **({"tool_choice": choice} if choice else {}),
    }
    return chat_request(decode(msgspec.json.encode(asked)), TARGET)


@pytest.mark.parametrize(
    ("choice", "sent", "must_call"),
    [
        (None, UNSET, set()),
        ({"type": "auto"}, UNSET, set()),
        ({"type": "any"}, "required", {"Read", "Grep"}),
        ({"type": "tool", "name": "Read"}, "Read", {"Read"}),
    ],
)
def test_the_choice_is_sent_as_such(
    choice: dict[str, Any] | None, sent: object, must_call: set[str]
) -> None:
    found = translated(choice)
    assert (found.request.tool_choice, found.request.format) == (sent, UNSET)
    assert found.request.messages[-1].content == "hi"
    assert found.rules.must_call == must_call


def test_no_call_is_sent_as_such_and_the_tools_stay_in_front() -> None:
    begun = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
    found = translated({"type": "none"}, *begun)
    assert found.request.tool_choice == "none"
    assert found.request.tools is not UNSET
    assert not found.rules.may_call


def test_a_summary_is_asked_for_without_calls() -> None:
    asked = {
        "model": "m",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [tool("Read")],
        "compaction": {"type": "summarize"},
    }
    request = chat_request(decode(msgspec.json.encode(asked)), TARGET).request
    assert (request.tool_choice, request.tools is UNSET) == ("none", False)
