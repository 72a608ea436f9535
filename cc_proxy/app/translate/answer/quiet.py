"""The words of an answer that need no look: most have no character that could mean something."""

import re
from collections.abc import Callable
from functools import lru_cache

# What needs a look: these characters; "" is none at all, and None is whatever comes.
Wakers = str | None


@lru_cache(maxsize=64)
def together(one: Wakers, other: Wakers) -> Wakers:
    """Return what needs a look by one of two."""
    if one is None or other is None:
        return None
    return one if one == other else "".join(sorted({*one, *other}))


@lru_cache(maxsize=32)
def finder(wakers: str) -> Callable[[str], object]:
    """Return what finds one of `wakers` in a text, and gives None where there is none."""
    return re.compile(f"[{re.escape(wakers)}]" if wakers else r"(?!)").search


class PassingText:
    """The words that pass without processing; their readers note them together, afterwards.

    `finds` finds what needs a look in a word, None while every word does.
    """

    def __init__(self) -> None:
        self.finds: Callable[[str], object] | None = None
        self._words: list[str] = []
        self._before = 0
        self._notes: tuple[Callable[[str], None], ...] = ()

    def begin(self, wakers: Wakers, words: list[str], *notes: Callable[[str], None]) -> None:
        """Let pass what is added to `words` from now on and has none of `wakers`."""
        self.finds = None if wakers is None else finder(wakers)
        self._words, self._before, self._notes = words, len(words), notes

    def catch_up(self) -> None:
        """Note the words that have passed; every word is processed from now on."""
        if self.finds is None:
            return
        self.finds = None
        if len(self._words) == self._before:
            return
        gone_by = "".join(self._words[self._before :])
        for note in self._notes:
            note(gone_by)
