"""Bytes as tokens, and where two texts part."""

from hypothesis import given
from hypothesis import strategies as st

from cc_proxy.app.practice.engine.chunks import Chunks
from cc_proxy.app.practice.model import meter


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_the_common_prefix_is_the_longest_one(one: bytes, other: bytes) -> None:
    length = meter.common_prefix(one, other)
    assert one[:length] == other[:length]
    assert length in (len(one), len(other)) or one[length] != other[length]


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_a_longer_prompt_never_has_fewer_tokens(prompt: bytes, more: bytes) -> None:
    assert meter.count(prompt) <= meter.count(prompt + more)


@given(st.text(alphabet="ab", max_size=40), st.text(alphabet="ab", max_size=40))
def test_two_texts_share_what_their_numbers_share(one: str, other: str) -> None:
    left, right = Chunks(one.encode()), Chunks(other.encode())
    pairs = zip(left.ids(), right.ids(), strict=False)
    same = next((n for n, (a, b) in enumerate(pairs) if a != b), min(left.tokens, right.tokens))
    assert left.shared(right) == right.shared(left) == same
    assert len(left.ids()) == left.tokens
