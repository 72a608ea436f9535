"""What was said before a call, and whether it makes the call an example.

An example is announced ("for example", "you could run", "it would look like"), quoted, or followed
by a question; a call is announced by an intention ("let me", "I'll"), or by nothing.
"""

# ruff: noqa: RUF001 - fullwidth quotes and stops are what models write

import re

from cc_proxy.app.translate.rescue.phrases import (
    ABOUT,
    ABOUT_BARE,
    COLON,
    DOUBT,
    EXAMPLE,
    INTENT,
    STEP,
)

_KEPT = 600
_TICKS = re.compile(r"`+")
_QUOTES = frozenset("\"'`(“‘«「『")
_BULLET = re.compile(r"\s*(?:[-*+•]|\d+[.)]|>.*|\|.*|#+)\s*\Z", re.DOTALL)
_QUOTED_LINE = re.compile(r"\s*[>|]")
_SENTENCE_END = re.compile(r"(?:[.!?:…。！？：)*_~]|</tool_call>|[|｜]>)\s*\Z")
_BREAK = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_PARAGRAPH = re.compile(r"\n[ \t\r]*\n")


class Said:
    """The answer's text so far, as far as it decides what a call in it means."""

    __slots__ = ("_line", "_new", "_tail", "_ticks", "add", "blank", "examples")

    def __init__(self) -> None:
        self._new: list[str] = []
        # Called for every chunk of prose, so there is nothing around it.
        self.add = self._new.append
        self._tail = ""
        # The start of the line, and the length of the run of backticks that is open in it.
        self._line = ""
        self._ticks = 0
        self.blank = True
        self.examples = False

    def paragraph(self) -> None:
        """Say that a block ended here: what stood before does not announce what follows."""
        self.settle()
        self._tail = self._line = ""
        self._ticks = 0
        self.blank = False

    def settle(self) -> None:
        """Work through what was added, each character once."""
        text = "".join(self._new)
        self._new.clear()
        if not text:
            return
        if self.blank:
            self.blank = text.isspace()
        self._tail = (self._tail + text)[-_KEPT:]
        cut = text.rfind("\n") + 1
        if cut:
            self._line, self._ticks = "", 0
        # The start of a line tells a list from prose; of its end, `_tail` knows enough.
        self._line = (self._line + text[cut : cut + _KEPT])[:_KEPT]
        for run in _TICKS.finditer(text, cut):
            size = run.end() - run.start()
            self._ticks = size if not self._ticks else 0 if size == self._ticks else self._ticks

    def quotes(self, *, line_start: bool) -> bool:
        """Whether what stands here is quoted: code, a list, a table, the middle of a sentence."""
        self.settle()
        if line_start:
            return False
        if not self._line.strip():
            # Indented so far that Markdown takes it for code.
            return True
        if self._ticks or self._tail[-1] in _QUOTES:
            return True
        if _QUOTED_LINE.match(self._line) or _BULLET.fullmatch(self._line):
            return True
        return not _SENTENCE_END.search(self._tail) and not self.intends()

    def exemplifies(self, *, weak: bool) -> bool:
        """Whether what was said last presents what follows as an example."""
        self.settle()
        paragraph, sentence = self._last()
        if EXAMPLE.search(sentence):
            return True
        if INTENT.search(sentence):
            return False
        if COLON.search(sentence) and not STEP.search(sentence):
            return True
        about = ABOUT.search(sentence) or (weak and ABOUT_BARE.search(sentence))
        return bool(about or EXAMPLE.search(paragraph))

    def intends(self) -> bool:
        """Whether what was said last announces that something will be done now."""
        self.settle()
        sentence = self._last()[1]
        meant = INTENT.search(sentence) or STEP.search(sentence)
        return bool(meant) and not EXAMPLE.search(sentence)

    def _last(self) -> tuple[str, str]:
        """Return the last paragraph and its last sentence."""
        text = self._tail.rstrip().replace("’", "'")
        paragraph = _PARAGRAPH.split(text)[-1]
        sentences = [part for part in _BREAK.split(paragraph) if part.strip()]
        return paragraph, sentences[-1] if sentences else ""


def doubts(following: str) -> bool:
    """Whether what is said after a call takes it back: a question, or talk about it."""
    return bool(DOUBT.search(following.replace("’", "'")))
