"""Thinking that leaks into the text, between the marks of a template that Ollama did not know.

They count where no person would write them: at the very front of an answer, and right after one
another. One that only closes (its opener was in the prompt) is taken out, once, where a sentence or
nothing is before it and no code is open. Anywhere else they are words about marks.
"""

import re
from enum import Enum, auto

from cc_proxy.app.translate.answer.quiet import Wakers
from cc_proxy.app.translate.rescue.formats.prefixes import pattern_of

# What opens thinking -> what closes it.
_THINKING = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "[THINK]": "[/THINK]",
    "<seed:think>": "</seed:think>",
    "<mm:think>": "</mm:think>",
    "<longcat_think>": "</longcat_think>",
    "<think:opensource>": "</think:opensource>",
    "<think_fast>": "</think_fast>",
    "<think_faster>": "</think_faster>",
    "<ifm|think>": "</ifm|think>",
    "<ifm|think_fast>": "</ifm|think_fast>",
    "<|channel>thought": "<channel|>",
    "<|channel|>analysis<|message|>": "<|end|>",
    "<|start|>assistant<|channel|>analysis<|message|>": "<|end|>",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|think|>": "<|end|>",
    "<|open|>think<|sep|>": "<|close|>think<|sep|>",
    "<|content_thinking|>": "<|end_message|>",
    "<|message_model|><|content_thinking|>": "<|end_message|>",
}
# What opens text -> what closes it.
_TEXT = {
    "<|channel|>commentary<|message|>": "<|end|>",
    "<|channel|>final<|message|>": "<|end|>",
    "<|start|>assistant<|channel|>commentary<|message|>": "<|end|>",
    "<|start|>assistant<|channel|>final<|message|>": "<|end|>",
    "<|START_RESPONSE|>": "<|END_RESPONSE|>",
    "<|begin_of_solution|>": "<|end_of_solution|>",
    "<|open|>response<|sep|>": "<|close|>response<|sep|>",
    "<|content|>": "<|end|>",
    "<|begin|>assistant<|content|>": "<|end|>",
    "<|message_model|><|content_text|>": "<|end_message|>",
    "<|start_header_id|>assistant<|end_header_id|>": "<|eot_id|>",
}
_OPENERS = {**_THINKING, **_TEXT}
# What closes thinking that was opened in the prompt, and nothing else.
_ORPHANS = frozenset(close for close in _THINKING.values() if "think" in close.lower())
# One of them, or the beginning of one at the end of the text.
_ORPHAN = re.compile(
    "|".join(
        re.escape(first) + pattern_of(sorted(mark[1:] for mark in _ORPHANS if mark[0] == first))
        for first in "<["
    )
)
# After it, a mark alone on its line or at the end of a sentence is nobody's word.
_SENTENCE_END = re.compile(r"[.!?…。！？)>*_]\Z")  # noqa: RUF001 - what models write
_FENCE = re.compile(r"^[ \t]{0,3}(?:```|~~~)", re.MULTILINE)


_LINE = 400


class _Place(Enum):
    FRONT = auto()
    THINKING = auto()
    MARKED_TEXT = auto()
    TEXT = auto()
    PLAIN = auto()


class ThinkTags:
    """Parts one answer's text into thinking and text, while it streams."""

    def __init__(self) -> None:
        self._place = _Place.FRONT
        self._held = ""
        self._close = ""
        self._parted = False
        # The line that is open, as far as it was given out, and whether a fence is.
        self._line = ""
        self._fenced = False

    def feed(self, text: str) -> tuple[str, str]:
        """Return what is certain by now: thinking, and the text that follows it."""
        if self._place is _Place.PLAIN:
            return "", text
        text, self._held = self._held + text, ""
        thinking: list[str] = []
        shown: list[str] = []
        while text:
            place = self._place
            if place is _Place.FRONT:
                text = self._front(text)
            elif place in (_Place.THINKING, _Place.MARKED_TEXT):
                out = thinking if place is _Place.THINKING else shown
                inner, text = self._within(text)
                out.append(inner)
            elif place is _Place.TEXT:
                inner, text = self._orphan(text)
                shown.append(inner)
            else:
                shown.append(text)
                break
            if self._held:
                break
        return "".join(thinking), "".join(shown)

    @property
    def wakers(self) -> Wakers:
        """The characters that need processing in the next text; the rest may pass, noted later."""
        if self._place is _Place.PLAIN:
            return ""
        return "<[" if self._place is _Place.TEXT and not self._held else None

    def note(self, text: str) -> None:
        """Note text that has passed."""
        lines, newline, last = text.rpartition("\n")
        if newline:
            # A fence counts once its line is there as a whole.
            fences = len(_FENCE.findall(self._line + lines + newline))
            self._fenced = self._fenced != bool(fences % 2)
            self._line = ""
        self._line = (self._line + last)[:_LINE]

    @property
    def is_told_apart(self) -> bool:
        """Return whether no marks are looked for any more, and nothing is held back."""
        return self._place is _Place.PLAIN

    def told_apart(self) -> tuple[str, str]:
        """Return what was held back: Ollama tells thinking from text by itself."""
        parts = self.finish()
        self._place = _Place.PLAIN
        return parts

    def finish(self) -> tuple[str, str]:
        """Return what was held back at the end of the answer."""
        held, self._held = self._held, ""
        if self._place is _Place.TEXT and held in _ORPHANS:
            return "", ""
        return (held, "") if self._place is _Place.THINKING else ("", held)

    def _front(self, text: str) -> str:
        """Step over a mark at the front, or over the blanks after one."""
        start = text.lstrip("\n") if self._parted else text.lstrip()
        for opener in sorted(_OPENERS, key=len, reverse=True):
            if start.startswith(opener):
                self._close = _OPENERS[opener]
                self._place = _Place.THINKING if opener in _THINKING else _Place.MARKED_TEXT
                return start[len(opener) :]
        if self._parted and self._close in _ORPHANS and start.startswith(self._close):
            return start[len(self._close) :]
        is_open = any(mark.startswith(start) for mark in (*_OPENERS, self._close))
        if is_open and len(text) <= _LINE:  # blanks without end are looked at once
            self._held = start if self._parted else text
            return ""
        self._place = _Place.PLAIN if self._parted else _Place.TEXT
        return start if self._parted else text

    def _within(self, text: str) -> tuple[str, str]:
        """Take the text between two marks; the text after the second one is looked at next."""
        inner, close, rest = text.partition(self._close)
        if close:
            self._place = _Place.FRONT
            self._parted = True
            return inner, rest
        keep = _overlap(text, self._close)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep], ""

    def _orphan(self, text: str) -> tuple[str, str]:
        """Take out a mark that only closes; return what is certain, and what must be looked at."""
        for found in _ORPHAN.finditer(text):
            at, close = found.start(), found.group()
            if close not in _ORPHANS:
                return self._shown(text[:at], close)
            after = text[at + len(close) : at + len(close) + 1]
            before = self._line_after(text[:at])
            if self._is_word(text[:at], before):
                continue
            if before.strip():
                self._place = _Place.PLAIN
                return text[:at], text[at + len(close) :]
            if not after:
                return self._shown(text[:at], text[at:])
            if after in "\n<\r":
                self._place = _Place.PLAIN
                return text[:at], text[at + len(close) :]
        return self._shown(text, "")

    def _shown(self, text: str, held: str) -> tuple[str, str]:
        self.note(text)
        self._held = held
        return text, ""

    def _line_after(self, text: str) -> str:
        _, newline, last = text.rpartition("\n")
        return last if newline else self._line + last

    def _is_word(self, text: str, line: str) -> bool:
        """Return whether a mark after this line is spoken of: in code, in the middle of words."""
        kept = (self._line, self._fenced)
        self.note(text)
        fenced = self._fenced
        self._line, self._fenced = kept
        if fenced or line.count("`") % 2:
            return True
        return bool(line.strip()) and not _SENTENCE_END.search(line)


def _overlap(text: str, tag: str) -> int:
    """Return how much of the end of `text` may be the beginning of `tag`."""
    return next((n for n in range(len(tag) - 1, 0, -1) if text.endswith(tag[:n])), 0)
