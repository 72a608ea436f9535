"""The real Claude Code, in a clean environment, through the installed cc-proxy."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from cc_proxy.app.practice.journal import Record
from cc_proxy.app.practice.server import PracticeServer

CLIENTS = Path(__file__).parents[1] / "clients"
SECONDS = 300.0


@dataclass
class Stage:
    """A HOME and a project of their own, the practice server, and the two programs."""

    command: list[str]
    claude: Path
    home: Path
    project: Path
    practice: PracticeServer
    more_environment: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of this machine but PATH."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "CC_PROXY_PORT": "0",
            "OLLAMA_BASE_URL": self.practice.url,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            **self.more_environment,
        }

    def configure(self, text: str) -> None:
        """Write the configuration."""
        file = self.home / ".cc-proxy/cc-proxy.user.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{text}\n", encoding="utf-8")

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run cc-proxy; return exit code, stdout and stderr."""
        process = await asyncio.create_subprocess_exec(
            *self.command,
            *arguments,
            cwd=self.project,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), SECONDS)
        except TimeoutError:
            process.kill()
            raise
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def ask(self, prompt: str, *more: str, **script: Any) -> str:
        """Give Claude Code a prompt that carries a script; return what it printed."""
        if turns := script.get("turns"):
            prompt = f"{prompt} [practice: {json.dumps(turns)}]"
        profile = ["--profile", script["profile"]] if "profile" in script else []
        code, out, err = await self.run(
            "claude",
            *profile,
            "--claude-bin",
            str(self.claude),
            "--",
            "-p",
            prompt,
            "--permission-mode",
            "acceptEdits",
            "--allowedTools",
            "Bash,Read,Edit,Write,Task,Agent",
            *more,
        )
        assert code == 0, (out, err)
        return out

    def read_tokens(self, since: int = 0) -> int:
        """Return the tokens that the engine has read since so many requests, for any reason."""
        return sum(record.read_tokens for record in self.practice.journal[since:])

    def chats(self) -> list[Record]:
        """What reached the model; a request without messages only loads it."""
        answered = [record for record in self.practice.chats() if record.status == 200]
        return [record for record in answered if record.body["messages"]]

    def log(self) -> str:
        """Return the proxy's log."""
        return (self.home / ".cc-proxy/logs/cc-proxy.log").read_text(encoding="utf-8")


def call(name: str, **arguments: Any) -> dict[str, Any]:
    """Return a scripted turn with one tool call."""
    return {"calls": [{"name": name, "arguments": arguments}]}


@pytest.fixture(params=["current", "older"])
def claude(request: pytest.FixtureRequest) -> Path:
    """Each pinned Claude Code."""
    path: Path = CLIENTS / request.param / "node_modules" / ".bin" / "claude"
    if not path.exists():
        pytest.skip(f"Claude Code ({request.param}) is not installed: make clients")
    return path


@pytest.fixture
def engine() -> Literal["rules", "llama"]:
    """What reads the prompts behind the practice server; a module may choose the real one."""
    return "rules"


@pytest.fixture
def practice_options(engine: Literal["rules", "llama"]) -> dict[str, Any]:
    """The options of the practice server; a module may choose others."""
    return {"engine": engine}


@pytest.fixture
async def stage(
    cc_proxy: list[str], claude: Path, tmp_path: Path, practice_options: dict[str, Any]
) -> AsyncIterator[Stage]:
    """A stage with the practice server running; at the end the proxy is stopped, its log clean."""
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    project.mkdir()
    async with PracticeServer(**practice_options) as practice:
        stage = Stage(cc_proxy, claude, home, project, practice)
        stage.configure("aliases: {default: practice}")
        yield stage
        code, out, err = await stage.run("stop")
        assert code == 0, (out, err)
    key_file = home / ".cc-proxy/run/auth.key"
    if key_file.exists():
        key = key_file.read_text(encoding="utf-8").strip()
        assert len(key) > 20
        assert key not in stage.log(), "no session may leave the key in the log"


def words(text: str) -> str:
    """Return text on one line, for comparing with what a terminal has wrapped."""
    return re.sub(r"\s+", " ", text)
