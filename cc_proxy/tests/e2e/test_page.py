"""The page of `cc-proxy ui` in a real browser, on a session of the real Claude Code.

CC_PROXY_TEST_KEEP_SCREENS=1 keeps its screenshots in docs/assets.
"""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from cc_proxy.app.practice.model.speed import LIFELIKE

from .conftest import CLIENTS, SECONDS, Stage, call

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for name in NAMES if (path := shutil.which(name))), None)
FOLDER = CLIENTS / "browser"
ASSETS = Path(__file__).parents[3] / "docs/assets"
CASES = re.findall(r"^  '([^']+)': async", (FOLDER / "cases.mjs").read_text("utf-8"), re.MULTILINE)
READ = {
    "name": "Read",
    "description": "Reads.",
    "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
}
WORDS = "The basket keeps its items, and the total is right again. "
# By the beginning of a prompt, so that no prompt has what its answer says.
SCRIPT: dict[str, list[Any]] = {
    "read the notes": [
        {"text": '<tool_call>\n{"name": "Read", "arguments": {"path": 5}}\n</tool_call>'}
    ],
    "explain the basket": [{"text": WORDS * 4}],
    "break": [{"error": {"status": 500, "text": "the runner is gone"}}],
    "tell a story": [{"text": WORDS * 150, "sleep": 600}],
}

pytestmark = [
    pytest.mark.claude,
    pytest.mark.skipif(BROWSER is None, reason="it is in Debian's package chromium"),
    pytest.mark.skipif(sys.platform == "win32", reason="the browser here is a shell script"),
    pytest.mark.timeout(300),
]


@pytest.fixture
def claude() -> Path:
    return CLIENTS / "current/node_modules/.bin/claude"


@pytest.fixture
def practice_options() -> dict[str, Any]:
    return {"speed": LIFELIKE, "script": SCRIPT}


@asynccontextmanager
async def clients(stage: Stage) -> AsyncIterator["Clients"]:
    run = stage.home / ".cc-proxy/run"
    state = json.loads((run / "cc-proxy.state.json").read_text(encoding="utf-8"))
    async with ClientSession(headers={"x-api-key": (run / "auth.key").read_text().strip()}) as one:
        yield Clients(one, f"http://127.0.0.1:{state['port']}/v1/messages")


class Clients:
    """More sessions, without Claude Code."""

    def __init__(self, client: ClientSession, url: str) -> None:
        self._client = client
        self._url = url
        self._said: dict[str, list[dict[str, str]]] = {}

    async def ask(self, folder: str, prompt: str) -> None:
        said = self._said.setdefault(folder, [])
        said.append({"role": "user", "content": prompt})
        body = {
            "model": "practice",
            "max_tokens": 13_107,
            "stream": True,
            "tools": [READ],
            "system": f"{'A rule of the house. ' * 1500}\nWorking directory: /home/me/{folder}\n",
            "messages": said,
        }
        headers = {
            "X-Claude-Code-Session-Id": f"{folder}-session",
            "User-Agent": "claude-cli/2.1.332",
        }
        async with self._client.post(self._url, json=body, headers=headers) as answer:
            await answer.read()
        said.append({"role": "assistant", "content": WORDS})


async def address(stage: Stage, tmp_path: Path) -> str:
    """Return what `cc-proxy ui` gives to a browser."""
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n', encoding="utf-8")
    browser.chmod(0o700)
    stage.more_environment["BROWSER"] = str(browser)
    code, out, err = await stage.run("ui")
    assert code == 0, (out, err)
    return seen.read_text(encoding="utf-8").strip()


async def test_a_person_sees_what_happens_in_a_browser(stage: Stage, tmp_path: Path) -> None:
    if not (FOLDER / "node_modules/playwright-core").exists():
        pytest.skip("playwright-core is not installed: make clients")
    turns = [call("Bash", command="echo there"), {"text": "There it is."}]
    await stage.ask("look around", turns=turns)
    async with clients(stage) as more:
        for prompt in ("explain the basket", "explain the basket again", "break it"):
            await more.ask("shop", prompt)
        await asyncio.gather(
            more.ask("shop", "read the notes"), more.ask("website", "explain the basket")
        )
        story = asyncio.create_task(more.ask("website", "tell a story"))
        outcomes = await looked_at(await address(stage, tmp_path), tmp_path)
        story.cancel()
        await asyncio.gather(story, return_exceptions=True)
    wrong = {name: error for name, error in outcomes.items() if error is not None}
    assert wrong == {}
    assert list(outcomes) == CASES
    keep_screenshots(tmp_path)


def keep_screenshots(folder: Path) -> None:
    if os.environ.get("CC_PROXY_TEST_KEEP_SCREENS"):
        for picture in folder.glob("page-*.png"):
            shutil.copy(picture, ASSETS / picture.name)


async def looked_at(page: str, screenshots: Path) -> dict[str, str | None]:
    """Return each case with its error, None for one that is as it should be."""
    node = await asyncio.create_subprocess_exec(
        "node",
        "run.mjs",
        cwd=FOLDER,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(screenshots),
            "BROWSER_PATH": str(BROWSER),
            "PAGE_ADDRESS": page,
            "SCREENSHOTS": str(screenshots),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(node.communicate(), SECONDS)
    assert node.returncode == 0, err.decode()
    found = [json.loads(line) for line in out.splitlines()]
    return {one["name"]: None if one["ok"] else one["error"] for one in found}
