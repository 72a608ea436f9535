"""Texts that a pattern has the most work with: up to a repetition, many rounds of it, no end."""

import re
from collections.abc import Iterator
from itertools import product
from re import _constants as op
from typing import Any

from .matcher import Tree, accepts, parse

# What markers, lines, tags and brackets are made of.
_USUAL = 'aA0 \t\n\r<>/["\\*.:-_?#'
_BROKEN_OFF = "\0"
_MOST_CHARACTERS = 10


def texts(pattern: re.Pattern[Any], rounds: int) -> Iterator[str]:
    """Yield the hostile texts for a pattern, each with `rounds` rounds of something."""
    tree = parse(pattern)
    alphabet = _alphabet(tree, pattern.flags)
    whole = _sample(tree, pattern.flags)
    yield from _unlike({whole * rounds, whole[:-1] * rounds}, "")
    for before, body in _repetitions(tree, pattern.flags):
        pumps = {before, before + _sample(body, pattern.flags), _sample(body, pattern.flags)}
        pumps |= set(alphabet) | {one + other for one, other in product(alphabet[:4], repeat=2)}
        yield from _unlike({pump * rounds for pump in pumps}, before, _refused(body, pattern.flags))


def _unlike(bodies: set[str], before: str, end: str = "") -> Iterator[str]:
    for body in sorted(bodies):
        for last in dict.fromkeys(("", _BROKEN_OFF, end)):
            yield before + body + last


def _refused(body: Tree, flags: int) -> str:
    """Return a character that a repetition cannot go on with."""
    parts = list(_parts_of_one(body))
    own = "".join(
        chr(v) for kind, value in parts if kind is op.IN for k, v in value if k is op.LITERAL
    )
    every = own + _USUAL + _BROKEN_OFF
    return next((c for c in every if not any(accepts(p, c, flags) for p in parts)), "")


def _repetitions(tree: Tree, flags: int, before: str = "") -> Iterator[tuple[str, Tree]]:
    """Yield each repetition of a tree: the shortest text that leads to it, and what it repeats."""
    for kind, value in tree:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            if int(value[1]) > 1:
                yield before, list(value[2])
            yield from _repetitions(list(value[2]), flags, before)
        elif kind is op.BRANCH:
            for option in value[1]:
                yield from _repetitions(list(option), flags, before)
        elif kind is op.SUBPATTERN:
            yield from _repetitions(list(value[3]), flags, before)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            yield from _repetitions(list(value[1]), flags, before)
        elif kind is op.ATOMIC_GROUP:
            yield from _repetitions(list(value), flags, before)
        before += _sample([(kind, value)], flags)


def _sample(tree: Tree, flags: int) -> str:
    """Return a short text that a tree takes; positions and conditions are not looked at."""
    return "".join(_of_part(part, flags) for part in tree)


def _of_part(part: tuple[Any, Any], flags: int) -> str:
    kind, value = part
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return _sample(list(value[2]), flags) * int(value[0])
    if kind is op.BRANCH:
        return _sample(list(value[1][0]), flags)
    if kind is op.SUBPATTERN:
        return _sample(list(value[3]), flags)
    if kind is op.ATOMIC_GROUP:
        return _sample(list(value), flags)
    if kind in (op.ASSERT, op.ASSERT_NOT, op.AT, op.GROUPREF):
        return ""
    return next(_characters(part, flags), "")


def _characters(part: tuple[Any, Any], flags: int) -> Iterator[str]:
    """Yield characters that a part of one character takes, its own first."""
    kind, value = part
    if kind is op.LITERAL:
        yield chr(value)
    if kind is op.IN:
        own = [chr(v if k is op.LITERAL else v[0]) for k, v in value if k in (op.LITERAL, op.RANGE)]
        yield from (char for char in own if accepts(part, char, flags))
    yield from (char for char in _USUAL if accepts(part, char, flags))


def _alphabet(tree: Tree, flags: int) -> list[str]:
    """Return one character for each class in a pattern, and a few that none of them may know."""
    found: dict[str, None] = {}
    for part in _parts_of_one(tree):
        found |= dict.fromkeys(list(_characters(part, flags))[:2])
    return [*list(found)[:_MOST_CHARACTERS], *(char for char in " \na" if char not in found)]


def _parts_of_one(tree: Tree) -> Iterator[tuple[Any, Any]]:
    for kind, value in tree:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            yield from _parts_of_one(list(value[2]))
        elif kind is op.BRANCH:
            for option in value[1]:
                yield from _parts_of_one(list(option))
        elif kind is op.SUBPATTERN:
            yield from _parts_of_one(list(value[3]))
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            yield from _parts_of_one(list(value[1]))
        elif kind is op.ATOMIC_GROUP:
            yield from _parts_of_one(list(value))
        elif kind in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            yield kind, value
