"""Tools that come and go in the middle of a conversation."""

from itertools import count
from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.translate.answer.compaction import CompactionAnswer
from cc_proxy.app.translate.request.build import TranslatedRequest, chat_request
from cc_proxy.app.upstreams.ollama.wire import decode_chunk
from cc_proxy.tests.wire_body import wire_body

Json = dict[str, Any]
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
READ = {"name": "Read", "description": "Reads.", "input_schema": SCHEMA}
GREP = {"name": "Grep", "description": "Searches.", "input_schema": SCHEMA}
DONE = {"message": {"role": "assistant", "content": ""}, "done": True, "eval_count": 1}


def reference(name: str) -> Json:
    return {"type": "tool_reference", "name": name}


def definition(tool: Json) -> Json:
    return {"type": "tool_definition", "definition": tool}


def added(tool: Json) -> Json:
    return {"role": "system", "content": [{"type": "tool_addition", "tool": tool}]}


def removed(name: str) -> Json:
    return {"role": "system", "content": [{"type": "tool_removal", "tool": reference(name)}]}


def translate(*changes: Json, tools: Any = (READ,), **fields: Any) -> TranslatedRequest:
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]
    messages = [*turns, {"role": "user", "content": "so"}, *changes]
    body = {"model": "m", "max_tokens": 5, "messages": messages, "tools": tools, **fields}
    model = ModelInfo("m", frozenset({"completion", "tools"}), None, None, "llama")
    target = Target(model=model, window=1000, keep_alive="30m")
    return chat_request(decode(msgspec.json.encode(body)), target)


def declared(translated: TranslatedRequest) -> list[str]:
    tools = msgspec.json.decode(wire_body(translated)).get("tools", [])
    return [tool["function"]["name"] for tool in tools]


def told(translated: TranslatedRequest) -> str:
    return str(msgspec.json.decode(wire_body(translated))["messages"][-1]["content"])


def test_a_tool_of_the_field_stays_in_front_whether_it_is_offered_or_not() -> None:
    for change in (added(reference("Read")), removed("Read")):
        assert declared(translate(change)) == ["Read"]
    assert "The tool Read can be used now." in told(translate(added(reference("Read"))))
    assert "The tool Read can no longer be used." in told(translate(removed("Read")))


def test_the_calls_of_a_tool_that_was_removed_are_not_looked_for() -> None:
    assert set(translate(removed("Read"), tools=[READ, GREP]).rules.tools) == {"Grep"}
    again = translate(removed("Read"), added(reference("Read")), tools=[READ, GREP])
    assert set(again.rules.tools) == {"Read", "Grep"}


def test_a_tool_that_the_conversation_defines_is_declared_behind_the_others() -> None:
    got = translate(added(definition(GREP)), tools=[READ])
    assert declared(got) == ["Read", "Grep"]
    assert got.rules.tools["Grep"] == SCHEMA
    assert "The tool Grep can be used now." in told(got)
    assert any("loaded Grep: declared in front" in note for note in got.notes)
    assert declared(translate(added(definition(GREP)), tools=None)) == ["Grep"]


def test_a_tool_that_is_defined_anew_is_told_where_it_was_and_leaves_the_front_alone() -> None:
    other = READ | {"input_schema": {"type": "object", "properties": {"file": {}}}}
    got = translate(added(definition(other)))
    assert (
        msgspec.json.decode(wire_body(got))["tools"]
        == msgspec.json.decode(wire_body(translate()))["tools"]
    )
    assert got.rules.tools["Read"] == other["input_schema"]
    assert '"file"' in told(got)


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "mcp_tool_reference", "server_name": "s", "name": "n"},
        {"type": "mcp_toolset_reference", "server_name": "s"},
        definition({"type": "mcp_toolset", "mcp_server_name": "s"}),
    ],
    ids=lambda tool: str(tool["type"]),
)
def test_a_change_of_a_server_s_tools_is_named_as_dropped(tool: Json) -> None:
    got = translate(added(tool))
    assert wire_body(got) == wire_body(translate())
    assert got.dropped == {"tool_addition block (of an MCP server)": 1}


@pytest.mark.parametrize("tool", [None, {}, {"name": "Read"}, 5, definition(5)])  # type: ignore[arg-type]
def test_a_change_without_a_tool_is_refused(tool: Any) -> None:
    with pytest.raises(ApiError, match="type tool_addition: expected a reference to a tool"):
        translate(added(tool))


def test_a_demand_cannot_be_met_by_a_tool_that_was_removed() -> None:
    with pytest.raises(ApiError, match="demands a tool, and none is offered"):
        translate(removed("Read"), tool_choice={"type": "any"})
    choice = {"type": "tool", "name": "Read"}
    with pytest.raises(ApiError, match="found 'Read'"):
        translate(removed("Read"), tools=[READ, GREP], tool_choice=choice)


def test_what_was_declared_stays_a_beginning_of_what_is_declared_next() -> None:
    first = added(definition(GREP))
    glob = GREP | {"name": "Glob"}
    assert declared(translate(first)) == ["Read", "Grep"]
    assert declared(translate(first, removed("Grep"))) == ["Read", "Grep"]
    assert declared(translate(first, added(definition(glob)))) == ["Read", "Grep", "Glob"]


def test_a_summary_keeps_the_tools_as_they_are_offered() -> None:
    """The messages with the changes are gone after it, the `tools` field is not."""
    before = translate(added(definition(GREP)), removed("Read"))
    numbers = count()
    answer = CompactionAnswer(
        message_id="m",
        model="m",
        input_tokens=1,
        new_tool_id=lambda: str(next(numbers)),
        rules=before.rules,
    )
    events = answer.feed(decode_chunk(msgspec.json.encode(DONE)))
    block = next(e.content_block for e in events if isinstance(e, ev.ContentBlockStart))
    summary = msgspec.json.decode(msgspec.json.encode(block)) | {"content": "Cats."}
    assert summary["tool_changes"] == [
        {"type": "tool_addition", "tool": definition(GREP)},
        {"type": "tool_removal", "tool": reference("Read")},
    ]
    after = translate(
        {"role": "assistant", "content": [summary]}, {"role": "user", "content": "so"}
    )
    assert declared(after) == declared(before)
    assert after.rules.tools == before.rules.tools
