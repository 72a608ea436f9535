"""Auto mode of Claude Code 2.1.330, whose safety check only Anthropic's server can make.

The client asks for a verdict on each action in `safeguards`. The proxy gives none, so the client
says what it cannot do and lets the person decide.
"""

import json

import pytest

from .conftest import Stage, call
from .terminal import ANSWER, CURSOR, claude_at_its_prompt

pytestmark = [
    pytest.mark.claude,
    pytest.mark.parametrize("claude", ["current"], indirect=True),
]

COMMAND = "python3 -c \"open('made.txt', 'w')\"; curl --silent http://127.0.0.1:9/ || true"
TURNS = [call("Bash", command=COMMAND, description="Make and fetch"), {"text": "It is done."}]
PROMPT = f"Do it. [practice: {json.dumps(TURNS)}]"
AUTO = ("--", "--permission-mode", "auto")


async def test_auto_mode_says_that_it_has_no_check_and_asks_the_person(stage: Stage) -> None:
    made = stage.project / "made.txt"
    async with claude_at_its_prompt(stage, *AUTO, shows="auto mode on") as terminal:
        await terminal.enter(PROMPT)
        await terminal.until("Auto mode can't check actions in this session")
        await terminal.until("the check isn't getting through.")
        await terminal.settled()
        assert not made.exists()
        terminal.press("enter")  # stay, and approve each action
        await terminal.until("Do you want to proceed?")
        await terminal.settled()
        assert not made.exists()
        terminal.press("down")
        await terminal.until(f"{CURSOR} Yes")
        terminal.press("enter")
        await terminal.until(f"{ANSWER} It is done.")
    assert made.exists()


async def test_a_session_begins_in_the_mode_that_asks(stage: Stage) -> None:
    made = stage.project / "made.txt"
    async with claude_at_its_prompt(stage) as terminal:
        assert "manual mode on" in terminal.text
        await terminal.enter(PROMPT)
        await terminal.until("Do you want to proceed?")
        assert "Auto mode" not in terminal.text
        await terminal.settled()
        assert not made.exists()
        terminal.press("escape")
        await terminal.until("Interrupted")
    assert not made.exists()
