"""A terminal on a program: its screen and its keyboard (not on Windows)."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from .conftest import Stage, words

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are not of this system", allow_module_level=True)

import pexpect
import pyte

ROWS, COLUMNS = 45, 120
_END_SECONDS = 1.0
# What stands before each answer on the screen; the prompt with the script is there as well.
ANSWER = "\N{BLACK CIRCLE}"
CURSOR = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}"
# What the status line of cc-proxy has before the first turn. Claude Code shows it in place of its
# own "? for shortcuts" and "esc to interrupt".
STATUS_LINE = "k left"
KEYS = {"enter": "\r", "escape": "\x1b", "down": "\x1b[B", "shift-tab": "\x1b[Z"}


class Terminal:
    """A screen of a program, and its keyboard."""

    def __init__(self, stage: Stage, *arguments: str) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        program, *first = [*stage.command, *arguments]
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            program,
            first,
            env=stage.environment,
            cwd=str(stage.project),
            dimensions=(ROWS, COLUMNS),
        )

    @property
    def text(self) -> str:
        """What is on the screen, on one line."""
        return words(" ".join(self._screen.display))

    @property
    def picture(self) -> str:
        """What is on the screen, without its empty lines."""
        return "\n".join(line.rstrip() for line in self._screen.display if line.strip())

    @property
    def title(self) -> str:
        """The title that the program has given the window."""
        return str(self._screen.title)

    def line_with(self, mark: str) -> str:
        """Return the last line that has `mark` in it, nothing when there is none."""
        lines = [line for line in self._screen.display if mark in line]
        return lines[-1] if lines else ""

    async def until(self, wanted: str, seconds: float = 120.0) -> None:
        """Wait until the screen shows `wanted`."""
        end = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < end, f"no {wanted!r} on:\n{self.picture}"
            await asyncio.to_thread(self._read)

    async def settled(self) -> None:
        """Wait until the screen has been still for a moment."""
        before = ""
        while before != self.text:
            before = self.text
            for _ in range(3):
                await asyncio.to_thread(self._read)

    def press(self, *keys: str) -> None:
        """Type text, or press a key by its name."""
        for key in keys:
            self._child.send(KEYS.get(key, key))

    async def enter(self, line: str) -> None:
        """Type a line and send it, once the program has taken all of it."""
        self.press(line)
        await self.settled()
        self.press("enter")

    def close(self) -> None:
        """End the program."""
        # On a busy machine even a killed process takes more than the tenth of a second it is given.
        self._child.ptyproc.delayafterterminate = _END_SECONDS  # type: ignore[attr-defined]
        self._child.close(force=True)

    def _read(self) -> None:
        try:
            data: bytes = self._child.read_nonblocking(65536, timeout=0.2)
        except pexpect.TIMEOUT:
            return
        except pexpect.EOF as error:
            raise AssertionError(f"the program has ended:\n{self.picture}") from error
        self._stream.feed(data)


@asynccontextmanager
async def claude_at_its_prompt(
    stage: Stage, *arguments: str, shows: str = STATUS_LINE
) -> AsyncIterator[Terminal]:
    """Run Claude Code in a HOME where its first questions have been answered before.

    `shows` is what stands below its prompt.
    """
    answered = {
        "hasCompletedOnboarding": True,
        "projects": {str(stage.project): {"hasTrustDialogAccepted": True}},
    }
    (stage.home / ".claude.json").write_text(json.dumps(answered), encoding="utf-8")
    terminal = Terminal(stage, "claude", "--claude-bin", str(stage.claude), *arguments)
    try:
        await terminal.until(shows)
        await terminal.settled()
        yield terminal
    finally:
        terminal.close()
