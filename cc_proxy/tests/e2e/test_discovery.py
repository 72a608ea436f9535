"""Model discovery: what Claude Code offers in `/model`, and that what is chosen there answers."""

import json

import pytest

from .conftest import Stage
from .terminal import ANSWER, CURSOR, Terminal, claude_at_its_prompt

pytestmark = pytest.mark.claude

THINKER = "practice-think:latest"


@pytest.mark.parametrize("claude", ["current"], indirect=True)  # 2.1.197 has no discovery
async def test_a_model_of_ollama_is_chosen_from_the_list_and_answers(stage: Stage) -> None:
    stage.more_environment["CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY"] = "1"
    async with claude_at_its_prompt(stage) as terminal:
        await discovery(stage, terminal)
        await terminal.enter("/model")
        await terminal.until("Select model")
        await terminal.settled()
        assert f"{THINKER} Ollama · 4.9 GB · tools, thinking" in terminal.text
        # It cannot use tools, so Claude Code cannot work with it.
        assert "practice-plain" not in terminal.text
        await go_down_to(THINKER, terminal)
        terminal.press("enter")
        await terminal.until(f"Set model to {THINKER}")
        script = json.dumps([{"text": "The thinker speaks."}])
        await terminal.enter(f"hello [practice: {script}]")
        await terminal.until(f"{ANSWER} The thinker speaks.")
        await terminal.enter("/context")
        # The window that the client was told holds for the chosen name too.
        await terminal.until("k/65.5k tokens")
    assert stage.chats()[-1].body["model"] == THINKER
    assert f"asked=local-claude/{THINKER}" in stage.log()


@pytest.mark.parametrize("claude", ["current"], indirect=True)  # 2.1.197 has no such rows
async def test_the_list_has_the_models_under_their_own_names(stage: Stage) -> None:
    async with claude_at_its_prompt(stage) as terminal:
        await terminal.enter("/model")
        await terminal.until("Select model")
        await terminal.settled()
        assert f"{THINKER} Ollama · 4.9 GB · tools, thinking · 65,536 tokens" in terminal.text
        assert "practice-plain" not in terminal.text
        # Claude Code's own rows would be other names for the same models.
        assert not any(name in terminal.text for name in ("Opus", "Sonnet", "Haiku", "Fable"))
        await go_down_to(THINKER, terminal)
        terminal.press("enter")
        await terminal.until(f"Set model to {THINKER}")
        script = json.dumps([{"text": "The thinker speaks."}])
        await terminal.enter(f"hello [practice: {script}]")
        await terminal.until(f"{ANSWER} The thinker speaks.")
        await terminal.enter("/context")
        await terminal.until("k/65.5k tokens")
    assert stage.chats()[-1].body["model"] == THINKER
    assert f"asked={THINKER}" in stage.log()


async def test_a_discovered_name_is_good_for_the_model_flag(stage: Stage) -> None:
    name = f"local-claude/{THINKER}"
    out = await stage.ask("Hello.", "--model", name, turns=[{"text": "Hello from the thinker."}])
    assert "Hello from the thinker." in out
    assert {record.body["model"] for record in stage.chats()} == {THINKER}


async def discovery(stage: Stage, terminal: Terminal) -> None:
    """Wait until the client has written down what it has found."""
    found = stage.home / ".claude/cache/gateway-models.json"
    for _ in range(50):
        if found.exists():
            break
        await terminal.settled()
    names = [model["id"] for model in json.loads(found.read_text())["models"]]
    assert f"local-claude/{THINKER}" in names


async def go_down_to(wanted: str, terminal: Terminal) -> None:
    for _ in range(12):
        if wanted in terminal.line_with(CURSOR):
            return
        terminal.press("down")
        await terminal.settled()
    raise AssertionError(terminal.picture)
