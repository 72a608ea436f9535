"""Answers that the practice model is told to give, and the message that each has to become."""

from dataclasses import dataclass, field
from typing import Any

from .clients import READ, WEATHER, Json, asked, call

TOOLS = [READ, WEATHER]
THINK = "practice-think"
ENABLED = {"type": "enabled", "budget_tokens": 1024}
ID = "(an id)"
SIGNED = "(signed)"


def text(words: str) -> Json:
    """Return a block of text."""
    return {"type": "text", "text": words}


def thinking(words: str) -> Json:
    """Return a block of thinking."""
    return {"type": "thinking", "thinking": words, "signature": SIGNED}


def use(name: str, **given: Any) -> Json:
    """Return a call of a tool."""
    return {"type": "tool_use", "id": ID, "name": name, "input": given}


@dataclass(frozen=True)
class Answer:
    """A request with its script, and what comes of it."""

    request: Json
    content: list[Json]
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None
    more: Json = field(default_factory=dict)


PROSE = 'Grüße, 世界! 🦙👩‍👩‍👧 "quoted" \\ back\n\n```python\nprint("x")\n```\n- a\n- b\n\ttab'
DEEP = {"path": "ü/🦙.txt", "limit": 3, "list": [1, 2.5, None, True, {"k": '\n\t"\\'}], "n": {}}
FACTS_SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}},
    "required": ["answer"],
    "additionalProperties": False,
}
TWO_CALLS = {"calls": [call("Read", path="a"), call("get_weather", city="Rome")]}

ANSWERS: dict[str, Answer] = {
    "text": Answer(asked({"text": "Hello there."}), [text("Hello there.")]),
    "text of many kinds of characters": Answer(asked({"text": PROSE}), [text(PROSE)]),
    "a long text": Answer(asked({"text": "word " * 300}), [text("word " * 300)]),
    "text in pieces as they are": Answer(
        asked({"pieces": ["a", "", "b", {"content": "c"}]}), [text("abc")]
    ),
    "thinking enabled": Answer(
        asked({"thinking": "Hm, so.", "text": "Yes."}, model=THINK, thinking=ENABLED),
        [thinking("Hm, so."), text("Yes.")],
    ),
    "thinking adaptive": Answer(
        asked({"thinking": "Hm.", "text": "Yes."}, model=THINK, thinking={"type": "adaptive"}),
        [thinking("Hm."), text("Yes.")],
    ),
    "thinking disabled": Answer(
        asked({"thinking": "Hm.", "text": "Yes."}, model=THINK, thinking={"type": "disabled"}),
        [text("Yes.")],
    ),
    "thinking not asked for": Answer(
        asked({"thinking": "Hm.", "text": "Yes."}, model=THINK), [text("Yes.")]
    ),
    "thinking of a model that cannot": Answer(
        asked({"thinking": "Hm.", "text": "Yes."}, thinking=ENABLED), [text("Yes.")]
    ),
    "one call": Answer(
        asked({"calls": [call("Read", path="a.txt")]}, tools=TOOLS),
        [use("Read", path="a.txt")],
        "tool_use",
    ),
    "a call without arguments": Answer(
        asked({"calls": [call("Read")]}, tools=TOOLS), [use("Read")], "tool_use"
    ),
    "a call with deep arguments": Answer(
        asked({"calls": [{"name": "Read", "arguments": DEEP}]}, tools=TOOLS),
        [use("Read", **DEEP)],
        "tool_use",
    ),
    "text, then a call": Answer(
        asked({"text": "Let me look.", "calls": [call("Read", path="a")]}, tools=TOOLS),
        [text("Let me look."), use("Read", path="a")],
        "tool_use",
    ),
    "parallel calls": Answer(
        asked(TWO_CALLS, tools=TOOLS),
        [use("Read", path="a"), use("get_weather", city="Rome")],
        "tool_use",
    ),
    "parallel calls in the last chunk": Answer(
        asked(TWO_CALLS, tools=TOOLS, model="practice-jinja"),
        [use("Read", path="a"), use("get_weather", city="Rome")],
        "tool_use",
    ),
    "parallel calls switched off": Answer(
        asked(
            TWO_CALLS,
            tools=TOOLS,
            tool_choice={"type": "auto", "disable_parallel_tool_use": True},
        ),
        [use("Read", path="a")],
        "tool_use",
    ),
    "thinking, text and calls": Answer(
        asked(
            {"thinking": "Two.", "text": "Both.", **TWO_CALLS},
            tools=TOOLS,
            model=THINK,
            thinking=ENABLED,
        ),
        [thinking("Two."), text("Both."), use("Read", path="a"), use("get_weather", city="Rome")],
        "tool_use",
    ),
    "tool_choice any": Answer(
        asked(
            {"text": '{"name": "get_weather", "arguments": {"city": "Rome"}}'},
            tools=TOOLS,
            tool_choice={"type": "any"},
        ),
        [use("get_weather", city="Rome")],
        "tool_use",
    ),
    "tool_choice names a tool": Answer(
        asked(
            {"text": '{"name": "Read", "arguments": {"path": "b"}}'},
            tools=TOOLS,
            tool_choice={"type": "tool", "name": "Read"},
        ),
        [use("Read", path="b")],
        "tool_use",
    ),
    "tool_choice none": Answer(
        asked({"text": "In words."}, tools=TOOLS, tool_choice={"type": "none"}),
        [text("In words.")],
    ),
    "a stop sequence": Answer(
        asked({"text": "one two STOP three"}, stop_sequences=["never", "STOP"]),
        [text("one two ")],
        "stop_sequence",
        "STOP",
    ),
    "a stop sequence over several tokens": Answer(
        asked({"text": "first second third"}, stop_sequences=["t second t"]),
        [text("firs")],
        "stop_sequence",
        "t second t",
    ),
    "a stop sequence that does not come": Answer(
        asked({"text": "one two STO"}, stop_sequences=["STOP"]), [text("one two STO")]
    ),
    "max_tokens": Answer(
        asked({"text": "one two three four"}, max_tokens=2), [text("one two")], "max_tokens"
    ),
    "an answer to a JSON schema": Answer(
        asked(
            {"text": '{"answer": 42}'},
            output_config={"format": {"type": "json_schema", "schema": FACTS_SCHEMA}},
        ),
        [text('{"answer": 42}')],
    ),
}
