"""Whole sessions of the real Claude Code through the installed package."""

import json

import pytest

from .conftest import Stage, call

pytestmark = pytest.mark.claude


async def test_a_session_writes_reads_edits_and_runs(stage: Stage) -> None:
    path = str(stage.project / "greet.py")
    out = await stage.ask(
        "Make it so.",
        turns=[
            {"text": "First the file.", **call("Write", file_path=path, content="print('one')\n")},
            call("Read", file_path=path),
            call("Edit", file_path=path, old_string="one", new_string="two"),
            call("Bash", command=f"python3 '{path}'", description="Run it"),
            call("Read", file_path=path),
            {"text": "All is done."},
        ],
    )
    assert "All is done." in out
    assert (stage.project / "greet.py").read_text() == "print('two')\n"
    results = [m["content"] for m in stage.chats()[-1].body["messages"] if m["role"] == "tool"]
    assert len(results) == 5
    assert results[3].strip() == "two"
    # Every turn was read as a continuation of the one before it.
    first, *later = stage.chats()
    assert later[-1].prompt_tokens > first.prompt_tokens
    assert sum(record.read_tokens for record in later) < 0.02 * first.prompt_tokens


async def test_calls_side_by_side_are_answered_in_the_order_of_the_model(stage: Stage) -> None:
    for name in ("a", "b", "c"):
        (stage.project / f"{name}.txt").write_text(f"this is {name}\n")
    calls = [
        {"name": "Read", "arguments": {"file_path": str(stage.project / f"{name}.txt")}}
        for name in ("c", "a", "b")
    ]
    out = await stage.ask("Read all three.", turns=[{"calls": calls}, {"text": "Read."}])
    assert "Read." in out
    results = [m["content"] for m in stage.chats()[-1].body["messages"] if m["role"] == "tool"]
    assert ["this is c" in results[0], "this is a" in results[1], "this is b" in results[2]] == [
        True
    ] * 3


async def test_a_resumed_session_goes_on_where_it_was_and_the_log_has_no_word_of_it(
    stage: Stage,
) -> None:
    await stage.ask("Remember the word heron.", turns=[{"text": "I will."}])
    before = stage.chats()[-1]
    out = await stage.ask("Which word?", "-c", turns=[{"text": "It was heron."}])
    assert "It was heron." in out
    resumed = stage.chats()[-1]
    assert "heron" in str(resumed.body["messages"])
    assert resumed.prompt_tokens > before.prompt_tokens
    assert resumed.read_tokens < 0.1 * resumed.prompt_tokens
    log = stage.log()
    assert "tokens_in=" in log
    assert "heron" not in log


async def test_a_subagent_does_its_task(stage: Stage) -> None:
    (stage.project / "note.txt").write_text("the heron stands still\n")
    read = call("Read", file_path=str(stage.project / "note.txt"))
    inner = f"[practice: {json.dumps([read, {'text': 'The note speaks of a heron.'}])}]"
    arguments = {
        "description": "Read the note",
        "prompt": f"Read note.txt and tell what it says. {inner}",
        "subagent_type": "general-purpose",
        "run_in_background": False,
    }
    tool = "Agent"
    out = await stage.ask(
        "Let somebody read the note.",
        turns=[call(tool, **arguments), {"text": "The subagent has told me."}],
    )
    assert "The subagent has told me." in out
    assert any("the heron stands still" in str(record.body) for record in stage.chats())
    last = stage.chats()[-1].body["messages"]
    (result,) = [m["content"] for m in last if m["role"] == "tool"]
    assert "The note speaks of a heron." in result


async def test_a_tool_that_fails_is_told_to_the_model(stage: Stage) -> None:
    await stage.ask(
        "Try.",
        turns=[call("Read", file_path=str(stage.project / "none.txt")), {"text": "It failed."}],
    )
    (result,) = [m for m in stage.chats()[-1].body["messages"] if m["role"] == "tool"]
    assert result["content"].startswith("The tool reported an error:")
