"""What of a prompt was read before, for each way in which one request follows another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_proxy.app.practice.model import meter
from cc_proxy.app.practice.model.meter import PromptCache

A = b"system prompt " * 400 + b"what shall I do?"


@pytest.fixture
def cache() -> PromptCache:
    cache = PromptCache()
    cache.keep(A)
    return cache


def test_an_unknown_prompt_is_read_whole() -> None:
    assert PromptCache().reused(A) == 0


def test_the_same_prompt_again_reads_its_last_token_only(cache: PromptCache) -> None:
    assert cache.reused(A) == meter.count(A) - 1


def test_one_more_turn_reads_that_turn(cache: PromptCache) -> None:
    longer = A + b" and this is new"
    assert meter.count(longer) - cache.reused(longer) == 4


def test_a_changed_byte_near_the_front_reads_everything_behind_it(cache: PromptCache) -> None:
    changed = A[:13] + b"X" + A[14:]
    assert cache.reused(changed) == 3


def test_an_unrelated_request_and_back_still_reuses(cache: PromptCache) -> None:
    cache.keep(b"something else entirely")
    assert cache.reused(A) == meter.count(A) - 1


def test_the_oldest_prompt_is_forgotten_when_too_many_are_kept() -> None:
    cache = PromptCache(kept=2)
    for name in (b"first " * 9, b"second " * 9, b"third " * 9):
        cache.keep(name)
    assert cache.reused(b"first " * 9) == 0
    assert cache.reused(b"second " * 9) > 0


def test_a_prompt_takes_the_place_of_the_one_it_continues() -> None:
    cache = PromptCache(kept=2)
    cache.keep(b"unrelated " * 9)
    for length in range(20, 60, 10):
        cache.keep(A[:length])
    assert cache.reused(b"unrelated " * 9) > 0


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_the_common_prefix_is_the_longest_one(one: bytes, other: bytes) -> None:
    length = meter.common_prefix(one, other)
    assert one[:length] == other[:length]
    assert length in (len(one), len(other)) or one[length] != other[length]


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_a_longer_prompt_never_has_fewer_tokens(prompt: bytes, more: bytes) -> None:
    assert meter.count(prompt) <= meter.count(prompt + more)
