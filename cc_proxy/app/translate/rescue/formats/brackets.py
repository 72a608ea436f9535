"""The end of a value between brackets, found before the value is parsed."""

import re
from dataclasses import dataclass

from cc_proxy.app.translate.rescue.formats.literal import DEEPEST, TOKEN_QUOTES, Unreadable
from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps

_JSON_CLOSERS = {"{": "}", "[": "]"}
_PYTHON_CLOSERS = {**_JSON_CLOSERS, "(": ")"}
_NEXT = re.compile(r"[^\s\w,:+.\-=]")
_IN_STRING = {
    '"': re.compile(r'["\\]'),
    "'": re.compile(r"['\\]"),
    "`": re.compile(r"[`\\]"),
}
_COMMENTS = {"//": "\n", "/*": "*/"}


@dataclass(frozen=True, slots=True)
class Extent:
    """The end of a bracketed value, and the closing brackets that are missing there.

    `bad`: it is none, since it ends inside a string, or its brackets do not match.
    """

    end: int
    missing: str = ""
    bad: bool = False


def balanced(src: SourceText, pos: int, *, python: bool = False) -> Steps[Extent]:
    """Find the end of the value whose opening bracket is at `pos`, brackets in strings aside."""
    stack: list[str] = []
    closers = _PYTHON_CLOSERS if python else _JSON_CLOSERS
    while True:
        yield from src.look()
        found = _NEXT.search(src.text, pos)
        if found is None:
            pos = max(pos, len(src.text))
            if src.ended:
                return Extent(len(src.text), "".join(reversed(stack)))
            yield
            continue
        pos, char = found.start(), found.group()
        if char in closers:
            stack.append(closers[char])
            pos += 1
            if len(stack) > DEEPEST:
                return Extent(pos, bad=True)
        elif char in ")]}":
            if not stack or stack.pop() != char:
                return Extent(pos, bad=True)
            pos += 1
            if not stack:
                return Extent(pos)
        elif char == "/" and (mark := (yield from src.starts(pos, ("//", "/*")))):
            end = yield from src.find(_COMMENTS[mark], pos + len(mark))
            if end < 0:
                return Extent(len(src.text), bad=True)
            pos = end + len(_COMMENTS[mark])
        else:
            end = yield from _string_end(src, pos, char, python=python)
            if end <= pos:
                missing = "".join(reversed(stack))
                return Extent(pos, missing) if end == pos else Extent(len(src.text), bad=True)
            pos = end


def _string_end(src: SourceText, pos: int, quote: str, *, python: bool) -> Steps[int]:
    """Return the place after the string at `pos`, -1 when it has no end, `pos` when it is none."""
    marks: tuple[str, ...] = TOKEN_QUOTES
    if quote in _IN_STRING:
        marks = (quote * 3,) if python else ()
    if marks and (mark := (yield from src.starts(pos, marks))):
        end = yield from src.find(mark, pos + len(mark))
        return end + len(mark) if end >= 0 else -1
    if quote not in _IN_STRING:
        return pos
    pos += 1
    while True:
        yield from src.look()
        found = _IN_STRING[quote].search(src.text, pos)
        if found is None:
            if src.ended:
                return -1
            pos = max(pos, len(src.text))
            yield
        elif found.group() == quote:
            return found.end()
        else:
            pos = found.end() + 1


def close(text: str, missing: str) -> str:
    """Return the text of a value with its missing brackets.

    Raises:
        Unreadable: the last thing in it may be unfinished: a number, or more was to come.

    """
    bare = text.rstrip()
    if not missing:
        return text
    if bare.endswith(("true", "false", "null", "}", "]", '"', "'", *TOKEN_QUOTES)):
        return bare + missing
    raise Unreadable("the value was cut")
