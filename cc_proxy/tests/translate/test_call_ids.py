"""Ids that every template takes."""

import json
import re
from typing import Any

import msgspec

from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.models import unknown_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.translate.request.build import chat_request
from cc_proxy.app.translate.request.call_ids import short_id
from cc_proxy.tests.wire_body import wire_body

# What Mistral's own templates ask of an id, in their words: "Tool call IDs should be alphanumeric
# strings with length 9".
MISTRAL = re.compile(r"[0-9A-Za-z]{9}")
TARGET = Target(unknown_model("m"), 65_536, keep_alive="")


def sent(*ids: str) -> list[dict[str, Any]]:
    calls = [{"type": "tool_use", "id": one, "name": "Read", "input": {}} for one in ids]
    results = [{"type": "tool_result", "tool_use_id": one, "content": one} for one in ids]
    asked = {
        "model": "m",
        "max_tokens": 9,
        "messages": [
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": calls},
            {"role": "user", "content": results[::-1]},
        ],
        "tools": [{"name": "Read", "input_schema": {"type": "object"}}],
    }
    body = wire_body(chat_request(decode(json.dumps(asked).encode()), TARGET))
    messages: list[dict[str, Any]] = msgspec.json.decode(body)["messages"]
    return messages


def test_a_call_and_its_result_have_one_id_that_mistral_takes() -> None:
    _, called, *results = sent("toolu_1", "toolu_2")
    ids = [call["id"] for call in called["tool_calls"]]
    assert [result["tool_call_id"] for result in results] == ids
    assert [result["content"] for result in results] == ["toolu_1", "toolu_2"]
    assert all(MISTRAL.fullmatch(one) for one in ids)


def test_the_same_call_has_the_same_id_in_every_request() -> None:
    assert sent("toolu_01AbC") == sent("toolu_01AbC")
    # Also in another process: a prefix outlives a restart.
    assert short_id("toolu_01AbC") == "IdN4LiVKU"


def test_the_calls_of_a_long_session_have_ids_of_their_own() -> None:
    assert len({short_id(f"toolu_{number}") for number in range(100_000)}) == 100_000
