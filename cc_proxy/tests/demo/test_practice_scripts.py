"""Scripts in prompts: which turn comes next, and what is said when there is none."""

import json
from typing import Any

import pytest

from .conftest import BASH, Client, script

DATE = {"name": "Bash", "arguments": {"command": "date"}}


def assistant(text: str = "", *calls: dict[str, Any]) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": text,
        "tool_calls": [{"function": call} for call in calls],
    }


def result(text: str) -> dict[str, Any]:
    return {"role": "tool", "content": text}


async def test_each_turn_of_the_assistant_is_one_step_of_the_script(client: Client) -> None:
    prompt = script({"text": "First.", "calls": [DATE]}, {"text": "Second."})
    first = await client.chat(prompt, tools=[BASH])
    assert (first.text, [call["name"] for call in first.calls]) == ("First.", ["Bash"])
    taken = [prompt, assistant("First.", DATE), result("Sunday")]
    second = await client.chat(*taken, tools=[BASH])
    assert (second.text, second.calls) == ("Second.", [])


async def test_a_later_prompt_with_a_script_starts_again_from_its_first_step(
    client: Client,
) -> None:
    earlier = [script({"text": "a"}, {"text": "b"}), assistant("a")]
    answer = await client.chat(*earlier, script({"text": "new"}))
    assert answer.text == "new"


async def test_a_reminder_between_two_turns_does_not_end_the_script(client: Client) -> None:
    turns = [script({"text": "a"}, {"text": "b"}), assistant("a")]
    answer = await client.chat(*turns, "<system-reminder>Mind the gap.</system-reminder>")
    assert answer.text == "b"


async def test_a_script_inside_a_scripts_call_is_left_to_the_subagent(client: Client) -> None:
    inner = script({"text": "from the subagent"})
    agent = {"name": "Agent", "arguments": {"prompt": inner}}
    tool = {"type": "function", "function": {"name": "Agent"}}
    outer = await client.chat(script({"calls": [agent]}), tools=[tool])
    assert outer.calls[0]["arguments"] == {"prompt": inner}
    assert (await client.chat(inner)).text == "from the subagent"


async def test_the_last_of_two_scripts_in_one_message_is_played(client: Client) -> None:
    answer = await client.chat(script({"text": "old"}) + "\n\n" + script({"text": "new"}))
    assert answer.text == "new"


async def test_a_started_assistant_turn_is_not_counted_as_taken(client: Client) -> None:
    answer = await client.chat(script({"text": "a"}, {"text": "b"}), assistant("The"))
    assert answer.text == "a"


async def test_a_prompt_without_a_script_is_told_who_answers(client: Client) -> None:
    answer = await client.chat("Hello there")
    assert "practice model" in answer.text
    assert "Hello there" in answer.text


async def test_after_the_last_step_the_model_says_that_the_script_has_ended(
    client: Client,
) -> None:
    turns = [script({"calls": [DATE]}), assistant("", DATE), result("Sunday")]
    assert "script has ended" in (await client.chat(*turns, tools=[BASH])).text


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ('[{"text": "a"', "expected JSON after"),
        ('{"text": "a"}', "expected a list of turns"),
        ('["a"]', "expected a turn as an object"),
        ('[{"txt": "a"}]', "txt"),
        ('[{"calls": [{"nom": "Bash"}]}]', "expected a call"),
        ('[{"pieces": [1]}]', "expected a piece"),
        ('[{"text": "a", "times": "x"}]', "`times`"),
    ],
)
async def test_a_bad_script_is_refused_with_what_was_expected(
    client: Client, written: str, complaint: str
) -> None:
    answer = await client.chat(f"[practice: {written}]")
    assert answer.status == 400
    assert complaint in answer.last["error"]


async def test_parts_of_a_turn_come_in_the_order_they_are_written(client: Client) -> None:
    turn = [{"text": "one"}, {"calls": [DATE]}, {"text": "two"}]
    answer = await client.chat(script(turn), tools=[BASH])
    kinds = ["call" if line["message"].get("tool_calls") else "text" for line in answer.lines]
    assert kinds[:3] == ["text", "call", "text"]


async def test_pieces_are_the_chunks_as_they_are_written(client: Client) -> None:
    pieces = ["a b c d e f g", {"content": "", "thinking": "hm"}, "z"]
    answer = await client.chat(script({"pieces": pieces}))
    assert [line["message"] for line in answer.lines[:-1]] == [
        {"role": "assistant", "content": "a b c d e f g"},
        {"role": "assistant", "content": "", "thinking": "hm"},
        {"role": "assistant", "content": "z"},
    ]


async def test_a_raw_line_is_sent_as_it_is(client: Client) -> None:
    answer = await client.chat(script({"raw": '{"odd": true}'}))
    assert answer.lines[0] == {"odd": True}


async def test_a_scripted_done_reason_replaces_the_real_one(client: Client) -> None:
    answer = await client.chat(script({"text": "a", "done_reason": "load"}))
    assert answer.last["done_reason"] == "load"


async def test_trouble_with_times_happens_so_often_and_no_more(client: Client) -> None:
    prompt = script([{"die": True, "times": 1}, {"text": "recovered"}])
    assert (await client.chat(prompt)).status == 500
    assert (await client.chat(prompt)).text == "recovered"


async def test_a_title_request_gets_json_of_its_schema(client: Client) -> None:
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
    }
    answer = await client.chat(script({"text": "not a title"}), format=schema)
    assert json.loads(answer.text) == {"title": "Practice session"}


async def test_a_script_can_say_the_json_itself(client: Client) -> None:
    schema = {"type": "object", "required": ["title"]}
    answer = await client.chat(script({"text": '{"title": "Mine"}'}), format=schema)
    assert answer.text == '{"title": "Mine"}'


async def test_a_title_request_without_a_schema_gets_a_title(client: Client) -> None:
    system = {"role": "system", "content": "Generate a short title for this conversation."}
    answer = await client.chat(system, script({"text": "not a title"}))
    assert answer.text == "Practice session"


async def test_a_summary_carries_the_rest_of_the_script_over(client: Client) -> None:
    turns = [script({"text": "a"}, {"text": "b"}), assistant("a")]
    ask = "Your task is to create a detailed summary of the conversation so far."
    summary = await client.chat(*turns, ask)
    assert "<summary>" in summary.text
    after = await client.chat(f"This session continues: {summary.text}")
    assert after.text == "b"


SCHEMAS = [
    ({"const": 7}, 7),
    ({"enum": ["x", "y"]}, "x"),
    ({"type": ["integer", "null"], "minimum": 3}, 3),
    ({"type": "string", "maxLength": 4}, "Prac"),
    ({"type": "array", "minItems": 2, "items": {"type": "boolean"}}, [True, True]),
    ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None),
    (
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {"b": {}}}}},
        {"b": {}},
    ),
]


@pytest.mark.parametrize(("schema", "value"), SCHEMAS)
async def test_a_schema_is_answered_with_a_value_that_satisfies_it(
    client: Client, schema: dict[str, Any], value: Any
) -> None:
    wrapped = {"type": "object", "properties": {"v": schema}, "$defs": schema.get("$defs", {})}
    answer = await client.chat("hi", format=wrapped)
    assert json.loads(answer.text) == {"v": value}
