"""Claude Code through a real llama-server, which says itself what it did not read again.

The model says what the prompt asks for (`[[tcall two bare hello]]`: one script a turn), and its
vocabulary is that of bytes: a lean first prompt is some 20,000 tokens.
"""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from cc_proxy.tests.upstreams.openai import script_model
from cc_proxy.tests.upstreams.openai.llama import call, serving

from .conftest import CLIENTS, Stage

pytestmark = pytest.mark.claude
WINDOW = 65_536
NOTE = "note.txt"
SCRIPTS = {
    "hello": "Hello there, this is a steady answer.",
    "tcall": "<think>\nI write it down.\n</think>\n\n"
    + call("Bash", command=f"echo one > {NOTE}", description="Write"),
    "two": call("Bash", command=f"echo two >> {NOTE}", description="Add two")
    + "\n"
    + call("Bash", command="echo 'the third' >> other.txt", description="Add three"),
    "bare": json.dumps(
        {"name": "Bash", "arguments": {"command": f"echo leaked >> {NOTE}", "description": "Leak"}}
    ),
    "look": call("Bash", command="cat *.txt", description="Look"),
    "think": "<think>\nThe user wants a greeting. I greet.\n</think>\n\nGood morning.",
    "long": "On and on we go, " + script_model.LOOP,
}
_LINE = re.compile(r" tokens_in=(\d+) tokens_reused=(\d+) ")


@dataclass
class Engine:
    """The server's own figures."""

    url: str

    async def ask(self, path: str) -> str:
        async with ClientSession() as client, client.get(self.url + path) as answer:
            return await answer.text()

    async def read_tokens(self) -> int:
        """Return the tokens of prompts that it has read since it was started."""
        text = await self.ask("/metrics")
        (read,) = re.findall(r"^llamacpp:prompt_tokens_total (\d+)", text, re.MULTILINE)
        return int(read)

    async def is_at_work(self) -> bool:
        slots: list[dict[str, Any]] = json.loads(await self.ask("/slots"))
        return any(slot["is_processing"] for slot in slots)

    async def until(self, *, at_work: bool) -> None:
        while await self.is_at_work() is not at_work:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.1)


@pytest.fixture
def claude() -> Path:
    """The newer Claude Code alone: the other one's sessions are played on the practice server."""
    path = CLIENTS / "current/node_modules/.bin/claude"
    if not path.exists():
        pytest.skip("Claude Code is not installed: make clients")
    return path


@pytest.fixture
async def llama(stage: Stage, tmp_path: Path) -> AsyncIterator[Engine]:
    stage.more_environment["OLLAMA_BASE_URL"] = ""
    async with serving(tmp_path, window=WINDOW, scripts=SCRIPTS) as url:
        stage.configure(f"upstreams: {{local: {{url: {url}}}}}")
        yield Engine(url)


def prompts(stage: Stage) -> list[tuple[int, int]]:
    """Return the tokens that were read of each prompt, and those of the whole, by the log."""
    counts = [(int(read), int(cached)) for read, cached in _LINE.findall(stage.log())]
    return [(read, read + cached) for read, cached in counts]


async def leave_in_mid_answer(stage: Stage, llama: Engine) -> None:
    """Press Ctrl-C while the model writes, and wait until it stops: it would never end."""
    profile = ["--profile", "lean", "--claude-bin", str(stage.claude)]
    process = await asyncio.create_subprocess_exec(
        *stage.command,
        "claude",
        *profile,
        "--",
        "-c",
        "-p",
        "Go on. [[long]]",
        cwd=stage.project,
        env=stage.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await llama.until(at_work=True)
    process.send_signal(signal.SIGINT)
    await process.wait()
    await llama.until(at_work=False)


async def test_a_session_with_tools_reads_each_part_once(stage: Stage, llama: Engine) -> None:
    out = await stage.ask("Work. [[tcall two bare look hello]]", profile="lean")
    assert "this is a steady answer" in out
    assert (stage.project / NOTE).read_text() == "one\ntwo\nleaked\n"
    assert (stage.project / "other.txt").read_text() == "the third\n"
    asked = prompts(stage)
    assert len(asked) == 5
    total = await llama.read_tokens()
    assert total == sum(read for read, _ in asked)
    assert total <= 1.02 * asked[-1][1]

    # Another session in the folder, and then the first one, left in mid-answer and gone on with.
    await stage.ask("Hello. [[think]]", profile="lean")
    read, whole = prompts(stage)[-1]
    assert read <= 0.25 * whole
    await leave_in_mid_answer(stage, llama)
    out = await stage.ask("And? [[think]]", "-c", profile="lean")
    assert "Good morning." in out
    read, whole = prompts(stage)[-1]
    assert read <= 0.1 * whole
