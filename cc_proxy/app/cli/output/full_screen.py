"""A terminal that a command has for itself: its whole screen, and its keys."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, TextIO

from cc_proxy.app.cli.output import colour
from cc_proxy.app.control_characters import one_line

_USUAL_SIZE = (80, 24)
# ECMA-48 and xterm: a second screen, which leaves the first as it was, and no cursor on it.
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"
# A resize is noticed after so long, and a key on Windows.
_SLICE_SECONDS = 0.1

_KEYS_AT_ONCE = 64

Size = tuple[int, int]


def is_possible() -> bool:
    """Tell whether stdin and stdout are a terminal on which a cursor can be moved."""
    streams = (sys.stdin, sys.stdout)
    has_terminal = all(one is not None and one.isatty() for one in streams)
    return has_terminal and os.environ.get("TERM") != "dumb"


def size(file: TextIO | None = None) -> Size:
    """Return the columns and rows of the terminal of stdout."""
    file = file or sys.stdout
    try:
        found = os.get_terminal_size(file.fileno())
    except (OSError, ValueError):
        return _USUAL_SIZE
    return found.columns or _USUAL_SIZE[0], found.lines or _USUAL_SIZE[1]


class Screen:
    """Draws on the whole screen, and waits for keys."""

    def __init__(self, key: Callable[[float], str]) -> None:
        self._key = key
        self._size = size()
        self._is_coloured = colour.is_wanted(sys.stdout, os.environ)

    def draw(self, lines: list[str]) -> None:
        """Show these lines from the top; what does not fit below is left out.

        They may be styled (`colour.styled`), and are no wider than the screen.
        """
        paint = colour.coloured if self._is_coloured else colour.without_colour
        encoding = sys.stdout.encoding or "utf-8"
        shown = [paint(one_line(line)) + _REST_OF_LINE for line in lines[: self._size[1]]]
        text = _HOME + "\r\n".join(shown) + _REST
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()

    def wait(self, seconds: float) -> str:
        """Return the key that is pressed; "" after so many seconds, and after a resize."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if key := self._key(min(left, _SLICE_SECONDS)):
                return key
            if (now := size()) != self._size:
                self._size = now
                return ""
        return ""


@contextmanager
def full_screen() -> Iterator[Screen]:
    """Have the terminal for a block; it is as before afterwards, whatever happens in the block."""
    before = signal.signal(signal.SIGTERM, _end)
    try:
        with _keys() as key:
            try:
                sys.stdout.write(_ENTER)
                yield Screen(key)
            finally:
                sys.stdout.write(_LEAVE)
                sys.stdout.flush()
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def _keys() -> Iterator[Callable[[float], str]]:
        def key(seconds: float) -> str:
            if not msvcrt.kbhit():
                time.sleep(seconds)
            return msvcrt.getwch() if msvcrt.kbhit() else ""

        yield key

else:
    import select
    import termios
    import tty

    @contextmanager
    def _keys() -> Iterator[Callable[[float], str]]:
        """Yield what waits for a key; Ctrl-C stays the signal that it is."""
        file = sys.stdin.fileno()
        before = termios.tcgetattr(file)

        def key(seconds: float) -> str:
            ready, _, _ = select.select([file], [], [], seconds)
            pressed = os.read(file, _KEYS_AT_ONCE) if ready else b""
            if ready and not pressed:  # the terminal has gone
                time.sleep(seconds)
            return pressed.decode(errors="replace")

        tty.setcbreak(file)
        try:
            yield key
        finally:
            termios.tcsetattr(file, termios.TCSADRAIN, before)
