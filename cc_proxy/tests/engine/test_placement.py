"""Sessions side by side read less than on Ollama's own endpoint, whatever order they take."""

import random

import pytest

from cc_proxy.app.engine_cache import EngineCache
from cc_proxy.app.translate.prompt.placement import Conversation, Fillers, place

from .sessions import FOLDER, FRONT, Pieces, play

STRANGER = Pieces((("stranger", 1),))
NO_HALF: Fillers[Pieces] = Fillers(STRANGER, lambda _tokens: None)
ONE_FOLDER = dict.fromkeys("ABCD", "one")
TWO_FOLDERS = {"A": "one", "B": "two"}
CASES = {
    "two in one folder": ("A" * 6 + "AB" * 12, ONE_FOLDER),
    "two in two folders": ("A" * 6 + "AB" * 12, TWO_FOLDERS),
    "three in one folder": ("AAA" + "AB" * 4 + "ABC" * 10, ONE_FOLDER),
    "three in three folders": ("AAA" + "AB" * 4 + "ABC" * 10, {"A": "1", "B": "2", "C": "3"}),
    "four that begin at once": ("ABCD" * 6, ONE_FOLDER),
    "a long one, then a second": ("A" * 30 + "BA" * 10, ONE_FOLDER),
}


@pytest.mark.parametrize("case", CASES)
def test_sessions_at_once_read_less_than_on_the_plain_endpoint(case: str) -> None:
    order, folders = CASES[case]
    placed, plain, shared = (
        sum(play(order, folders, way, seed)[0] for seed in range(6))
        for way in ("placed", "plain", "shared")
    )
    assert placed <= plain
    assert placed <= shared * 1.01


def test_any_order_of_turns_reads_less_than_on_the_plain_endpoint() -> None:
    chance = random.Random(1)  # noqa: S311 - chance that comes again
    placed = plain = 0
    for seed in range(30):
        order = chance.choices("ABC", k=40)
        folders = {name: chance.choice(["one", "two"]) for name in "ABC"}
        placed += play(order, folders, "placed", seed)[0]
        plain += play(order, folders, "plain", seed)[0]
    assert placed <= 0.9 * plain


def test_one_session_alone_is_sent_as_it_is() -> None:
    read, reads = play("A" * 20, {"A": "one"}, "placed", 1)
    assert (read, reads) == play("A" * 20, {"A": "one"}, "shared", 1)


def test_after_the_first_exchange_each_turn_reads_what_is_new_in_it() -> None:
    _, reads = play("AAAA" + "AB" * 10, ONE_FOLDER, "placed", 1)
    # One token of a stranger for each change of the session.
    assert all(read <= 801 for read in (*reads["A"][-6:], *reads["B"][-6:]))


def test_a_second_session_whose_first_has_ended_reads_its_words_only() -> None:
    front = Pieces((("front", FRONT), ("folder", FOLDER)))
    first, second = front.plus(5_000), front.plus(20)
    cache = EngineCache[Pieces]().take(first).cache
    found = place(cache, second, [Conversation(first, 0.0)], NO_HALF)
    assert (found.before, found.read) == ((), 20)


def test_a_session_in_ram_is_fetched_by_way_of_a_stranger() -> None:
    front = Pieces((("front", FRONT),))
    first, second = front.plus(20_000), front.plus(4_000)
    # Less than half of the first would be kept, so the engine saves it.
    cache = EngineCache[Pieces]().take(first).cache.take(second).cache
    found = place(cache, first.plus(30), [Conversation(second, 1.0)], NO_HALF)
    assert found.before == (STRANGER,)
    assert found.read == 1 + 30
    assert not found.lost
