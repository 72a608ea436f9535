"""The window: what the client is told about it, and what happens when it is full."""

import json

import pytest

from .conftest import Stage, call
from .terminal import claude_at_its_prompt

pytestmark = pytest.mark.claude

OVERFLOW = json.dumps(
    {
        "error": {
            "code": 400,
            "message": "request (70000 tokens) exceeds the available context size (65536 tokens)",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 70000,
            "n_ctx": 65536,
        }
    }
)


async def test_an_overflow_makes_the_client_compact_and_go_on(stage: Stage) -> None:
    trouble = {"error": {"status": 400, "text": OVERFLOW}, "times": 1, "text": "Not reached."}
    for word in ("one", "two", "three"):
        run = call("Bash", command=f"echo {word}; seq 3000", description="Count")
        more = [] if word == "one" else ["-c"]
        await stage.ask(f"Say {word}.", *more, turns=[run, {"text": f"It says {word}."}])
    await stage.ask("Work.", "-c", turns=[call("Bash", command="echo 4", description="4"), trouble])
    assert "prompt is too long: 70000 tokens > 65536 maximum" in stage.log()
    refused, asked, went_on = stage.practice.chats()[-3:]
    assert [record.status for record in (refused, asked, went_on)] == [400, 200, 200]
    assert "summary" in asked.body["messages"][-1]["content"]
    assert "continued from a previous conversation" in str(went_on.body["messages"])
    assert went_on.prompt_tokens < 1.1 * refused.prompt_tokens
    # What stands in front of the conversation is what the model has read already.
    front = [(one.body["messages"][0], one.body["tools"]) for one in (refused, asked, went_on)]
    assert front[0] == front[1] == front[2]


async def test_the_client_is_told_the_window_of_the_model(stage: Stage) -> None:
    stage.configure("aliases: {default: practice}\ncontext_window: 100k")
    await stage.ask("Hello.", turns=[{"text": "Hello."}])
    assert {record.num_ctx for record in stage.chats()} == {102400}
    code, out, _ = await stage.run("claude", "--print-env")
    assert code == 0
    assert "export CLAUDE_CODE_MAX_CONTEXT_TOKENS=102400" in out


async def test_a_model_with_a_small_window_answers_and_goes_on(stage: Stage) -> None:
    stage.configure("aliases: {default: practice-small}")
    turns = [call("Bash", command="echo one", description="One"), {"text": "It says one."}]
    assert "It says one." in await stage.ask("Say one.", turns=turns, profile="bare")
    await stage.ask("And?", "-c", turns=[{"text": "And on."}], profile="bare")
    assert {record.num_ctx for record in stage.chats()} == {8192}


async def test_a_long_session_in_half_the_window_compacts_and_comes_to_its_end(
    stage: Stage,
) -> None:
    stage.configure("aliases: {default: practice}\ncontext_window: 32768")
    line = "src/module_%04d.py: a value of turn"
    turns = [
        call("Bash", command=f"printf '{line} {turn}\\n' $(seq 100)", description=f"Look {turn}")
        for turn in range(25)
    ]
    out = await stage.ask("Work.", turns=[*turns, {"text": "It is done."}], profile="lean")
    assert "It is done." in out
    chats = stage.chats()
    assert sum(len(record.calls) for record in chats) == len(turns)
    asked = [r for r in chats if "summary of the conversation" in r.body["messages"][-1]["content"]]
    # 33,000 tokens kept free, as without the limit, would leave room for none of it.
    assert 1 <= len(asked) <= 3
    assert {record.body["options"]["num_predict"] for record in chats} == {32768 // 5}
    assert len(chats) == len(stage.practice.chats()) - 1, "none is refused; one only loads"


async def test_the_default_of_the_model_menu_has_the_window_of_the_model(stage: Stage) -> None:
    async with claude_at_its_prompt(stage) as terminal:
        await terminal.enter("/model")
        await terminal.until("Select model")
        await terminal.settled()
        terminal.press("1")
        await terminal.settled()
        if "Select model" in terminal.text:
            terminal.press("enter")
        await terminal.settled()
        await terminal.enter("/context")
        await terminal.until("Free space:")
        await terminal.settled()
        assert "/65.5k tokens" in terminal.text
