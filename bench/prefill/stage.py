"""A HOME and folders of their own, the practice server, and Claude Code in front of it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.prefill.interactive import converse, prepare
from bench.prefill.naive import NaiveProxy
from bench.prefill.scripts import Turn, marked
from cc_proxy.app.practice.journal import Record
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.server import PracticeServer

REPOSITORY = Path(__file__).parents[2]
WINDOW = 131_072
_SECONDS = 300.0
_TOOLS = "Bash,Read,Edit,Write,Task,Agent,TaskCreate,TaskUpdate,TaskList,CronList,ToolSearch"
# The window stands in the model, so that whoever does not send one gets the same.
_PARAMETERS = {"stop": ["<|im_end|>"], "num_ctx": WINDOW}
MODELS = (
    PracticeModel("practice:latest", parameters=_PARAMETERS),
    PracticeModel("practice-think:latest", thinking=True, parameters=_PARAMETERS),
)


class SessionFailedError(Exception):
    """Claude Code or the proxy ended with an error."""


@dataclass(frozen=True)
class Setting:
    """The client, model and engine of a session. `client` is `current` or `older`.

    `parallel` is the number of the engine's slots, as with `OLLAMA_NUM_PARALLEL`.
    """

    client: str
    model: str = "practice"
    profile: str = "full"
    protected: bool = True
    parallel: int = 1
    more_environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Stage:
    """Runs prompts through cc-proxy, or through the plain endpoint."""

    setting: Setting
    root: Path
    practice: PracticeServer
    naive: NaiveProxy | None
    folder: Path

    def go_to(self, name: str) -> None:
        """Work in the folder of this name from now on."""
        self.folder = self.root / name
        self.folder.mkdir(exist_ok=True)

    def at(self, name: str) -> "Stage":
        """Return the same stage in the folder of this name, for a session beside others."""
        beside = replace(self)
        beside.go_to(name)
        return beside

    async def ask(self, prompt: str, turns: list[Turn], *more: str) -> list[Record]:
        """Give Claude Code a prompt; return what reached the model until it was answered.

        Raises:
            SessionFailedError: with what was printed.

        """
        before = len(self.read())
        session = ["-p", marked(prompt, turns), "--permission-mode", "acceptEdits"]
        session += ["--allowedTools", _TOOLS, *more]
        program = str(claude(self.setting.client))
        if self.naive is None:
            first = ["claude", "--model", self.setting.model, "--profile", self.setting.profile]
            await self._run(*cc_proxy(), *first, "--claude-bin", program, "--", *session)
        else:
            await self._run(program, *session)
        return self.read()[before:]

    async def converse(self, prompt: str, turns: list[Turn], last: str) -> list[Record]:
        """Give the interactive Claude Code a prompt, until the model has said `last`.

        Raises:
            NoAnswerError: it never did.

        """
        before = len(self.read())
        prepare(self.root / "home", self.folder)
        program = str(claude(self.setting.client))
        tools = ["--allowedTools", _TOOLS]
        if self.naive is None:
            first = ["claude", "--model", self.setting.model, "--profile", self.setting.profile]
            command = [*cc_proxy(), *first, "--claude-bin", program, "--"]
        else:
            command = [program, "--permission-mode", "default"]
        await converse(
            [*command, *tools, "--", marked(prompt, turns)],
            self._environment(),
            self.folder,
            is_over=lambda: any(last in record.text for record in self.read()[before:]),
            requests=lambda: len(self.read()),
        )
        return self.read()[before:]

    async def open_terminal(self) -> list[Record]:
        """Open the interactive Claude Code, type nothing, and leave; return what was read."""
        before = len(self.read())
        prepare(self.root / "home", self.folder)
        program = str(claude(self.setting.client))
        if self.naive is None:
            first = ["claude", "--model", self.setting.model, "--profile", self.setting.profile]
            command = [*cc_proxy(), *first, "--claude-bin", program]
        else:
            command = [program, "--permission-mode", "default"]
        await converse(
            command,
            self._environment(),
            self.folder,
            is_over=lambda: True,
            requests=lambda: len(self.read()),
        )
        return self.read()[before:]

    def read(self) -> list[Record]:
        """Return all that had the engine read something, in the order of arrival."""
        return [record for record in self.practice.journal if record.prompt_tokens]

    async def stop(self) -> None:
        """Stop the proxy."""
        if self.naive is None:
            await self._run(*cc_proxy(), "stop")

    async def _run(self, *command: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_SECONDS):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            raise
        if process.returncode != 0:
            said = (out + err).decode(errors="replace")
            raise SessionFailedError(f"{command[0]} ended with {process.returncode}: {said}")

    def _environment(self) -> dict[str, str]:
        """Nothing of this machine but PATH."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        }
        if self.naive is None:
            environment |= {"CC_PROXY_PORT": "0", "OLLAMA_BASE_URL": self.practice.url}
        else:
            environment |= {
                "ANTHROPIC_BASE_URL": self.naive.url,
                "ANTHROPIC_AUTH_TOKEN": "none",
                "ANTHROPIC_MODEL": self.setting.model,
            }
        return environment | self.setting.more_environment


@asynccontextmanager
async def stage(setting: Setting, keep: Path | None = None) -> AsyncIterator[Stage]:
    """Yield a stage on which nothing has been read yet; `keep` gets the bodies of naive runs."""
    with TemporaryDirectory(prefix="prefill-") as name:
        root = Path(name)
        (root / "home").mkdir()
        async with PracticeServer(
            models=MODELS, engine="llama", parallel=setting.parallel
        ) as practice:
            if setting.protected:
                made = Stage(setting, root, practice, None, root)
                made.go_to("project")
                try:
                    yield made
                finally:
                    await made.stop()
                return
            async with NaiveProxy(practice.url, setting.model, keep) as naive:
                made = Stage(setting, root, practice, naive, root)
                made.go_to("project")
                yield made


def cc_proxy() -> list[str]:
    """Return the command under test: the installed one that is named, else this checkout's."""
    named = os.environ.get("CC_PROXY_TEST_BIN")
    return [named] if named else [sys.executable, "-m", "cc_proxy"]


def claude(client: str) -> Path:
    """Return the pinned Claude Code, `current` or `older`.

    Raises:
        FileNotFoundError: it is not installed.

    """
    path = REPOSITORY / "cc_proxy/tests/clients" / client / "node_modules/.bin/claude"
    if not path.exists():
        raise FileNotFoundError(f"Expected Claude Code ({client}) at {path}; run: make clients")
    return path
