"""Calls that follow one another: with nothing, closing marks, `;` or `,` between them."""

import re
from collections import deque
from typing import TypeAlias

from cc_proxy.app.translate.rescue.declared import Reading
from cc_proxy.app.translate.rescue.formats.marks import mark_at
from cc_proxy.app.translate.rescue.formats.openers import Openers
from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps

# Harmony begins its last words so, after the call.
_LAST_WORDS = ("<|start|>assistant<|channel|>final<|message|>",)
_CUT_CLOSER = re.compile(r"</[\w:]{1,40}\s*\Z")

# Where each call starts, and what was read there.
Group: TypeAlias = deque[tuple[int, Reading]]


def complete(group: Group, src: SourceText, openers: Openers) -> Steps[int]:
    """Add the calls that follow the one in `group`; return where other text follows them."""
    end = group[0][1].end
    while True:
        end = yield from _closers(src, end)
        start = end
        if (yield from src.char(end)) in {";", ","}:
            start = yield from src.skip(end + 1)
        if not (yield from src.char(start)):
            return start
        found = yield from openers.recognise(start, line_start=True)
        if found is None or (found.weak and not found.calls):
            return (yield from _trailing(src, end))
        group.append((start, found))
        end = max(found.end, start + 1)


def _closers(src: SourceText, end: int) -> Steps[int]:
    """Step over what closes a call, wherever it comes from."""
    end = yield from src.skip(end)
    while (yield from src.char(end)) in {"<", "]", "["}:
        if mistral := (yield from src.starts(end, ("[/TOOL_CALLS]",))):
            end = yield from src.skip(end + len(mistral))
            continue
        if words := (yield from src.starts(end, _LAST_WORDS)):
            return end + len(words)
        mark = yield from mark_at(src, end)
        if mark is None and src.ended and _CUT_CLOSER.match(src.text, end):
            return len(src.text)
        if mark is None or not mark.is_closer or mark.is_turn:
            break
        end = yield from src.skip(mark.end)
    return end


def _trailing(src: SourceText, end: int) -> Steps[int]:
    """Step over an opener that nothing follows: some models close a call with it."""
    if (yield from src.char(end)) != "<":
        return end
    opener = yield from mark_at(src, end)
    if opener is None or opener.name != "toolcall":
        return end
    after = yield from src.skip(opener.end)
    return end if (yield from src.char(after)) else after
