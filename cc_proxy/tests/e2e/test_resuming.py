"""The end of a session in a terminal, and the line that goes on with it through the proxy."""

import json
import os
import re
from pathlib import Path

import pytest

from .conftest import Stage
from .terminal import ANSWER, STATUS_LINE, Terminal

pytestmark = pytest.mark.claude
SESSION = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.mark.parametrize("flags", [[], ["--profile", "lean"]])
async def test_the_last_line_goes_on_with_the_session_through_the_proxy(
    stage: Stage, flags: list[str]
) -> None:
    stage.more_environment["PATH"] = f"{stage.claude.parent}{os.pathsep}{os.environ['PATH']}"
    answered = {
        "hasCompletedOnboarding": True,
        "projects": {str(stage.project): {"hasTrustDialogAccepted": True}},
    }
    (stage.home / ".claude.json").write_text(json.dumps(answered), encoding="utf-8")
    terminal = Terminal(stage, "claude", *flags)
    try:
        await terminal.until(STATUS_LINE)
        await terminal.settled()
        script = json.dumps([{"text": "The word is heron."}])
        await terminal.enter(f"hello [practice: {script}]")
        await terminal.until(f"{ANSWER} The word is heron.")
        await terminal.settled()
        await terminal.enter("/exit")
        last = last_line(stage.claude, flags)
        await terminal.until(last)
        (session,) = set(SESSION.findall(terminal.text))
    finally:
        terminal.close()
    assert f"{last} {session}" in terminal.text
    typed = last.removeprefix("cc-proxy ").split()
    code, out, _ = await stage.run(*typed, session, "-p", "Which word was it?")
    assert code == 0, out
    assert "The word is heron." in str(stage.chats()[-1].body["messages"])


def last_line(claude: Path, flags: list[str]) -> str:
    # 2.1.332 says it itself, unless there are flags of ours to go on with.
    if "older" in claude.parts or flags:
        return " ".join(["cc-proxy claude", *flags, "-- --resume"])
    return "cc-proxy --resume"
