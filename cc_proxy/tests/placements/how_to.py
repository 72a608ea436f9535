"""Runs what a how-to shows, where it says so, and compares what comes out.

    <!-- runs on: host; exit 1 -->
    ```console
    $ cc-proxy doctor
    … fail …
    ```

A line with `$` is a command, the lines after it are what it prints; `…` stands for anything. The
exit code is that of the block's last command. `export` and `.` stay in force on their machine;
`ollama serve` stays in the background until the next one. `copied from
the host:` brings a file of the host's home to the block's machine. After `until:` stands what the
terminal shows when a session has begun that would go on for ever; it is closed then.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pyte

from cc_proxy.tests.placements.machines import SECONDS, Machine

if TYPE_CHECKING:
    from subprocess import Popen

ROOT = Path(__file__).parents[3]
_BLOCK = re.compile(
    r"(?:<!-- copied from the host: (?P<copied>.+?) -->\n)?"
    r"<!-- runs on: (?P<where>.+?)(?:; exit (?P<code>\d+))?(?:; until: (?P<until>.+?))? -->\n"
    r"```console\n(?P<text>.*?)```",
    re.DOTALL,
)
_LASTING = ("export ", ". ")
_SERVES = "ollama serve"
ANYTHING = "…"
COLUMNS, ROWS = 160, 50
READ_AT_ONCE = 4096


@dataclass(frozen=True)
class Command:
    """A command and what it is said to print."""

    line: str
    printed: str


@dataclass(frozen=True)
class Block:
    where: str
    commands: tuple[Command, ...]
    exit_code: int
    copied: str | None
    until: str | None


def blocks(name: str) -> list[Block]:
    """Return what is to be run of `docs/NAME.md`."""
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    found = [_block(match) for match in _BLOCK.finditer(text)]
    assert len(found) == text.count("```console"), "a block says not where it runs"
    return found


@contextmanager
def follow(name: str, machines: Mapping[str, Machine]) -> Iterator[None]:
    """Run a page, such as `how-to/team`, to its end; what it left running runs in the `with`."""
    so_far: dict[str, list[str]] = {where: [] for where in machines}
    serving: dict[str, Popen[str]] = {}
    try:
        for block in blocks(name):
            machine = machines[block.where]
            if block.copied is not None:
                shutil.copy(machines["host"].home / block.copied, machine.home)
            for command in block.commands:
                if command.line.endswith(_SERVES):
                    _end(serving.pop(block.where, None))
                    serving[block.where] = _serve(machine, command)
                    continue
                lines = [*so_far[block.where], command.line]
                if block.until is not None and command is block.commands[-1]:
                    session(machine, "\n".join(lines), block.until)
                    continue
                code, printed = machine.shell("\n".join(lines))
                compare(command, printed)
                last = command is block.commands[-1]
                assert code == (block.exit_code if last else 0), f"$ {command.line}\n{printed}"
                if command.line.startswith(_LASTING):
                    so_far[block.where].append(command.line)
        yield
    finally:
        for process in serving.values():
            _end(process)
        for machine in machines.values():
            machine.shell("cc-proxy stop")


def _block(match: re.Match[str]) -> Block:
    commands = []
    for part in re.split(r"^\$ ", match["text"], flags=re.MULTILINE)[1:]:
        line, _, printed = part.partition("\n")
        commands.append(Command(line, printed))
    code = int(match["code"] or 0)
    return Block(match["where"], tuple(commands), code, match["copied"], match["until"])


def session(machine: Machine, line: str, until: str) -> None:
    """Run a command in a terminal of its own until the screen shows a text, and close it."""
    stream = pyte.Stream(screen := pyte.Screen(COLUMNS, ROWS))
    command, *arguments = machine.command("sh", "-c", line)
    child = pexpect.spawn(
        command, arguments, env=machine.environ | {"TERM": "xterm-256color"}, encoding="utf-8",
        dimensions=(ROWS, COLUMNS), timeout=SECONDS,
    )  # fmt: skip
    try:
        while until not in "\n".join(screen.display):
            stream.feed(child.read_nonblocking(READ_AT_ONCE))
    except (pexpect.TIMEOUT, pexpect.EOF) as error:
        shown = "\n".join(row.rstrip() for row in screen.display).strip()
        raise AssertionError(f"$ {line}\n--- until\n{until}\n--- shows\n{shown}") from error
    finally:
        child.close(force=True)


def compare(command: Command, printed: str) -> None:
    """Hold what a command prints against what it is said to print."""
    wanted = command.printed.strip()
    parts = [re.escape(part) for part in wanted.split(ANYTHING)]
    assert re.fullmatch(".*".join(parts), printed.strip(), re.DOTALL), (
        f"$ {command.line}\n--- said to print\n{wanted}\n--- prints\n{printed}"
    )


@contextmanager
def ollama(machine: Machine) -> Iterator[None]:
    """Have Ollama run on a machine, for a page that takes this for granted."""
    process = _serve(machine, Command(_SERVES, ANYTHING))
    try:
        yield
    finally:
        _end(process)


def _serve(machine: Machine, command: Command) -> "Popen[str]":
    process = machine.popen("sh", "-c", command.line)
    assert process.stdout is not None
    compare(command, f"… {process.stdout.readline()} …")
    return process


def _end(process: "Popen[str] | None") -> None:
    if process is None:
        return
    with process:
        process.terminate()
        process.wait(SECONDS)
