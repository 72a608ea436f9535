"""The answer as far as it is known, read by generators which pause where more is needed.

Recognisers are written as plain top-down readers; each `yield` waits for more text, or lets others
run after much work. What was read is not read again, so the work is linear in the answer.
"""

import re
from collections.abc import Generator, Iterator
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
# So many looks at the text, a microsecond or two each, are made without a pause.
_MOST_LOOKS = 150
# So many characters that are decoded or searched as a whole are the work of one look.
_CHARS_PER_LOOK = 100
_PART = 8_192


def finished(work: Steps[T]) -> T:
    """Return the result of work without its pauses."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


def parts_of(text: str) -> Iterator[str]:
    """Yield a text in parts of whole lines, each the work of a moment."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + _PART) + 1 or len(text)
        yield text[start:end]
        start = end


class SourceText:
    """Text that grows at its end until `ended`; its front is dropped once it is dealt with.

    `is_paused`: its reader has paused after much work, and can go on without more text.
    """

    __slots__ = ("_looks", "_pending", "_size", "ended", "is_paused", "text")

    def __init__(self) -> None:
        self.text = ""
        self.ended = False
        self.is_paused = False
        self._looks = 0
        self._pending: list[str] = []
        self._size = 0

    def add(self, text: str) -> bool:
        """Append; whether `text` grew (long ones grow in steps)."""
        self._pending.append(text)
        self._size += len(text)
        if len(self.text) > _SMALL and self._size * _SHARE < len(self.text):
            return False
        self.join()
        return True

    def end(self) -> None:
        """Say that nothing follows; from here on no reader pauses."""
        self.join()
        self.ended = True

    def drop(self, count: int) -> None:
        """Forget the first `count` characters."""
        self.text = self.text[count:]

    def join(self) -> None:
        """Let `text` have all that was added."""
        self._looks = 0
        if self._pending:
            self.text += "".join(self._pending)
            self._pending.clear()
            self._size = 0

    def spend(self, chars: int, chars_per_look: int = _CHARS_PER_LOOK) -> None:
        """Count work with so many characters, so that the next pause comes earlier."""
        self._looks += chars // chars_per_look

    def look(self) -> Steps[None]:
        """Count one look; pause if there were many since the last pause."""
        self._looks += 1
        if self._looks > _MOST_LOOKS:
            yield from self._pause()

    def _pause(self) -> Steps[None]:
        self._looks = 0
        self.is_paused = True
        try:
            yield
        finally:
            self.is_paused = False

    def char(self, pos: int) -> Steps[str]:
        """Return the character at `pos`, or "" at the end of the answer."""
        self._looks += 1
        if self._looks > _MOST_LOOKS:
            yield from self._pause()
        while pos >= len(self.text):
            if self.ended:
                return ""
            yield
        return self.text[pos]

    def skip(self, pos: int, run: re.Pattern[str] = SPACE) -> Steps[int]:
        """Return where the run of characters (`[…]*`) that starts at `pos` ends."""
        self._looks += 1
        if self._looks > _MOST_LOOKS:
            yield from self._pause()
        while True:
            found = run.match(self.text, pos)
            pos = found.end() if found else pos
            if pos < len(self.text) or self.ended:
                return pos
            yield

    def find(self, needle: str, pos: int) -> Steps[int]:
        """Return where `needle` next stands, -1 when the answer ends without it."""
        self._looks += 1
        if self._looks > _MOST_LOOKS:
            yield from self._pause()
        while True:
            at = self.text.find(needle, pos)
            if at >= 0 or self.ended:
                return at
            pos = max(pos, len(self.text) - len(needle) + 1)
            yield

    def starts(self, pos: int, options: tuple[str, ...]) -> Steps[str]:
        """Return the longest of `options` that is at `pos`, "" if none is."""
        self._looks += 2
        if self._looks > _MOST_LOOKS:
            yield from self._pause()
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
        self._looks += 1
        if self._looks > _MOST_LOOKS:
            yield from self._pause()
        while True:
            found = tags.search(self.text, pos)
            if found or self.ended:
                return found
            # A tag that is not there as a whole begins within so much of the end.
            size = len(self.text)
            first = self.text.find("<", max(pos, size - _TAG))
            pos = first if first >= 0 else max(pos, size)
            yield
