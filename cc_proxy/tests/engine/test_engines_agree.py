"""The rules of the cache are the real server's: any order of prompts costs both the same."""

import random
from collections.abc import Sequence

import pytest

from cc_proxy.app.practice.engine.base import PracticeEngine

from .conftest import reads

# Many short runs on one server: its earlier prompts are part of what both have to know.
RUNS, PROMPTS = 6, 30


def _words(chance: random.Random, count: int) -> bytes:
    return bytes(chance.choices(b"abcdefgh", k=4 * count))


def _prompts(chance: random.Random) -> list[tuple[bytes, bytes]]:
    """Return prompts of sessions that share fronts, go on, are compacted, or share nothing."""
    fronts = [_words(chance, chance.randrange(20, 300)) for _ in range(2)]
    fronts.append(fronts[0][: len(fronts[0]) // 8 * 4] + _words(chance, 100))
    sessions: list[bytes] = []
    prompts = []
    for _ in range(PROMPTS):
        kind = chance.random()
        if kind < 0.2 or not sessions:
            sessions.append(chance.choice(fronts) + _words(chance, chance.randrange(1, 30)))
            place = len(sessions) - 1
        elif kind < 0.3:
            prompts.append((_words(chance, chance.randrange(1, 200)), b""))
            continue
        else:
            place = chance.randrange(len(sessions))
        says = _words(chance, chance.randrange(1, 20))
        prompts.append((sessions[place], says))
        sessions[place] += says + _words(chance, chance.choice([2, 5, 20, 400]))
        if chance.random() < 0.1:
            sessions[place] = sessions[place][: chance.randrange(4, len(sessions[place]))]
    return prompts


async def _played(engine: PracticeEngine, prompts: Sequence[tuple[bytes, bytes]]) -> list[object]:
    return [await reads(engine, text, says) for text, says in prompts]


@pytest.mark.parametrize("seed", range(RUNS))
async def test_every_prompt_keeps_what_the_rules_say(
    llama: PracticeEngine, rules: PracticeEngine, seed: int
) -> None:
    prompts = _prompts(random.Random(seed))  # noqa: S311 - chance that comes again
    assert await _played(rules, prompts) == await _played(llama, prompts)
