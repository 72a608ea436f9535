"""`--json-schema`: the turn after Claude Code's reminder is held to the schema."""

import json
from typing import Any

import pytest

from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.models import unknown_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.config import EVERY_ASSIST, Assist
from cc_proxy.app.translate.request.build import TranslatedRequest, chat_request
from cc_proxy.tests.wire_body import wire_body

SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}
TOOLS = [
    {"name": "Read", "input_schema": {"type": "object"}},
    {"name": "StructuredOutput", "input_schema": SCHEMA},
]
# Recorded from Claude Code 2.1.197 and 2.1.330.
REMINDER = (
    "[structured-output-enforce] You MUST call the StructuredOutput tool to complete this request."
    " Call this tool now."
)


def asked(last: Any, *, tools: Any = TOOLS, assist: Assist = EVERY_ASSIST) -> TranslatedRequest:
    messages = [
        {"role": "user", "content": "What is 2+2?"},
        {"role": "assistant", "content": "4."},
        {"role": "user", "content": last},
    ]
    body = {"model": "m", "max_tokens": 9, "messages": messages, "tools": tools}
    target = Target(unknown_model("m"), 65_536, keep_alive="", assist=assist)
    return chat_request(decode(json.dumps(body).encode()), target)


@pytest.mark.parametrize("last", [REMINDER, [{"type": "text", "text": REMINDER}]])
def test_the_answer_to_the_reminder_is_held_to_the_schema_of_the_tool(last: Any) -> None:
    translated = asked(last)
    sent = json.loads(wire_body(translated))
    assert sent["format"]["properties"]["arguments"] == SCHEMA
    assert translated.rules.must_call == {"StructuredOutput"}
    assert translated.assists == ("structured_output",)
    # The tools stand at the front of the prompt, and stay there.
    assert len(sent["tools"]) == 2


@pytest.mark.parametrize(
    "other",
    [
        asked("What does [structured-output-enforce] mean?"),
        asked(REMINDER, tools=TOOLS[:1]),
        asked(REMINDER, assist=Assist(structured_output=False)),
    ],
)
def test_any_other_turn_is_free(other: TranslatedRequest) -> None:
    assert "format" not in json.loads(wire_body(other))
    assert other.assists == ()
