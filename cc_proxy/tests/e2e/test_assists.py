"""The real Claude Code on a model that stumbles: the session goes on, and the log says why."""

import json
from typing import Any

import pytest

from .conftest import Stage, call

pytestmark = pytest.mark.claude

MADE = call("Bash", command="echo step > made.txt")
SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}


def last_prompt(stage: Stage) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = stage.chats()[-1].body["messages"]
    return messages


async def test_a_call_that_ollama_s_parser_refuses_is_made_in_the_second_try(stage: Stage) -> None:
    refused = {"error": {"status": 500, "text": "XML syntax error on line 4: unexpected EOF"}}
    first = [{"text": "I make the file."}, {**refused, "times": 1}, MADE]
    assert "All is done." in await stage.ask("go", turns=[first, {"text": "All is done."}])
    assert (stage.project / "made.txt").read_text(encoding="utf-8") == "step\n"
    assert "assisted=unreadable_call" in stage.log()
    # The words of the first try stand in the conversation once.
    spoken = "".join(str(turn.get("content")) for turn in last_prompt(stage)[2:])
    assert spoken.count("I make the file.") == 1


async def test_a_step_that_was_only_announced_is_made(stage: Stage) -> None:
    turns = [{"text": "I will now make the file."}, MADE, {"text": "All is done."}]
    assert "All is done." in await stage.ask("go", turns=turns)
    assert (stage.project / "made.txt").exists()
    assert "assisted=announced_step" in stage.log()


async def test_a_loop_ends_with_a_word_about_it(stage: Stage) -> None:
    told = await stage.ask("go", turns=[{"text": "The same line again.\n" * 2_000}])
    assert "[cc-proxy: the model repeated the same text over and over" in told
    assert "assisted=repeated_text" in stage.log()


async def test_a_call_that_is_made_again_in_vain_is_told_so(stage: Stage) -> None:
    read = call("Read", file_path=str(stage.project / "missing.txt"))
    await stage.ask("go", turns=[read, read, {"text": "It is not there."}])
    results = [turn["content"] for turn in last_prompt(stage) if turn["role"] == "tool"]
    assert "this call of Read 2 times in a row" in results[-1]
    assert "file_path (string, required)" in results[-1]
    assert "times in a row" not in results[0]
    assert "assisted=repeated_call" in stage.log()


async def test_structured_output_comes_after_the_reminder(stage: Stage) -> None:
    forced = json.dumps({"name": "StructuredOutput", "arguments": {"answer": 4}})
    turns = [{"text": "The answer is four."}, {"text": forced}, {"text": "Done."}]
    schema = ("--output-format", "json", "--json-schema", json.dumps(SCHEMA))
    told = json.loads(await stage.ask("What is 2+2?", *schema, turns=turns))
    assert told["structured_output"] == {"answer": 4}
    assert "assisted=structured_output" in stage.log()


@pytest.mark.parametrize("claude", ["current"], indirect=True)  # it has the folder behind the words
async def test_a_mentioned_file_stands_behind_the_folder_and_before_the_words(
    stage: Stage,
) -> None:
    (stage.project / "notes.txt").write_text("some notes\n", encoding="utf-8")
    await stage.ask("What does @notes.txt say?", turns=[{"text": "Some notes."}])
    first = next(turn for turn in last_prompt(stage) if turn["role"] == "user")["content"]
    parts = ["# Environment", "Called the Read tool", "What does @notes.txt"]
    assert sorted(parts, key=first.index) == parts
