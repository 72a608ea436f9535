"""Claude Code's interactive face, in a real pseudo-terminal, from a HOME that is empty."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator

import pytest

from .conftest import Stage, words

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are not of this system", allow_module_level=True)

import pexpect
import pyte

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]
ROWS, COLUMNS = 45, 120
# What stands before each answer on the screen; the prompt with the script is there as well.
ANSWER = "\N{BLACK CIRCLE}"
CURSOR = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}"
KEYS = {"enter": "\r", "escape": "\x1b", "down": "\x1b[B"}


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

    async def until(self, wanted: str, seconds: float = 30.0) -> None:
        """Wait until the screen shows `wanted`."""
        end = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < end, f"no {wanted!r} on:\n{self._picture()}"
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

    def close(self) -> None:
        """End the program."""
        self._child.close(force=True)

    def _read(self) -> None:
        try:
            data: bytes = self._child.read_nonblocking(65536, timeout=0.2)
        except pexpect.TIMEOUT:
            return
        except pexpect.EOF as error:
            raise AssertionError(f"the program has ended:\n{self._picture()}") from error
        self._stream.feed(data)

    def _picture(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display if line.strip())


@pytest.fixture
async def terminal(stage: Stage) -> AsyncIterator[Terminal]:
    """Claude Code at its prompt, after its own first questions: no login is among them."""
    terminal = Terminal(stage, "claude", "--claude-bin", str(stage.claude))
    try:
        await terminal.until("Choose the text style")
        await terminal.settled()
        terminal.press("enter")
        await terminal.until("Security notes:")
        await terminal.settled()
        terminal.press("enter")
        await terminal.until("Yes, I trust this folder")
        await terminal.settled()
        if f"{CURSOR} No" in terminal.text:
            terminal.press("down")
            await terminal.until(f"{CURSOR} Yes")
        terminal.press("enter")
        await terminal.until("practice")
        await terminal.settled()
        yield terminal
    finally:
        terminal.close()


async def test_a_fresh_home_reaches_an_answer_without_a_login(
    stage: Stage, terminal: Terminal
) -> None:
    script = json.dumps([{"text": "Good morning from the model."}])
    terminal.press(f"hello [practice: {script}]")
    await terminal.settled()
    terminal.press("enter")
    await terminal.until(f"{ANSWER} Good morning from the model.")
    assert "login" not in terminal.text.lower()
    assert "auto mode on" not in terminal.text
    assert stage.chats()[-1].ended_by == "done"


async def test_escape_in_mid_answer_stops_the_model(stage: Stage, terminal: Terminal) -> None:
    script = json.dumps([{"text": "Once upon a time", "sleep": 60}])
    terminal.press(f"a story [practice: {script}]")
    await terminal.settled()
    terminal.press("enter")
    await stage.practice.wait_for(lambda r: r.path == "/api/chat" and "Once" in r.text, 30)
    await terminal.until("esc to interrupt")
    terminal.press("escape")
    await stage.practice.wait_for(lambda r: r.ended_by == "client closed", 5)
    await terminal.until("Interrupted")
