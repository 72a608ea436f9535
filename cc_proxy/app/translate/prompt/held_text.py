"""A prompt and its answer as the engine's cache holds them, by the keys of their prefixes."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class HeldText:
    """A text as a chain of prefixes (see prefix.Prompt).

    `keys[n]` is the key of the prefix that is `ends[n]` tokens long. `turns` are the places in
    `keys` at which an assistant turn begins, `answer` the tokens that were written at the end: no
    key for them is known before they come back in the next prompt.
    """

    keys: tuple[int, ...]
    ends: tuple[float, ...]
    turns: tuple[int, ...] = ()
    answer: int = 0

    @property
    def tokens(self) -> int:
        """Its length in tokens, the answer included."""
        return round(self.ends[-1]) + self.answer if self.ends else self.answer

    def shared(self, other: Self) -> int:
        """Return about how many tokens at the start are the same in both."""
        if self is other:
            return self.tokens
        count = self._common(other.keys)
        if not count:
            return 0
        tokens = round(min(self.ends[count - 1], other.ends[count - 1]))
        # A text that goes on with the answer of the other shares that, too.
        tokens += _answer_in(self, other, count) or _answer_in(other, self, count)
        return min(tokens, self.tokens, other.tokens)

    def upto(self, tokens: int, keys: int) -> Self:
        """Return the beginning of it, in at most so many tokens and keys."""
        count = min(keys, bisect_right(self.ends, tokens))
        turns = tuple(place for place in self.turns if place < count)
        return replace(self, keys=self.keys[:count], ends=self.ends[:count], turns=turns, answer=0)

    def followed_by(self, key: int, tokens: int) -> Self:
        """Return the text with something behind it that nothing else has."""
        end = self.ends[-1] if self.ends else 0
        return replace(self, keys=(*self.keys, key), ends=(*self.ends, end + tokens), answer=0)

    def _common(self, others: Sequence[int]) -> int:
        """Return how many keys are the same: each stands for all before it."""
        low, high = 0, min(len(self.keys), len(others))
        if high and self.keys[high - 1] == others[high - 1]:
            return high
        while low < high:
            middle = (low + high) // 2
            if self.keys[middle] == others[middle]:
                low = middle + 1
            else:
                high = middle
        return low


def _answer_in(one: HeldText, longer: HeldText, count: int) -> int:
    goes_on = one.answer and count == len(one.keys) < len(longer.keys) and count in longer.turns
    return one.answer if goes_on else 0
