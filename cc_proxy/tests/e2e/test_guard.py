"""A proxy that dies between two turns of a real session."""

import json
import os
import signal

import pytest

from .conftest import Stage
from .terminal import ANSWER, claude_at_its_prompt

pytestmark = pytest.mark.claude


def state(stage: Stage) -> dict[str, int]:
    path = stage.home / ".cc-proxy/run/cc-proxy.state.json"
    found: dict[str, int] = json.loads(path.read_bytes())
    return found


@pytest.mark.parametrize("claude", ["current"], indirect=True)
async def test_the_session_goes_on_after_the_proxy_was_killed(stage: Stage) -> None:
    async with claude_at_its_prompt(stage) as terminal:
        await terminal.enter('one [practice: [{"text": "The first answer."}]]')
        await terminal.until(f"{ANSWER} The first answer.")
        before = state(stage)
        os.kill(before["pid"], signal.SIGKILL)
        # At once: what Claude Code asks before the proxy is back, it asks again.
        await terminal.enter('two [practice: [{"text": "The second answer."}]]')
        await terminal.until(f"{ANSWER} The second answer.", 60.0)
        assert "had died" not in terminal.text
    after = state(stage)
    assert (after["port"], after["pid"] != before["pid"]) == (before["port"], True)
    assert f"cc-proxy (pid {before['pid']}) had died, and was started again" in stage.log()
    # The turn before is still there, and known to the model.
    assert "The first answer." in str(stage.chats()[-1].body["messages"])
