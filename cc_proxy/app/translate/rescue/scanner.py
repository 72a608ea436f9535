"""The filter itself: what is certainly text goes on, what may become a call is held back."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from cc_proxy.app.translate.answer.quiet import Wakers, finder
from cc_proxy.app.translate.rescue.decision.preceding_text import PrecedingText
from cc_proxy.app.translate.rescue.decision.provenance import NOTHING_READ, ReadText
from cc_proxy.app.translate.rescue.decision.stakes import Stakes, stakes_of
from cc_proxy.app.translate.rescue.decision.verdict import Candidate, is_meant, survives
from cc_proxy.app.translate.rescue.declared import DeclaredTools
from cc_proxy.app.translate.rescue.formats.json_calls import Context
from cc_proxy.app.translate.rescue.formats.marks import mark_at
from cc_proxy.app.translate.rescue.formats.openers import Openers
from cc_proxy.app.translate.rescue.formats.source import BLANKS, SPACE, SourceText, Steps
from cc_proxy.app.translate.rescue.groups import Group, complete
from cc_proxy.app.translate.rescue.pieces import Piece, Pieces, joined

# Within a line only these can begin a call; a new line, or one of the rest.
_TRIGGERS = "\n<[]"
_TICKS = {"`": re.compile(r"`*"), "~": re.compile(r"~*")}
_CODE_INDENT = 4
_FENCE_RUN = 3
# Far above any file that a model writes in one call.
_MOST_HELD = 4_000_000
# Forgetting the text that has passed copies the text after it.
_FORGET = 8_192
# So much is searched at once for what may begin a call; where each tag may, it is slow.
_SEARCHED = 1_024
_CHARS_PER_LOOK = 4
# How much is read of what follows a call, to see whether it takes the call back.
_AFTERWORD = 400
_AFTERWORD_OF_RUNS = 2_000
# An answer with so many calls that are quoted is a text about calls, and all of it is text.
_MOST_REFUSED = 48


class Rescue:
    """Turns the calls in one answer's text into calls, while it streams.

    `tools` are the declared ones: name -> JSON schema of the arguments. Without any, all is text.
    `read` is what the model has read before, `formats` are those of its own calls. `invented`:
    after a call it went on in the name of the tool or of the person; that is nobody's answer, and
    left out.
    """

    def __init__(
        self,
        tools: Mapping[str, Mapping[str, Any]],
        read: ReadText = NOTHING_READ,
        formats: frozenset[str] = frozenset(),
    ) -> None:
        self._src = SourceText()
        self._context = Context(self._src, DeclaredTools(tools))
        self._openers = Openers(self._context)
        self._event = self._openers.pattern() if tools else None
        self._before = PrecedingText()
        self._read = read
        self._formats = formats
        self._out = Pieces()
        # Up to here the text of the source has passed.
        self._at = 0
        self._cut = False
        self._refused = 0
        self.invented = False
        # What needs a look in the text that comes next; nothing is held while that is known. The
        # rest can pass, noted afterwards.
        self.wakers: Wakers = None if tools else ""
        self._steps: Steps[None] | None = self._scan() if tools else None

    def feed(self, text: str) -> list[Piece]:
        """Take a piece of the answer; return what is decided by now, in order."""
        if self._steps is None:
            return [text] if text and not self.invented else []
        if self.wakers is not None and not self._out and finder(self.wakers)(text) is None:
            self.note(text)
            return [text]
        if self._src.add(text):
            self._advance()
        return self._out.take()

    @property
    def is_behind(self) -> bool:
        """Return whether more is decided without more text: `go_on` returns it."""
        return bool(self._out) or self._src.is_paused

    def go_on(self) -> list[Piece]:
        """Work on for a moment; return what is decided by now."""
        if self._src.is_paused:
            self._advance()
        return self._out.take()

    def note(self, text: str) -> None:
        """Note text that has passed."""
        if self._steps is not None:
            self._before.add(text)

    def finish(self, *, cut: bool = False) -> list[Piece]:
        """End the answer; return what was still held back.

        `cut`: it ended because it became too long, so a call without its end is none.
        """
        return joined(piece for part in self.finish_in_parts(cut=cut) for piece in part)

    def finish_in_parts(self, *, cut: bool = False) -> Iterator[list[Piece]]:
        """Do the same, and yield parts that take a moment each."""
        self._cut = cut
        self._src.end()
        self._advance()
        yield self._out.take()
        while self.is_behind:
            yield self.go_on()

    def _advance(self) -> None:
        if self._steps is None:
            return
        try:
            next(self._steps)
        except StopIteration:
            self._steps = None
            self.wakers = ""
            self._src.join()
            self._pass_on(len(self._src.text))
            return
        if len(self._src.text) - self._at > _MOST_HELD:
            self._steps.close()
            self.wakers = None
            self._pass_on(len(self._src.text))
            self._steps = self._scan()

    def _pass_on(self, end: int) -> None:
        """Let the text up to `end` pass."""
        if end > self._at:
            text = self._src.text[self._at : end]
            self._at = end
            if not self.invented:
                self._before.add(text)
                self._out.add(text)

    def _forget(self) -> None:
        """Free the memory of the text that has passed; places in the text change with that."""
        size = len(self._src.text)
        if self._at == size or (self._at >= _FORGET and self._at * 2 >= size):
            self._src.drop(self._at)
            self._at = 0

    def _scan(self) -> Steps[None]:
        line_start = True
        while not self._src.ended or self._at < len(self._src.text):
            if self._refused > _MOST_REFUSED:
                return
            self._forget()
            if line_start:
                line_start = yield from self._line()
            else:
                line_start = yield from self._prose()

    def _prose(self) -> Steps[bool]:
        """Pass on text up to where a call may begin; whether that is the start of a line."""
        src = self._src
        if self._event is None:
            return False
        # Never up to the middle of blanks: where they begin decides what they are.
        blanks = SPACE.match(src.text, self._at + _SEARCHED)
        end = blanks.end() if blanks else len(src.text)
        found = self._event.search(src.text, self._at, end)
        src.spend((found.start() if found else end) - self._at, _CHARS_PER_LOOK)
        yield from src.look()
        if found is None:
            self._pass_on(end)
            if not src.ended and self._at == len(src.text):
                # Text that passes from here on never comes to the source: nothing may precede it.
                self._forget()
                self.wakers = _TRIGGERS
                yield
                self.wakers = None
            return False
        if found["line"] is not None:
            self._pass_on(found.start("line"))
            return True
        self._pass_on(found.start())
        return (yield from self._candidate(self._at, line_start=False))

    def _line(self) -> Steps[bool]:
        """Deal with the start of a line, and blank lines before it."""
        src = self._src
        at = yield from src.skip(self._at)
        char = yield from src.char(at)
        start = max(src.text.rfind("\n", self._at, at) + 1, self._at)
        if not char or at - start >= _CODE_INDENT or "\t" in src.text[start:at]:
            self._pass_on(at)
            return False
        return (yield from self._candidate(at, line_start=True))

    def _candidate(self, at: int, *, line_start: bool) -> Steps[bool]:
        """Decide the text at `at`, spaces before it; whether a line begins after it."""
        found = yield from self._openers.recognise(at, line_start=line_start)
        if found is None:
            if line_start and (yield from self._fence(at)):
                return True
            self._pass_on(at + 1)
            return False
        if not found.calls:
            self._pass_on(max(found.end, at + 1))
            return False
        group = deque([(at if line_start else self._at, found)])
        end = yield from complete(group, self._src, self._openers)
        if (yield from self._accepted(at, group, end, line_start=line_start)):
            self._at = end
            yield from self._emit(group, end)
            return True
        self._before.settle()
        self._before.examples = True
        self._refused += 1
        self._pass_on(group[-1][1].end)
        return False

    def _accepted(self, at: int, group: Group, end: int, *, line_start: bool) -> Steps[bool]:
        """Return whether the calls are real: not quoted, no example, not retracted afterwards."""
        src = self._src
        calls_end = group[-1][1].end
        closing = src.text[calls_end:end]
        stakes, unknown, own, weak, whole = Stakes.READS, False, True, False, True
        for _, found in group:
            for call in found.calls:
                stakes = max(stakes, stakes_of(call))
                unknown = unknown or call.unknown
                own = own and call.form in self._formats
                src.spend(len(call.arguments))
                yield from src.look()
            weak = weak or found.weak
            whole = whole and not found.open
        candidate = Candidate(
            stakes=stakes,
            # The closing tag of a family marks a call whose opener was lost.
            bare=weak and not closing.strip(),
            line_start=line_start,
            gap=src.text[self._at : at],
            certain=unknown,
            own=own,
        )
        yield from self._before.settle_in_steps(src)
        if not is_meant(candidate, self._before):
            return False
        if (yield from self._read.holds(src.text[at:calls_end], src)):
            return False
        if not (yield from src.char(end)):
            return whole if self._cut or candidate.certain else True
        if (yield from self._is_turn(end)):
            self.invented = True
            return True
        spaced = "\n" in closing or closing.rstrip().endswith(">") or src.text[end - 1] in ">\n"
        following = yield from self._afterword(end, candidate.stakes)
        return spaced and survives(candidate, following)

    def _is_turn(self, pos: int) -> Steps[bool]:
        """Return whether the model goes on in the name of the tool or of the person."""
        if (yield from self._src.char(pos)) != "<":
            return False
        mark = yield from mark_at(self._src, pos)
        return mark is not None and mark.is_turn

    def _afterword(self, pos: int, stakes: Stakes) -> Steps[str]:
        """Return the text at `pos`, as far as it may take the call back."""
        src = self._src
        most = _AFTERWORD_OF_RUNS if stakes is Stakes.RUNS else _AFTERWORD
        while True:
            text = src.text[pos : pos + most]
            stops = [at for mark in ("<", "[") if (at := text.find(mark)) >= 0]
            if stakes is Stakes.READS and (at := text.find("\n\n")) >= 0:
                stops.append(at)
            if stops:
                return text[: min(stops)]
            if len(text) >= most or src.ended:
                return text
            yield

    def _emit(self, group: Group, end: int) -> Steps[None]:
        """Give out the calls; what has the form of a call and is none stays text."""
        while group:
            start, found = group.popleft()
            if not found.calls:
                stop, after = group[0] if group else (end, None)
                ends = after.calls if after else end >= len(self._src.text)
                text = self._src.text[start:stop]
                self._out.add(text.rstrip() if ends else text)
            for call in found.calls:
                self._out.add(call)
                yield from self._src.look()
        self._before.end_block()

    def _fence(self, at: int) -> Steps[bool]:
        """Pass on a fence and all that is in it; False when none begins here."""
        src = self._src
        char = src.text[at]
        if char not in _TICKS:
            return False
        end = yield from src.skip(at, _TICKS[char])
        size = end - at
        if size < _FENCE_RUN:
            return False
        self._pass_on(end)
        while not (src.ended and self._at >= len(src.text)):
            if (yield from self._to_next_line(char)) and (yield from self._fence_ends(char, size)):
                break
        self._before.end_block()
        return True

    def _to_next_line(self, char: str) -> Steps[bool]:
        """Pass on up to a line that may close the fence."""
        src = self._src
        self._forget()
        end = self._at + _SEARCHED
        found = _FENCE_LINE[char].search(src.text, self._at, end)
        yield from src.look()
        self._pass_on(found.end() if found else min(end, len(src.text)))
        if found is None and not src.ended and self._at == len(src.text):
            self._forget()
            self.wakers = "\n"
            yield
            self.wakers = None
        return found is not None

    def _fence_ends(self, char: str, size: int) -> Steps[bool]:
        """Return whether this line closes the fence; passes it on when it does."""
        src = self._src
        start = yield from src.skip(self._at, BLANKS)
        end = yield from src.skip(start, _TICKS[char])
        if end - start < size or start - self._at >= _CODE_INDENT:
            return False
        line = yield from src.skip(end, BLANKS)
        if (yield from src.char(line)) not in {"", "\n", "\r"}:
            return False
        self._pass_on(line)
        return True


# A line break before a fence, or one that the text ends with.
_FENCE_LINE = {char: re.compile(rf"\n(?=[ \t]*(?:{char}|\Z))") for char in _TICKS}
