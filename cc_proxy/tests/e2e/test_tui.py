"""Claude Code's interactive face, in a real pseudo-terminal, from a HOME that is empty."""

import json
from collections.abc import AsyncIterator

import pytest

from .conftest import Stage
from .terminal import ANSWER, CURSOR, Terminal

pytestmark = pytest.mark.claude


@pytest.fixture
async def terminal(stage: Stage) -> AsyncIterator[Terminal]:
    """Claude Code at its prompt, after its own first questions: no login is among them."""
    terminal = Terminal(stage, "claude", "--claude-bin", str(stage.claude))
    try:
        await terminal.until("Choose the text style")
        await terminal.settled()
        terminal.press("enter")
        await terminal.until("Security notes:")
        await terminal.settled()
        terminal.press("enter")
        await terminal.until("Yes, I trust this folder")
        await terminal.settled()
        if f"{CURSOR} No" in terminal.text:
            terminal.press("down")
            await terminal.until(f"{CURSOR} Yes")
        terminal.press("enter")
        await terminal.until("practice")
        await terminal.settled()
        yield terminal
    finally:
        terminal.close()


async def test_a_fresh_home_reaches_an_answer_without_a_login(
    stage: Stage, terminal: Terminal
) -> None:
    script = json.dumps([{"text": "Good morning from the model."}])
    terminal.press(f"hello [practice: {script}]")
    await terminal.settled()
    terminal.press("enter")
    await terminal.until(f"{ANSWER} Good morning from the model.")
    assert "login" not in terminal.text.lower()
    assert "auto mode on" not in terminal.text
    assert stage.chats()[-1].ended_by == "done"


async def test_escape_in_mid_answer_stops_the_model(stage: Stage, terminal: Terminal) -> None:
    script = json.dumps([{"text": "Once upon a time", "sleep": 60}])
    terminal.press(f"a story [practice: {script}]")
    await terminal.settled()
    terminal.press("enter")
    await stage.practice.wait_for(lambda r: r.path == "/api/chat" and "Once" in r.text, 120)
    await terminal.until("\N{DOWNWARDS ARROW}")  # how much has come, beside the spinner
    terminal.press("escape")
    await stage.practice.wait_for(lambda r: r.ended_by == "client closed", 60)
    await terminal.until("Interrupted")
