"""The status line as the real Claude Code shows it."""

import json

import pytest

from .conftest import Stage
from .terminal import ANSWER, claude_at_its_prompt

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]


async def test_claude_code_shows_the_line_with_what_the_proxy_knows(stage: Stage) -> None:
    async with claude_at_its_prompt(stage) as terminal:
        script = json.dumps([{"text": "Good morning."}])
        await terminal.enter(f"hello [practice: {script}]")
        await terminal.until(f"{ANSWER} Good morning.")
        await terminal.until("% reused")
        line = terminal.line_with("% reused")
        assert "practice" in line
        assert "of 64k" in line
        assert "left" in line


async def test_a_line_of_the_persons_own_stays(stage: Stage) -> None:
    own = {"statusLine": {"type": "command", "command": "echo my own line"}}
    folder = stage.home / ".claude"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps(own), encoding="utf-8")
    async with claude_at_its_prompt(stage, shows="my own line") as terminal:
        assert "tokens/s" not in terminal.text
