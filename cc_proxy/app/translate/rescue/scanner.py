"""The filter itself: what is certainly text goes on, what may become a call is held back."""

import re
from collections.abc import Mapping
from typing import Any

from cc_proxy.app.translate.answer.quiet import Wakers, finder
from cc_proxy.app.translate.rescue.calls import Declared, Found, RescuedCall
from cc_proxy.app.translate.rescue.json_calls import Reading
from cc_proxy.app.translate.rescue.openers import Openers
from cc_proxy.app.translate.rescue.said import Said, doubts
from cc_proxy.app.translate.rescue.source import BLANKS, Source, Steps
from cc_proxy.app.translate.rescue.tokens import LITTER

# Within a line only these can begin a call; a new line, or one of the rest.
_TRIGGERS = "\n<["
_TRIGGER = re.compile(r"[\n<\[]")
_TICKS = {"`": re.compile(r"`*"), "~": re.compile(r"~*")}
_CODE_INDENT = 4
_FENCE_RUN = 3
# Far above any file that a model writes in one call.
_MOST_HELD = 4_000_000
# Longer texts are taken in pieces: letting go of a line copies what is behind it.
_PIECE = 4096
# How much is read of what follows a call, to see whether it takes the call back.
_AFTERWORD = 400

Piece = str | RescuedCall


class Rescue:
    """Turns the calls in one answer's text into calls, while it streams.

    `tools` are the declared ones: name -> JSON schema of the arguments. Without any, all is text.
    """

    def __init__(self, tools: Mapping[str, Mapping[str, Any]]) -> None:
        self._src = Source()
        self._declared = Declared(tools)
        self._openers = Openers(Reading(self._src, self._declared))
        self._said = Said()
        self._out: list[Piece] = []
        self._cut = False
        # What needs a look in the text that comes next; nothing is held while that is known. The
        # rest can go by, noted afterwards.
        self.wakers: Wakers = None if tools else ""
        self._steps: Steps[None] | None = self._scan() if tools else None

    def feed(self, text: str) -> list[Piece]:
        """Take a piece of the answer; return what is decided by now, in order."""
        if self._steps is None:
            return [text] if text else []
        if self.wakers is not None and finder(self.wakers)(text) is None:
            self.note(text)
            return [text]
        for start in range(0, len(text), _PIECE):
            if self._src.add(text[start : start + _PIECE]):
                self._advance()
        return self._taken()

    def note(self, text: str) -> None:
        """Note text that has gone by."""
        if self._steps is not None:
            self._said.add(text)

    def finish(self, *, cut: bool = False) -> list[Piece]:
        """End the answer; return what was still held back.

        `cut`: it ended because it became too long, so a call without its end is none.
        """
        self._cut = cut
        self._src.end()
        if self._steps is not None:
            self._advance()
        self._pass_on(len(self._src.text))
        self._steps = None
        self.wakers = ""
        return self._taken()

    def _advance(self) -> None:
        if self._steps is None:
            return
        try:
            next(self._steps)
        except StopIteration:
            self._steps = None
            self.wakers = ""
            self._pass_on(len(self._src.text))
            return
        if len(self._src.text) > _MOST_HELD:
            self._steps.close()
            self.wakers = None
            self._pass_on(len(self._src.text))
            self._steps = self._scan()

    def _taken(self) -> list[Piece]:
        """Return what came out, neighbouring texts as one."""
        out: list[Piece] = []
        texts: list[str] = []
        for piece in self._out:
            if isinstance(piece, str):
                texts.append(piece)
                continue
            if texts:
                out.append("".join(texts))
                texts = []
            out.append(piece)
        if texts:
            out.append("".join(texts))
        self._out.clear()
        return out

    def _pass_on(self, count: int) -> None:
        """Let the first `count` characters go as text."""
        if count:
            text = self._src.text[:count]
            self._src.drop(count)
            self._said.add(text)
            self._out.append(text)

    def _scan(self) -> Steps[None]:
        line_start = True
        while not self._src.ended or self._src.text:
            if line_start:
                line_start = yield from self._line()
            else:
                line_start = yield from self._prose()

    def _prose(self) -> Steps[bool]:
        """Pass on the rest of a line; whether a new line begins."""
        src = self._src
        found = _TRIGGER.search(src.text)
        if found is None:
            self._pass_on(len(src.text))
            if not src.ended:
                self.wakers = _TRIGGERS
                yield
                self.wakers = None
            return False
        self._pass_on(found.start())
        self._said.settle()
        if found.group() == "\n":
            return True
        return (yield from self._candidate(0, line_start=False))

    def _line(self) -> Steps[bool]:
        """Deal with the start of a line, and blank lines before it."""
        src = self._src
        at = yield from src.skip(0)
        char = yield from src.char(at)
        indent = at - src.text.rfind("\n", 0, at) - 1
        if not char or indent >= _CODE_INDENT or "\t" in src.text[at - indent : at]:
            self._pass_on(at)
            return False
        return (yield from self._candidate(at, line_start=True))

    def _candidate(self, at: int, *, line_start: bool) -> Steps[bool]:
        """Decide what stands at `at`, spaces before it; whether a line begins after it."""
        src = self._src
        found = yield from self._openers.recognise(at, line_start=line_start)
        if found is None:
            if line_start and (yield from self._fence(at)):
                return True
            self._pass_on(at + 1)
            return False
        if not found.calls:
            self._pass_on(found.end)
            return False
        group = [(at if line_start else 0, found)]
        end = yield from self._more(group)
        calls = [found for _, found in group]
        if (yield from self._accepted(calls, end, line_start=line_start)):
            self._emit(group, end)
            src.drop(end)
            return True
        self._said.examples = True
        self._pass_on(calls[-1].end)
        return False

    def _more(self, group: list[tuple[int, Found]]) -> Steps[int]:
        """Collect the calls that follow one another; return where other text follows them."""
        src = self._src
        end = group[0][1].end
        while True:
            end = yield from src.skip(end)
            while (yield from src.char(end)) == "<":
                litter = yield from src.starts(end, LITTER)
                if not litter:
                    break
                end = yield from src.skip(end + len(litter))
            start = end
            if (yield from src.char(end)) in {";", ","}:
                start = yield from src.skip(end + 1)
            if not (yield from src.char(start)):
                return start
            found = yield from self._openers.recognise(start, line_start=True)
            if found is None or (found.weak and not found.calls):
                return (yield from self._trailing(end))
            group.append((start, found))
            end = found.end

    def _trailing(self, end: int) -> Steps[int]:
        """Step over an opener that nothing follows: some models close a call with it."""
        opener = yield from self._src.starts(end, ("<tool_call>", "<|tool_call|>"))
        after = yield from self._src.skip(end + len(opener))
        return after if opener and not (yield from self._src.char(after)) else end

    def _accepted(self, group: list[Found], end: int, *, line_start: bool) -> Steps[bool]:
        """Whether the calls are meant: not quoted, not an example, not taken back afterwards."""
        src, said = self._src, self._said
        weak = any(found.weak for found in group)
        closing = src.text[group[-1].end : end]
        # The closing tag of a family marks a call whose opener was lost.
        bare = weak and not closing.strip()
        if said.staged or said.quotes(line_start=line_start) or said.exemplifies(weak=bare):
            return False
        meant = said.blank or said.intends()
        if said.examples and not meant:
            return False
        if not (yield from src.char(end)):
            return not (self._cut and any(found.open for found in group))
        # LFM2 goes on behind the token that closes its calls, in the same line.
        apart = "\n" in closing or (said.blank and closing.rstrip().endswith("|>"))
        if weak or not meant or not apart:
            return False
        following = yield from self._afterword(end)
        return not doubts(following) and ("\n" in closing or not following[:1].islower())

    def _afterword(self, pos: int) -> Steps[str]:
        """Return the paragraph at `pos`, as far as it is text."""
        src = self._src
        while True:
            text = src.text[pos : pos + _AFTERWORD]
            stop = min(
                (at for mark in ("\n\n", "<", "[") if (at := text.find(mark)) >= 0), default=-1
            )
            if stop >= 0:
                return text[:stop]
            if len(text) >= _AFTERWORD or src.ended:
                return text
            yield

    def _emit(self, group: list[tuple[int, Found]], end: int) -> None:
        """Give out the calls; what has the form of a call and is none stays text."""
        following = [(start, bool(found.calls)) for start, found in group[1:]]
        following.append((end, end >= len(self._src.text)))
        for (start, found), (stop, text_ends) in zip(group, following, strict=True):
            if found.calls:
                self._out += found.calls
            else:
                text = self._src.text[start:stop]
                self._out.append(text.rstrip() if text_ends else text)
        self._said.paragraph()

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
        while not (src.ended and not src.text):
            if (yield from self._to_next_line()) and (yield from self._fence_ends(char, size)):
                break
        self._said.paragraph()
        return True

    def _to_next_line(self) -> Steps[bool]:
        """Pass on up to the next line break and over it."""
        src = self._src
        at = src.text.find("\n")
        self._pass_on(at + 1 if at >= 0 else len(src.text))
        if at < 0 and not src.ended:
            self.wakers = "\n"
            yield
            self.wakers = None
        return at >= 0

    def _fence_ends(self, char: str, size: int) -> Steps[bool]:
        """Whether this line closes the fence; passes it on when it does."""
        src = self._src
        start = yield from src.skip(0, BLANKS)
        end = yield from src.skip(start, _TICKS[char])
        if end - start < size or start >= _CODE_INDENT:
            return False
        line = yield from src.skip(end, BLANKS)
        if (yield from src.char(line)) not in {"", "\n", "\r"}:
            return False
        self._pass_on(line)
        return True
