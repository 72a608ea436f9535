"""Stop sequences in a text that comes in pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_proxy.app.translate.answer.stops import StopFinder


@pytest.mark.parametrize(
    ("sequences", "pieces", "text", "found"),
    [
        ((), ["all of it"], "all of it", None),
        (("END",), ["one END two"], "one ", "END"),
        (("END",), ["one E", "N", "D two", "three"], "one ", "END"),
        (("END",), ["one EN", "ough"], "one ENough", None),
        (("END",), ["one EN"], "one EN", None),
        (("b", "ab"), ["xab"], "x", "ab"),
        (("aab",), ["aa", "ab"], "a", "aab"),
        (("",), ["text"], "text", None),
    ],
)
def test_the_text_ends_before_the_first_stop_sequence(
    sequences: tuple[str, ...], pieces: list[str], text: str, found: str | None
) -> None:
    finder = StopFinder(sequences)
    got = "".join(finder.feed(piece) for piece in pieces) + finder.finish()
    assert (got, finder.found) == (text, found)


@given(
    st.text("ab", max_size=30),
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3),
    st.integers(1, 5),
)
def test_however_the_text_is_cut_the_end_is_the_same(
    text: str, sequences: list[str], size: int
) -> None:
    finder = StopFinder(tuple(sequences))
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    got = "".join(finder.feed(piece) for piece in pieces) + finder.finish()
    assert text.startswith(got)
    if finder.found is None:
        assert got == text
        assert not any(sequence in text for sequence in sequences)
    else:
        assert text[len(got) :].startswith(finder.found)
        # Nothing that stops stood whole before the place where it stopped.
        assert not any(sequence in got for sequence in sequences)


def test_long_sequences_cost_no_more_for_each_letter() -> None:
    finder = StopFinder(("a" * 4000 + "b", "a" * 3999 + "c"))
    got = [finder.feed("a") for _ in range(50_000)]
    assert "".join(got) + finder.finish() == "a" * 50_000
