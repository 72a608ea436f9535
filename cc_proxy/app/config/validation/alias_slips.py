"""Aliases that nobody will ever ask for, since they are misspelt."""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cc_proxy.app.config.aliases import DEFAULT, LONG_CONTEXT_MARK

_NEAR = 0.75
# What Claude Code's own names are made of, as in claude-haiku-4-5; they are in lower case.
_FAMILIES = ("opus", "sonnet", "haiku")
_WORD = re.compile(r"[a-z]+", re.IGNORECASE)
# How a name begins that may be meant as one of Claude's.
_HEAD = re.compile(r"[a-z]+(?=[-_.*:]|$)", re.IGNORECASE)
# Signs of a regular expression or of a shell's pattern; in a name they stand for themselves.
_OTHER_PATTERN = re.compile(r"\.\*|\.\+|\[[^][]*\]\*?|\?|^\^|\$$|[()|]")


@dataclass(frozen=True)
class Slip:
    """An alias, why no client's name is that, and what may have been meant."""

    alias: str
    why: str
    suggestion: str


def slips(aliases: Iterable[str]) -> Iterator[Slip]:
    """Yield the aliases that look like `default`, or one of Claude's names, and are not."""
    names = list(aliases)
    for name in names:
        if found := _slip(name):
            yield found
        elif DEFAULT not in names and _is_misspelt_default(name.lower()):
            yield Slip(name, "only `default` stands for every other name of Claude's", DEFAULT)


def _is_misspelt_default(name: str) -> bool:
    return name.startswith(DEFAULT[0]) and _is_near(name, DEFAULT)


def _slip(name: str) -> Slip | None:
    bare = name.removesuffix(LONG_CONTEXT_MARK)
    head = _HEAD.match(bare.lstrip("^"))
    # A name that is nothing but this word may be a model of its own.
    if head is None or head[0] == bare or not _is_near(head[0].lower(), "claude"):
        return None
    if bare != name:
        return Slip(name, "[1m] is taken off a name before it is looked up", bare)
    if _OTHER_PATTERN.search(name):
        meant = "claude-*" if set("()|") & set(name) else _OTHER_PATTERN.sub(_starred, name)
        return Slip(name, "only * is a pattern here", meant)
    meant = "claude" + bare[head.end() :]
    if meant.startswith("claude_"):
        meant = "claude-" + meant.removeprefix("claude_")
    meant = _WORD.sub(_family, meant.lower())
    return Slip(name, "no name of Claude's is like that", meant) if meant != name else None


def _starred(found: re.Match[str]) -> str:
    return "" if found[0] in "^$" else "*"


def _family(found: re.Match[str]) -> str:
    word = found[0]
    near = (family for family in _FAMILIES if word != family and _is_near(word, family))
    return next(near, word)


def _is_near(one: str, other: str) -> bool:
    return difflib.SequenceMatcher(None, one, other).ratio() >= _NEAR
