"""Thinking that leaks into the text, between `<think>` tags.

A template that Ollama does not know to think leaves the tags in the text. They count where no
person would write them: `<think>` at the very front of an answer, and `</think>` alone on its
line in an answer that has shown no thinking yet. Anywhere else they are words about tags.
"""

from enum import Enum, auto

from cc_proxy.app.translate.answer.quiet import Wakers

_OPEN, _CLOSE = "<think>", "</think>"


class _Place(Enum):
    FRONT = auto()
    THINKING = auto()
    AFTER = auto()
    TEXT = auto()
    PLAIN = auto()


class ThinkTags:
    """Parts one answer's text into thinking and text, while it streams."""

    def __init__(self) -> None:
        self._place = _Place.FRONT
        self._held = ""
        # Whether the line that is open has nothing in it but spaces.
        self._is_blank = True

    def feed(self, text: str) -> tuple[str, str]:
        """Return what is certain by now: thinking, and the text that follows it."""
        if self._place is _Place.PLAIN:
            return "", text
        text, self._held = self._held + text, ""
        if self._place is _Place.FRONT:
            return self._front(text)
        if self._place is _Place.THINKING:
            return self._thinking(text)
        if self._place is _Place.AFTER:
            return "", self._after(text)
        return "", self._text(text)

    @property
    def wakers(self) -> Wakers:
        """What needs a look in the text that comes next; the rest can go by, noted afterwards."""
        if self._place is _Place.PLAIN:
            return ""
        return "<" if self._place is _Place.TEXT and not self._held else None

    def note(self, text: str) -> None:
        """Note text that has gone by."""
        *lines, last = text.rsplit("\n", 1)
        self._is_blank = not last.strip() and (bool(lines) or self._is_blank)

    @property
    def is_told_apart(self) -> bool:
        """Whether no tags are looked for any more, and nothing is held back."""
        return self._place is _Place.PLAIN

    def told_apart(self) -> tuple[str, str]:
        """Return what was held back: Ollama tells thinking from text by itself."""
        parts = self.finish()
        self._place = _Place.PLAIN
        return parts

    def finish(self) -> tuple[str, str]:
        """Return what was held back at the end of the answer."""
        held, self._held = self._held, ""
        return (held, "") if self._place is _Place.THINKING else ("", held)

    def _front(self, text: str) -> tuple[str, str]:
        start = text.lstrip()
        if start.startswith(_OPEN):
            self._place = _Place.THINKING
            return self._thinking(start[len(_OPEN) :])
        if _OPEN.startswith(start):
            self._held = text
            return "", ""
        self._place = _Place.TEXT
        return "", self._text(text)

    def _thinking(self, text: str) -> tuple[str, str]:
        thinking, close, rest = text.partition(_CLOSE)
        if close:
            self._place = _Place.AFTER
            return thinking, self._after(rest)
        keep = _overlap(text, _CLOSE)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep], ""

    def _after(self, text: str) -> str:
        """Leave out the empty lines between thinking and text."""
        text = text.lstrip("\n")
        if text:
            self._place = _Place.PLAIN
        return text

    def _text(self, text: str) -> str:
        """Take out a closing tag that has a line to itself: its opener was in the prompt."""
        lines = text.split("\n")
        first = self._is_blank
        for number, line in enumerate(lines[:-1]):
            if line.strip() == _CLOSE and (number or first):
                self._place = _Place.PLAIN
                return "\n".join([*lines[:number], "", *lines[number + 1 :]])
        last = lines[-1]
        starts = len(lines) > 1 or first
        if starts and last.strip() and _CLOSE.startswith(last.strip()):
            self._held = last
            self._is_blank = True
            return text[: len(text) - len(last)]
        self.note(text)
        return text


def _overlap(text: str, tag: str) -> int:
    """Return how much of the end of `text` may be the beginning of `tag`."""
    return next((n for n in range(len(tag) - 1, 0, -1) if text.endswith(tag[:n])), 0)
