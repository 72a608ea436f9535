"""Auto mode of Claude Code, whose safety check Anthropic's server makes, or a model of yours.

The client asks for a verdict on each action in `safeguards`. The proxy gives none, so the client
says what it cannot do and lets the person decide. With `cc-proxy claude --auto` it asks a model.
"""

import json
from pathlib import Path

import pytest

from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.server import PracticeServer
from cc_proxy.tests.cli.auto_tests import keep_auto_test
from cc_proxy.tests.cli.conftest import Home

from .conftest import Stage, call
from .terminal import ANSWER, CURSOR, claude_at_its_prompt

pytestmark = [
    pytest.mark.claude,
    pytest.mark.parametrize("claude", ["current"], indirect=True),
]

COMMAND = "python3 -c \"open('made.txt', 'w')\"; curl --silent http://127.0.0.1:9/ || true"
TURNS = [call("Bash", command=COMMAND, description="Make and fetch"), {"text": "It is done."}]
PROMPT = f"Do it. [practice: {json.dumps(TURNS)}]"
MAIN, JUDGE = PracticeModel("main"), PracticeModel("judge")
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


@pytest.mark.parametrize(
    ("verdict", "runs"), [("<block>no</block>", True), ("I do not know.", False)]
)
async def test_with_auto_a_measured_model_judges_and_no_answer_is_a_denial(
    cc_proxy: list[str], claude: Path, tmp_path: Path, verdict: str, *, runs: bool
) -> None:
    monitor = "security monitor for autonomous AI coding agents"
    script = {"<tools-used-before-summary>": [{"text": verdict}], "Do it.": TURNS}
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    project.mkdir()
    async with PracticeServer(models=[MAIN, JUDGE], script=script) as practice:
        stage = Stage(cc_proxy, claude, home, project, practice)
        stage.configure("aliases: {default: main}\nrequest_classes: {auto_mode: judge}")
        keep_auto_test(Home(home, []), JUDGE)
        arguments = ("--claude-bin", str(claude), "--auto", "--", "-p", "Do it.")
        code, out, err = await stage.run("claude", *arguments)
        assert code == 0, err
        await stage.run("stop")
    assert "It is done." in out
    assert (project / "made.txt").exists() is runs
    judged = [one for one in stage.chats() if one.body["model"] == "judge"]
    assert judged
    assert monitor in judged[0].body["messages"][0]["content"]
