"""Conversations as texts of made-up tokens, and what an endpoint has each turn read."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Self

from cc_proxy.app.engine_cache import EngineCache, Slot
from cc_proxy.app.translate.prompt.placement import Conversation, Fillers, place

# Of a first prompt of Claude Code 2.1.330: what all folders share, and what one folder shares.
FRONT, FOLDER = 8_300, 2_770
_new = count(1)


@dataclass(frozen=True)
class Pieces:
    """A text as runs of tokens, each with a name."""

    runs: tuple[tuple[str, int], ...]

    @property
    def tokens(self) -> int:
        return sum(tokens for _, tokens in self.runs)

    def shared(self, other: Self) -> int:
        shared = 0
        for (name, mine), (its, tokens) in zip(self.runs, other.runs, strict=False):
            if name != its:
                break
            shared += min(mine, tokens)
            if mine != tokens:
                break
        return shared

    def upto(self, tokens: int) -> "Pieces":
        runs = []
        for name, size in self.runs:
            if tokens <= 0:
                break
            runs.append((name, min(size, tokens)))
            tokens -= size
        return Pieces(tuple(runs))

    def plus(self, tokens: int) -> "Pieces":
        return Pieces((*self.runs, (f"new {next(_new)}", tokens)))


@dataclass
class Session:
    prompt: Pieces
    held: Pieces
    reads: list[int] = field(default_factory=list)


def play(
    order: Iterable[str], folders: Mapping[str, str], way: str, seed: int, slots: int = 1
) -> tuple[int, dict[str, list[int]]]:
    """Return the tokens read in all, and in each turn of each session.

    `way` is `plain` (Ollama's own endpoint: every session begins with bytes of its own), `shared`
    (the same front, sent as it comes), or `placed`.
    """
    chance = random.Random(seed)  # noqa: S311 - chance that comes again
    cache: EngineCache[Pieces] = EngineCache(slots=(Slot(),) * slots)
    sessions: dict[str, Session] = {}
    for name in order:
        session = sessions.setdefault(name, _begun(name, folders[name], way, chance))
        others = [Conversation(one.held, 1.0) for one in sessions.values() if one is not session]
        if way == "placed":
            found = place(cache, session.prompt, others, _fillers(session.prompt))
            cache, slot, read = found.cache, found.slot, found.read
        else:
            step = cache.take(session.prompt)
            cache, slot, read = step.cache, step.slot, step.read
        session.reads.append(read)
        session.held = session.prompt.plus(chance.randint(30, 200))
        cache = cache.hold(slot, session.held)
        session.prompt = session.held.plus(chance.randint(100, 800))
    reads = {name: session.reads for name, session in sessions.items()}
    return sum(map(sum, reads.values())), reads


def _begun(name: str, folder: str, way: str, chance: random.Random) -> Session:
    runs = [("front", FRONT), (f"folder {folder}", FOLDER)]
    if way == "plain":
        runs.insert(0, (f"the line of {name}", 1))
    prompt = Pieces(tuple(runs)).plus(chance.randint(10, 40))
    return Session(prompt, prompt)


def _fillers(prompt: Pieces) -> Fillers[Pieces]:
    return Fillers(
        stranger=Pieces((("stranger", 1),)),
        half=lambda tokens: prompt.upto(min(tokens - 8, FRONT)).plus(8),
    )
