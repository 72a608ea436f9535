"""What may begin a call, and who reads it."""

from cc_proxy.app.translate.rescue.calls import Found
from cc_proxy.app.translate.rescue.fences import FENCE, action, bare, fenced
from cc_proxy.app.translate.rescue.json_calls import Reading, json_run, named_call
from cc_proxy.app.translate.rescue.python_calls import NAME
from cc_proxy.app.translate.rescue.source import Steps
from cc_proxy.app.translate.rescue.tags import tagged
from cc_proxy.app.translate.rescue.tokens import (
    DIALECTS,
    FUNCTION,
    TAGS,
    WORDS,
    WRAPPERS,
    body,
    harmony,
    named,
    wrapped,
)

_MISTRAL = "[TOOL_CALLS]"
_ACTION = "Action:"
_PHI = "functools["
_GEMMA = "call:"
_HARMONY = frozenset({"assistant", "commentary", "to=functions."})


class Openers:
    """Finds who can read what stands at a place."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._words = (*WORDS, _ACTION, *reading.declared.names)
        self._first = frozenset(word[:1] for word in self._words)

    def recognise(self, pos: int, *, line_start: bool) -> Steps[Found | None]:
        """Read the call at `pos`; None when none begins there."""
        reading = self._reading
        char = yield from reading.src.char(pos)
        steps: Steps[Found | None] | None = None
        if char == "<":
            steps = self._tag(pos)
        elif char == "[" and (yield from reading.src.starts(pos, (_MISTRAL,))):
            steps = wrapped(reading, pos, _MISTRAL)
        elif not line_start:
            return None
        elif char in {"{", "["}:
            steps = bare(reading, pos)
        elif char == "`" and (yield from reading.src.starts(pos, (FENCE,))):
            steps = fenced(reading, pos)
        elif char in self._first:
            steps = self._word(pos)
        return (yield from steps) if steps else None

    def _tag(self, pos: int) -> Steps[Found | None]:
        opener = yield from self._reading.src.starts(pos, TAGS)
        if opener in WRAPPERS:
            return (yield from wrapped(self._reading, pos, opener))
        if opener in DIALECTS:
            return (yield from tagged(self._reading, pos, DIALECTS[opener]))
        return (yield from harmony(self._reading, pos)) if opener else None

    def _word(self, pos: int) -> Steps[Found | None]:
        reading = self._reading
        word = yield from reading.src.starts(pos, self._words)
        if not word:
            return None
        end = pos + len(word)
        if word == _PHI:
            steps = json_run(reading, end - 1, "phi")
        elif word == _ACTION:
            steps = action(reading, pos)
        elif word == FUNCTION:
            steps = body(reading, end, "deepseek")
        elif word == _GEMMA:
            steps = self._gemma(end)
        elif word in _HARMONY:
            steps = harmony(reading, pos)
        else:
            steps = named(reading, pos, "named")
        return (yield from steps)

    def _gemma(self, pos: int) -> Steps[Found | None]:
        """Read `call:Read{…}` without the tokens around it: a call only as the last thing said."""
        src = self._reading.src
        end = yield from src.skip(pos, NAME)
        found = yield from named_call(self._reading, end, src.text[pos:end], "gemma")
        return found and Found(found.calls, found.end, weak=True, open=found.open)
