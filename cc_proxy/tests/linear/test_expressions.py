"""No regular expression of the product has more work with a text than the text is long.

The work is counted in steps, not in time, for texts made from each pattern: many rounds of
whatever one of its repetitions takes, or of what leads to it, without an end.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from .attacks import texts
from .expressions import Expression, expressions, made_while_running
from .matcher import TooManyStepsError, steps

TIMES = 3
_MOST_STEPS = 250_000


class Round(NamedTuple):
    """How a text is looked at: its rounds, and when its work grows too fast.

    Three times as long is three times the work; if it is squared, nine times.
    """

    rounds: int
    growth: float
    # What a short text costs in any case.
    floor: int


# The short look finds whatever has a part that is squared, and some that is not: up to a bound. It
# is a part of 1 in 330 that makes it 3.5 times as much, as one of 1 in 300 does in the long look.
SUSPECT = Round(rounds=30, growth=3.5, floor=200)
GUILTY = Round(rounds=150, growth=5.0, floor=500)

# A pattern that is handed on is matched at one place (`Source.skip`), or cut with.
HANDED_ON = "match"
# Sees only the end of a text, or what follows a call: at most 2,000 characters (`decision`), 200
# (`tags`) or 960 (`announced_step`).
BOUNDED = (
    "translate.answer.retry.announced_step.",
    "translate.rescue.decision.english.",
    "translate.rescue.decision.abroad.",
    "translate.rescue.decision.will.",
    "translate.rescue.formats.tags._CLOSES",
)
# Functions whose pattern is not made of a constant, and why its work is linear.
MADE_WHILE_RUNNING = {
    "cli.claude.settings.settings_files.line": "a fixed name, and the blanks behind it",
    "redaction._one_of": "some fixed texts, none of them repeated",
    "translate.answer.quiet.finder": "one class of characters",
    "translate.rescue.formats.nested_tags._end": "a tag's name, escaped: fixed text",
    "translate.rescue.formats.tags._tokens": "a namespace, escaped, before bounded names of tags",
    "translate.rescue.formats.openers.pattern": "fixed words, letter by letter; blanks taken once",
    "translate.rescue.decision.abroad._any": "its own words, read as the others above",
    "translate.rescue.decision.english._any": "its own words, read as the others above",
}


def worst(expression: Expression) -> str | None:
    """Return the text on which a pattern's work grows faster than its length, if any."""
    for method in expression.methods or {HANDED_ON}:
        how = method if method in ("match", "fullmatch") else "search"
        suspects = [
            number
            for number, pair in enumerate(pairs(expression.pattern, SUSPECT))
            if grows(expression.pattern, pair, how, SUSPECT)
        ]
        if not suspects:
            continue
        known = list(pairs(expression.pattern, GUILTY))
        for number in suspects:
            if grows(expression.pattern, known[number], how, GUILTY):
                return f"{method} on {known[number][0][:40]!r}…"
    return None


def pairs(pattern: re.Pattern[Any], look: Round) -> Iterator[tuple[str, str]]:
    """Yield each hostile text, short and long, always in the same order."""
    small = texts(pattern, look.rounds)
    return zip(small, texts(pattern, look.rounds * TIMES), strict=True)


def grows(pattern: re.Pattern[Any], pair: tuple[str, str], how: str, look: Round) -> bool:
    """Tell whether the work with the long text is more than its length allows."""
    try:
        few = steps(pattern, pair[0], how=how, most=_MOST_STEPS)
        steps(pattern, pair[1], how=how, most=int(max(few, look.floor) * look.growth))
    except TooManyStepsError:
        return True
    return False


@pytest.mark.timeout(1800)
def test_no_pattern_has_more_work_than_the_text_is_long() -> None:
    found = {
        one.where: text
        for one in expressions()
        if not one.where.startswith(BOUNDED) and (text := worst(one))
    }
    assert not found


def test_no_other_function_makes_a_pattern_of_foreign_text() -> None:
    assert made_while_running() == set(MADE_WHILE_RUNNING)


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"<title[^>]*>\s*(.*?)\s*</title>", "search"),
        (r"<[^>]*>", "sub"),
        (r"(?m)^\W*(?:user|ai)\W*:", "finditer"),
        (r"\s*x", "search"),
        (r"(a|a)*b", "match"),
        (r"(?:a+)+b", "match"),
        (r"\s*(.*\S)\s*", "fullmatch"),
        (r"(?:<b>.*?</b>\s*)*", "search"),
        (r"a(/[^\s?#*]*\*?[^\s?#*]*)?", "fullmatch"),
    ],
)
def test_the_check_finds_a_pattern_that_is_not_linear(pattern: str, method: str) -> None:
    assert worst(Expression("", re.compile(pattern, re.DOTALL), frozenset({method})))


@pytest.mark.parametrize(
    ("pattern", "method"),
    [(r"\s*x", "match"), (r"[^<]*<", "match"), (r"a{1,128}b", "search"), (r"x\s*", "sub")],
)
def test_the_check_lets_a_linear_pattern_pass(pattern: str, method: str) -> None:
    assert not worst(Expression("", re.compile(pattern), frozenset({method})))
