"""A session of the real Claude Code on a real engine, metered by the engine's own counts."""

import asyncio
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cc_proxy.tests.upstreams.openai.llama import call

CLAUDE = Path(__file__).parents[2] / "cc_proxy/tests/clients/current/node_modules/.bin/claude"
TURNS = 25
SCRIPTS = {
    "hello": "Hello there, this is a steady answer.",
    "think": "<think>\nI look first.\n</think>\n\n"
    + call("Bash", command="echo one > note.txt", description="Write"),
    "two": call("Bash", command="echo two >> note.txt", description="Add two")
    + "\n"
    + call("Bash", command="echo 'the third' >> other.txt", description="Add three"),
    "look": call("Bash", command="seq 1 60", description="Look"),
}
SESSION = " ".join(["think", "two", *["look"] * (TURNS - 3), "hello"])
_SECONDS = 900.0
_COUNTS = re.compile(r" tokens_in=(\d+)(?: tokens_reused=(\d+))? ")


@dataclass(frozen=True)
class Metered:
    """The tokens of a session's prompts: how many there were, were read, and had the last one.

    `second` is the share that the first prompt of another session in the folder had to be read.
    """

    requests: int
    read: int
    last: int
    second: float

    @property
    def factor(self) -> float:
        """What was read, in prompts of the last one's length."""
        return self.read / self.last


async def metered(folder: Path, url: str) -> Metered:
    """Play a session of 25 turns, and the beginning of another one.

    Raises:
        RuntimeError: Claude Code ended with an error.

    """
    project = _prepared(folder, url)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "CC_PROXY_PORT": "0",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    try:
        for words in (f"Work. [[{SESSION}]]", "Hello. [[hello]]"):
            flags = ["--profile", "lean", "--claude-bin", str(CLAUDE)]
            asked = ["-p", words, "--allowedTools", "Bash"]
            await _run(["claude", *flags, "--", *asked], project, environment)
    finally:
        await _run(["stop"], project, environment)
    *session, second = _counts(folder)
    return Metered(
        requests=len(session),
        read=sum(read for read, _ in session),
        last=sum(session[-1]),
        second=second[0] / sum(second),
    )


def _prepared(folder: Path, url: str) -> Path:
    """Write the configuration, and return the folder of the project."""
    project, config = folder / "project", folder / ".cc-proxy/cc-proxy.user.yaml"
    for made in (project, config.parent):
        made.mkdir(parents=True)
    config.write_text(f"upstreams: {{engine: {{url: {url}}}}}\n", encoding="utf-8")
    return project


def _counts(folder: Path) -> list[tuple[int, int]]:
    """Return the tokens of each prompt that were read, and those from the cache."""
    log = (folder / ".cc-proxy/logs/cc-proxy.log").read_text(encoding="utf-8")
    return [(int(read), int(cached or 0)) for read, cached in _COUNTS.findall(log)]


async def _run(arguments: list[str], project: Path, environment: Mapping[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cc_proxy",
        *arguments,
        cwd=project,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), _SECONDS)
    if process.returncode:
        raise RuntimeError(f"{arguments[0]}: {out.decode()[-2000:]}")
