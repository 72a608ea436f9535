"""The answer as far as it is known, read by generators which pause where more is needed.

Recognisers are written as plain top-down readers; each `yield` waits for more text. What was read
is not read again, so the work is linear in the answer.
"""

import re
from collections.abc import Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Steps: TypeAlias = Generator[None, None, T]

SPACE = re.compile(r"\s*")
BLANKS = re.compile(r"[ \t]*")

# Below this many characters every chunk is joined at once; above it, once they add a sixteenth:
# joining at every chunk would copy a long answer once per token.
_SMALL = 4096
_SHARE = 16
# The longest tag that is looked for, with a long name in it.
_TAG = 440


class Source:
    """Text that grows at its end until `ended`; its front is dropped once it is dealt with."""

    __slots__ = ("_pending", "_size", "ended", "text")

    def __init__(self) -> None:
        self.text = ""
        self.ended = False
        self._pending: list[str] = []
        self._size = 0

    def add(self, text: str) -> bool:
        """Append; whether `text` grew (long ones grow in steps)."""
        self._pending.append(text)
        self._size += len(text)
        if len(self.text) > _SMALL and self._size * _SHARE < len(self.text):
            return False
        self._join()
        return True

    def end(self) -> None:
        """Say that nothing follows; from here on no reader pauses."""
        self._join()
        self.ended = True

    def drop(self, count: int) -> None:
        """Forget the first `count` characters."""
        self.text = self.text[count:]

    def _join(self) -> None:
        if self._pending:
            self.text += "".join(self._pending)
            self._pending.clear()
            self._size = 0

    def char(self, pos: int) -> Steps[str]:
        """Return the character at `pos`, or "" at the end of the answer."""
        while pos >= len(self.text):
            if self.ended:
                return ""
            yield
        return self.text[pos]

    def skip(self, pos: int, run: re.Pattern[str] = SPACE) -> Steps[int]:
        """Return where the run of characters (`[…]*`) that starts at `pos` ends."""
        while True:
            found = run.match(self.text, pos)
            pos = found.end() if found else pos
            if pos < len(self.text) or self.ended:
                return pos
            yield

    def find(self, needle: str, pos: int) -> Steps[int]:
        """Return where `needle` next stands, -1 when the answer ends without it."""
        while True:
            at = self.text.find(needle, pos)
            if at >= 0 or self.ended:
                return at
            pos = max(pos, len(self.text) - len(needle) + 1)
            yield

    def starts(self, pos: int, options: tuple[str, ...]) -> Steps[str]:
        """Return the longest of `options` that stands at `pos`, "" when none does."""
        while True:
            text = self.text
            rest = len(text) - pos
            best = ""
            open_ = False
            for option in options:
                if rest < len(option):
                    open_ = open_ or option.startswith(text[pos:])
                elif len(option) > len(best) and text.startswith(option, pos):
                    best = option
            if not open_ or self.ended:
                return best
            yield

    def tag(self, tags: re.Pattern[str], pos: int) -> Steps[re.Match[str] | None]:
        """Return the next match of a pattern of `<…>` tags, None when the answer ends first."""
        while True:
            found = tags.search(self.text, pos)
            if found or self.ended:
                return found
            # A tag that is not there as a whole begins within so much of the end.
            size = len(self.text)
            first = self.text.find("<", max(pos, size - _TAG))
            pos = first if first >= 0 else max(pos, size)
            yield
