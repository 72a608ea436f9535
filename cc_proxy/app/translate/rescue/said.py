"""What was said before a call, and whether it makes the call an example.

An example is announced ("for example", "you could run", "it would look like"), quoted, or followed
by a question; a call is announced by an intention ("let me", "I'll"), or by nothing.
"""

# ruff: noqa: RUF001 - fullwidth quotes and stops are what models write

import re

from cc_proxy.app.translate.rescue.phrases import (
    ABOUT,
    ABOUT_BARE,
    ASKS,
    COLON,
    DOUBT,
    ENGLISH,
    EXAMPLE,
    HEADING,
    INTENT,
    POINTS,
    STEP,
    WONDERS,
)

_KEPT = 600
# "Perfect." says nothing of what follows.
_SHORT = 20
_TICKS = re.compile(r"`+")
_QUOTES = frozenset("\"'`(“‘«「『")
_BULLET = re.compile(r"\s*(?:[-*+•]|\d+[.)]|>.*|\|.*|#+)\s*\Z", re.DOTALL)
_QUOTED_LINE = re.compile(r"\s*[>|]")
_SENTENCE_END = re.compile(r"(?:[.!?:…。！？：)*_~]|</tool_call>|[|｜]>)\s*\Z")
# A line of prose that goes on with what follows: "the tokenizer turns it into".
_OPEN_LINE = re.compile(r"(?:\A|\n)(?![ \t]*(?:[-*+•>|#]|\d+[.)]))[^\n]*[\w,]\Z")
# Who speaks, in a conversation that is written down.
_SPEAKER = re.compile(
    r"^[^\w\n]*(?:(?P<person>user|human)|assistant|ai|bot|model)\W*:"
    r"|<\|im_start\|>(?:(?P<turn>user)|assistant)",
    re.IGNORECASE | re.MULTILINE,
)
_BREAK = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_PARAGRAPH = re.compile(r"\n[ \t\r]*\n")


class Said:
    """The answer's text so far, as far as it decides what a call in it means."""

    __slots__ = ("_asked", "_line", "_new", "_tail", "_ticks", "add", "blank", "examples", "staged")

    def __init__(self) -> None:
        self._new: list[str] = []
        # Called for every chunk of prose, so there is nothing around it.
        self.add = self._new.append
        self._tail = ""
        # The start of the line, and the length of the run of backticks that is open in it.
        self._line = ""
        self._ticks = 0
        self._asked = False
        self.blank = True
        self.examples = False
        # Whether a conversation is told, or made up: what is called in it is no call of today.
        self.staged = False

    def paragraph(self) -> None:
        """Say that a block ended here: what stood before does not announce what follows."""
        self._new.clear()
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
        for speaker in () if self.staged else _SPEAKER.finditer(self._line + text):
            person = bool(speaker["person"] or speaker["turn"])
            self.staged = self.staged or (self._asked and not person)
            self._asked = self._asked or person
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
            return bool(_OPEN_LINE.search(self._tail.rstrip())) and not self.intends()
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
        if EXAMPLE.search(sentence) or (ASKS.search(sentence) and not WONDERS.search(sentence)):
            return True
        if INTENT.search(sentence):
            return False
        # In a language whose words for an example are not known, nothing else tells one.
        foreign = bool(sentence) and not ENGLISH.search(sentence)
        # A call that nothing marks must be announced.
        bare = weak and len(sentence) > _SHORT and not INTENT.search(paragraph)
        led_to = COLON.search(sentence) or HEADING.search(sentence)
        if (led_to or foreign or bare) and not STEP.search(sentence):
            return True
        patterns = (ABOUT, POINTS, ABOUT_BARE) if weak else (ABOUT, POINTS)
        about = any(pattern.search(sentence) for pattern in patterns)
        return about or bool(EXAMPLE.search(paragraph))

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


def announces(text: str) -> bool:
    """Whether an answer ends with the word that something is done now."""
    said = Said()
    said.add(text)
    return said.intends() and not said.exemplifies(weak=True)
