"""The choice of requests before a prompt that keep other conversations in the cache.

The engine (engine_cache.py) throws a text away when another that shares more than half of it takes
its slot: two sessions in one folder do, and a subagent and its neighbour. Three things help:

- nothing: the prompt goes on with what the slot holds, or what it cuts off is nobody's;
- a stranger, a prompt of one token that shares nothing: the slot's text is saved as a whole, and
  the prompt's own earlier text is fetched back, if it was saved before;
- a half: the first part of the prompt, a little less than half of the slot's text. Then the engine
  saves a copy and leaves the half in the slot. That is the only way to two copies of a front
  without reading it twice: a text that is fetched leaves the list.

The choice depends on tokens: those that are read now, and those that the others will have to
read again, each weighed by how likely it goes on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cc_proxy.app.engine_cache import SAVED_BELOW, CachedText, EngineCache

Text = TypeVar("Text", bound=CachedText)

# Two sessions that are at work take turns more than once: what is cut off now is so again.
TURNS_AHEAD = 5.0
# The tokens of a half are an estimate, and a copy is made of less than half only.
_HALF = 0.84 * SAVED_BELOW


@dataclass(frozen=True)
class Conversation(Generic[Text]):
    """A conversation by what its next prompt begins with, and how likely there is one, 0 to 1."""

    text: Text
    likely: float


@dataclass(frozen=True)
class Fillers(Generic[Text]):
    """The texts that can be sent before a prompt.

    `half` returns the beginning of the prompt in at most so many tokens, None if it has none.
    """

    stranger: Text
    half: Callable[[int], Text | None]


@dataclass(frozen=True)
class Placement(Generic[Text]):
    """The texts to send before a prompt, the cache after both, and the tokens that all read."""

    before: tuple[Text, ...]
    cache: EngineCache[Text]
    slot: int
    kept: int
    read: int
    lost: float = 0.0

    @property
    def cost(self) -> float:
        """The tokens that are read now and those that will be read again."""
        return self.read + self.lost


def place(
    cache: EngineCache[Text],
    prompt: Text,
    others: Sequence[Conversation[Text]],
    fillers: Fillers[Text],
    busy: frozenset[int] = frozenset(),
) -> Placement[Text]:
    """Return the cheapest way to have a prompt read.

    `others` are the conversations that may go on beside this one; `busy` are slots at work.
    """
    as_it_is = direct(cache, prompt, busy)
    held = cache.slots[as_it_is.slot].text
    if held is None or held.shared(prompt) >= held.tokens - 1:
        return as_it_is
    others = [one for one in others if one.likely > 0]
    before = [_needed(cache, one.text, fillers.stranger) for one in others]
    ways: list[tuple[Text, ...]] = [(fillers.stranger,)]
    half = fillers.half(int(held.tokens * _HALF)) if others else None
    if half is not None:
        ways.append((half,))
    found = [as_it_is, *(_sent(cache, way, prompt, busy) for way in ways)]
    weighed = [_weighed(one, others, before, fillers.stranger) for one in found]
    # Of equals the one that sends least.
    return min(weighed, key=lambda one: (one.cost, len(one.before)))


def direct(
    cache: EngineCache[Text], prompt: Text, busy: frozenset[int] = frozenset()
) -> Placement[Text]:
    """Return what a prompt reads with nothing sent before it."""
    return _sent(cache, (), prompt, busy)


def _sent(
    cache: EngineCache[Text], before: tuple[Text, ...], prompt: Text, busy: frozenset[int]
) -> Placement[Text]:
    read = 0
    for filler in before:
        step = cache.take(filler, busy)
        cache, read = step.cache, read + step.read
    step = cache.take(prompt, busy)
    held = cache.slots[step.slot].text
    shared = held.shared(prompt) if held is not None else 0
    if held is not None and _HALF * held.tokens < shared < SAVED_BELOW * held.tokens:
        # Two texts share at least what is known of them. With a little more the engine neither
        # saves the slot's text nor looks into RAM.
        kept = min(shared, step.kept)
        cut = cache.hold(step.slot, prompt)
        return Placement(before, cut, step.slot, kept, read + prompt.tokens - kept)
    return Placement(before, step.cache, step.slot, step.kept, read + step.read)


def _needed(cache: EngineCache[Text], text: Text, stranger: Text) -> int:
    ways: tuple[tuple[Text, ...], ...] = ((), (stranger,))
    return min(_sent(cache, way, text, frozenset()).read for way in ways)


def _weighed(
    placement: Placement[Text],
    others: Sequence[Conversation[Text]],
    before: Sequence[int],
    stranger: Text,
) -> Placement[Text]:
    lost = 0.0
    for one, needed_before in zip(others, before, strict=True):
        more = _needed(placement.cache, one.text, stranger) - needed_before
        lost += TURNS_AHEAD * one.likely * max(0, more)
    return Placement(
        placement.before, placement.cache, placement.slot, placement.kept, placement.read, lost
    )
