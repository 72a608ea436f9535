"""The prompt cache of Ollama's runner, as rules: what a prompt keeps, and what is thrown away.

The runner is llama.cpp's HTTP server (seen in Ollama 0.33: `-np 1`, a cache of 8 GiB in RAM). It
has slots, each of which holds one text, and a list of saved texts in RAM. For each prompt it

1. takes the idle slot that shares the largest part of the prompt, if that is more than a tenth of
   it; else the slot that was not used for the longest time;
2. saves a copy of what the slot holds, if less than half of it would be kept, or the slot was
   taken for its age. A text that a saved one contains is not saved; saved texts that it contains
   are dropped;
3. only then looks into RAM: a saved text takes the place of the slot's if it keeps a larger part
   of itself and of the prompt. It leaves the list. One of which less than a quarter would be kept
   is never fetched;
4. saves a copy of what the other idle slots hold, and leaves it there, too;
5. cuts the slot back to what it shares with the prompt, and reads the rest, at least one token.

Source of the numbers: `get_available_slot`, `server_prompt_cache::alloc`, `::load`, `::update` and
the block TAG_IDLE_SLOT_CLEAR (with a fixed number of slots) in tools/server of llama.cpp. The
tests hold these rules against b11549; Ollama 0.33 has b10488, and was seen to follow them.
"""

import struct
from dataclasses import dataclass, replace
from typing import Generic, Protocol, Self, TypeVar

SLOT_SIMILARITY = 0.1
SAVED_BELOW = 0.5
FETCHED_FROM = 0.25


class CachedText(Protocol):
    """A text as a sequence of tokens."""

    @property
    def tokens(self) -> int:
        """Its length in tokens."""

    def shared(self, other: Self) -> int:
        """Return how many tokens at the start are the same in both."""


Text = TypeVar("Text", bound=CachedText)


@dataclass(frozen=True)
class Slot(Generic[Text]):
    """The text in a slot, and its last use: a number that grows, -1 for never."""

    text: Text | None = None
    used: int = -1


@dataclass(frozen=True)
class Step(Generic[Text]):
    """A prompt that was taken: the cache with it, its slot, and its tokens kept and read."""

    cache: "EngineCache[Text]"
    slot: int
    kept: int
    read: int


@dataclass(frozen=True)
class EngineCache(Generic[Text]):
    """The state of a runner's cache; the saved texts are in the order in which they came.

    `max_saved_tokens` is what fits into RAM, None for no limit. The last one always stays.
    """

    slots: tuple[Slot[Text], ...] = (Slot(),)
    saved: tuple[Text, ...] = ()
    max_saved_tokens: int | None = None
    clock: int = 0

    def take(self, prompt: Text, busy: frozenset[int] = frozenset()) -> Step[Text]:
        """Return what happens to a prompt while the slots in `busy` are at work.

        Raises:
            ValueError: every slot is busy.

        """
        idle = [number for number in range(len(self.slots)) if number not in busy]
        if not idle:
            raise ValueError("Expected an idle slot, found every slot busy.")
        number, looks_into_ram = self._slot_for(prompt, idle)
        held, saved = self.slots[number].text, self.saved
        if looks_into_ram and held is not None:
            saved, held = _fetched(_with_saved(saved, held), held, prompt)
            saved = _evicted(saved, self.max_saved_tokens)
        shared = held.shared(prompt) if held is not None else 0
        kept = max(0, min(shared, prompt.tokens - 1))
        for other in idle:
            text = self.slots[other].text
            if other != number and text is not None:
                saved = _evicted(_with_saved(saved, text), self.max_saved_tokens)
        after = replace(self, saved=saved).hold(number, prompt)
        return Step(after, number, kept, prompt.tokens - kept)

    def hold(self, number: int, text: Text) -> "EngineCache[Text]":
        """Return the cache after slot `number` has come to hold a text: read, or written."""
        slots = list(self.slots)
        slots[number] = Slot(text, self.clock)
        return replace(self, slots=tuple(slots), clock=self.clock + 1)

    def _slot_for(self, prompt: Text, idle: list[int]) -> tuple[int, bool]:
        best, similarity, keeps = None, 0.0, 0.0
        for number in idle:
            held = self.slots[number].text
            if held is None or not held.tokens:
                continue
            shared = held.shared(prompt)
            part = _ratio(shared, prompt.tokens)
            if part > similarity and part > _float32(SLOT_SIMILARITY):
                best, similarity, keeps = number, part, _ratio(shared, held.tokens)
        if best is not None:
            return best, keeps < SAVED_BELOW
        # Of those never used the last one comes first.
        return min(idle, key=lambda number: (self.slots[number].used, -number)), True


def _with_saved(saved: tuple[Text, ...], text: Text) -> tuple[Text, ...]:
    if any(one.shared(text) == text.tokens for one in saved):
        return saved
    return (*(one for one in saved if one.shared(text) != one.tokens), text)


def _fetched(saved: tuple[Text, ...], held: Text, prompt: Text) -> tuple[tuple[Text, ...], Text]:
    """Return the saved texts and the slot's text after the best of them has been fetched."""
    shared = held.shared(prompt)
    keeps, similarity = _ratio(shared, held.tokens), _ratio(shared, prompt.tokens)
    best = None
    for place, text in enumerate(saved):
        shared = text.shared(prompt)
        of_itself, of_prompt = _ratio(shared, text.tokens), _ratio(shared, prompt.tokens)
        if of_itself >= FETCHED_FROM and of_itself > keeps and of_prompt > similarity:
            best, keeps, similarity = place, of_itself, of_prompt
    if best is None:
        return saved, held
    return saved[:best] + saved[best + 1 :], saved[best]


def _evicted(saved: tuple[Text, ...], limit: int | None) -> tuple[Text, ...]:
    while limit is not None and len(saved) > 1 and sum(text.tokens for text in saved) > limit:
        saved = saved[1:]
    return saved


def _ratio(part: int, whole: int) -> float:
    return _float32(part / whole) if whole else 0.0


def _float32(value: float) -> float:
    """Return a number in the precision that the engine compares in."""
    return float(struct.unpack("f", struct.pack("f", value))[0])
