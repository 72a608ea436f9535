"""A regular expression matched as Python's engine does it, with its work counted in steps.

A step is one look at one character, or one try of what follows a repetition. The engine itself
skips some of them, so that the count is what it does at most.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from functools import cache
from re import _constants as op
from re import _parser
from typing import Any

Then = Callable[[int], bool]
Matcher = Callable[[int], bool]
Tree = list[tuple[Any, Any]]

_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    op.CATEGORY_DIGIT: str.isdecimal,
    op.CATEGORY_NOT_DIGIT: lambda char: not char.isdecimal(),
    op.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
    op.CATEGORY_NOT_WORD: lambda char: not (char.isalnum() or char == "_"),
}
_ONE_CHARACTER = {op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN}
_DEEP = 100_000
# As plain numbers: an operation of re's own flags takes ten times as long.
_IGNORECASE, _DOTALL, _MULTILINE = int(re.IGNORECASE), int(re.DOTALL), int(re.MULTILINE)


_KNOWN: defaultdict[tuple[Any, int, int], dict[str, bool]] = defaultdict(dict)


class TooManyStepsError(Exception):
    """The work is above the limit that was given."""


@cache
def parse(pattern: re.Pattern[Any]) -> Tree:
    """Return the parts of a pattern, as Python's own parser reads it."""
    return list(_parser.parse(pattern.pattern, pattern.flags))


def steps(pattern: re.Pattern[Any], text: str, *, how: str, most: int) -> int:
    """Return the steps that one call takes: `how` is match, fullmatch, or search for all the rest.

    Raises:
        TooManyStepsError: there are more than `most`.

    """
    with _deep_recursion():
        return _Run(pattern.flags, text, most).all(parse(pattern), how)


def accepts(part: tuple[Any, Any], char: str, flags: int) -> bool:
    """Tell whether a part of one character takes `char`."""
    kind, value = part
    if kind is op.ANY:
        return bool(flags & _DOTALL) or char != "\n"
    if kind is op.IN:
        negated = bool(value) and value[0][0] is op.NEGATE
        return negated != any(_in_class(item, char, flags) for item in value)
    return (kind is op.LITERAL) == _same(value, char, flags)


def _in_class(item: tuple[Any, Any], char: str, flags: int) -> bool:
    kind, value = item
    if kind is op.LITERAL:
        return _same(value, char, flags)
    if kind is op.RANGE:
        folded = {char, char.lower(), char.upper()} if flags & _IGNORECASE else {char}
        return any(value[0] <= ord(one) <= value[1] for one in folded if len(one) == 1)
    return kind is op.CATEGORY and _CATEGORIES[value](char)


def _same(code: int, char: str, flags: int) -> bool:
    if flags & _IGNORECASE:
        return chr(code).lower() == char.lower()
    return code == ord(char)


class _Run:
    def __init__(self, flags: int, text: str, most: int) -> None:
        self._flags = flags
        self._text = text
        self._characters = frozenset(text)
        self._most = most
        self._steps = 0
        self._groups: dict[int, tuple[int, int]] = {}
        self._end = 0

    def all(self, tree: Tree, how: str) -> int:
        size = len(self._text)

        def done(at: int) -> bool:
            self._end = at
            return how != "fullmatch" or at == size

        matcher = self._sequence(tree, self._flags, done)
        start = 0
        while start <= size:
            found = matcher(start)
            if how in ("match", "fullmatch"):
                break
            start = self._end if found and self._end > start else start + 1
        return self._steps

    def _count(self) -> None:
        self._steps += 1
        if self._steps > self._most:
            raise TooManyStepsError

    def _sequence(self, tree: Tree, flags: int, then: Then) -> Matcher:
        for part in reversed(tree):
            then = self._part(part, flags, then)
        return then

    def _part(self, part: tuple[Any, Any], flags: int, then: Then) -> Matcher:
        kind, value = part
        if kind in _ONE_CHARACTER:
            return self._character(part, flags, then)
        if kind is op.AT:
            return lambda at: self._is_at(value, at, flags) and then(at)
        if kind is op.BRANCH:
            options = [self._sequence(list(option), flags, then) for option in value[1]]
            return lambda at: any(option(at) for option in options)
        if kind is op.SUBPATTERN:
            return self._group(value, flags, then)
        if kind is op.ATOMIC_GROUP:
            return self._atomic(list(value), flags, then)
        if kind in (op.ASSERT, op.ASSERT_NOT):
            return self._assertion(value, flags, then, wanted=kind is op.ASSERT)
        if kind is op.GROUPREF:
            return self._reference(value, then)
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            return self._repetition(kind, value, flags, then)
        raise ValueError(f"expected a kind of pattern that is counted here, found {kind}")

    def _character(self, part: tuple[Any, Any], flags: int, then: Then) -> Matcher:
        takes = self._taker(part, flags)
        return lambda at: takes(at) and then(at + 1)

    def _taker(self, part: tuple[Any, Any], flags: int) -> Callable[[int], bool]:
        text = self._text
        # What a part is made of lives as long as its tree, which `parse` keeps.
        known = _KNOWN[part[0], id(part[1]), flags]
        for char in self._characters - known.keys():
            known[char] = accepts(part, char, flags)
        taken = {char for char in self._characters if known[char]}

        def takes(at: int) -> bool:
            self._count()
            return at < len(text) and text[at] in taken

        return takes

    def _group(self, value: Any, flags: int, then: Then) -> Matcher:
        number, added, removed, tree = value
        flags = (flags | int(added)) & ~int(removed)
        if number is None:
            return self._sequence(list(tree), flags, then)
        starts: list[int] = []

        def close(at: int) -> bool:
            before = self._groups.get(number)
            start = starts.pop()
            self._groups[number] = (start, at)
            if then(at):
                return True
            starts.append(start)
            if before is None:
                del self._groups[number]
            else:
                self._groups[number] = before
            return False

        inner = self._sequence(list(tree), flags, close)

        def open_(at: int) -> bool:
            starts.append(at)
            if inner(at):
                return True
            starts.pop()
            return False

        return open_

    def _alone(self, tree: Tree, flags: int) -> Callable[[int], int | None]:
        """Return what matches by itself, and gives the end of its first match."""
        ends: list[int] = []

        def done(at: int) -> bool:
            ends.append(at)
            return True

        inner = self._sequence(tree, flags, done)
        return lambda at: ends.pop() if inner(at) else None

    def _atomic(self, tree: Tree, flags: int, then: Then) -> Matcher:
        inner = self._alone(tree, flags)

        def run(at: int) -> bool:
            end = inner(at)
            return end is not None and then(end)

        return run

    def _assertion(self, value: Any, flags: int, then: Then, *, wanted: bool) -> Matcher:
        direction, tree = value
        back = tree.getwidth()[0] if direction < 0 else 0
        inner = self._alone(list(tree), flags)

        def run(at: int) -> bool:
            there = at >= back and inner(at - back) is not None
            return there is wanted and then(at)

        return run

    def _reference(self, number: int, then: Then) -> Matcher:
        def run(at: int) -> bool:
            if number not in self._groups:
                return False
            start, end = self._groups[number]
            for place in range(start, end):
                self._count()
                if self._text[at + place - start : at + place - start + 1] != self._text[place]:
                    return False
            return then(at + end - start)

        return run

    def _repetition(self, kind: Any, value: Any, flags: int, then: Then) -> Matcher:
        least, most, tree = value[0], value[1], list(value[2])
        if kind is op.POSSESSIVE_REPEAT:
            return self._atomic([(op.MAX_REPEAT, (least, most, tree))], flags, then)
        if len(tree) == 1 and tree[0][0] in _ONE_CHARACTER:
            return self._run_of_characters(kind, (least, int(most), tree[0]), flags, then)
        return self._run_of_groups(kind, (least, int(most), tree), flags, then)

    def _run_of_characters(
        self, kind: Any, value: tuple[int, int, tuple[Any, Any]], flags: int, then: Then
    ) -> Matcher:
        least, most, part = value
        takes = self._taker(part, flags)

        def greedy(at: int) -> bool:
            end = at
            while end - at < most and takes(end):
                end += 1
            while end - at >= least:
                self._count()
                if then(end):
                    return True
                end -= 1
            return False

        def lazy(at: int) -> bool:
            end = at
            while True:
                if end - at >= least:
                    self._count()
                    if then(end):
                        return True
                if end - at >= most or not takes(end):
                    return False
                end += 1

        return greedy if kind is op.MAX_REPEAT else lazy

    def _run_of_groups(
        self, kind: Any, value: tuple[int, int, Tree], flags: int, then: Then
    ) -> Matcher:
        least, most, tree = value
        is_greedy = kind is op.MAX_REPEAT
        begun: list[tuple[int, int]] = []

        def again(at: int) -> bool:
            number, start = begun[-1]
            if number >= least and at == start:
                return False  # a round that takes nothing
            begun.append((number + 1, at))
            if go_on(at):
                return True
            begun.pop()
            return False

        inner = self._sequence(tree, flags, again)

        def leave(at: int) -> bool:
            here = begun.pop()
            if then(at):
                return True
            begun.append(here)
            return False

        def go_on(at: int) -> bool:
            self._count()
            number = begun[-1][0]
            if number < least:
                return inner(at)
            if is_greedy:
                return (number < most and inner(at)) or leave(at)
            return leave(at) or (number < most and inner(at))

        def run(at: int) -> bool:
            depth = len(begun)
            begun.append((0, at))
            found = go_on(at)
            del begun[depth:]
            return found

        return run

    def _is_at(self, where: Any, at: int, flags: int) -> bool:
        text, size = self._text, len(self._text)
        self._count()
        if where is op.AT_BEGINNING_STRING or (where is op.AT_BEGINNING and not flags & _MULTILINE):
            return at == 0
        if where in (op.AT_BEGINNING, op.AT_BEGINNING_LINE):
            return at == 0 or text[at - 1] == "\n"
        if where is op.AT_END_STRING:
            return at == size
        if where in (op.AT_END, op.AT_END_LINE):
            lines = bool(flags & _MULTILINE)
            return at == size or (text[at] == "\n" and (lines or at == size - 1))
        before = at > 0 and _CATEGORIES[op.CATEGORY_WORD](text[at - 1])
        after = at < size and _CATEGORIES[op.CATEGORY_WORD](text[at])
        return (before != after) == (where is op.AT_BOUNDARY)


@contextmanager
def _deep_recursion() -> Any:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEEP))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
