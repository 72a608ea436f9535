"""A claim of reuse, against the time that the prefill took."""

import pytest

from cc_proxy.app.translate.answer.reuse import corrected_reuse

EACH = 0.002  # 500 tokens a second


@pytest.mark.parametrize(
    ("claimed", "prompt", "seconds", "reused"),
    [
        (20_000, 20_100, 0.2, 20_000),  # only the new turn was read
        (20_000, 20_100, 40.0, 0),  # as long as a cold one
        (20_000, 20_100, 90.0, 0),  # longer than a cold one: a slow machine
        (20_000, 20_100, 25.0, 0),  # more than half
        (20_000, 20_100, 10.0, 15_100),  # a quarter was read again
        (20_000, 22_000, 7.5, 20_000),  # new text at the end of a long prompt is slower
        (300, 400, 0.6, 300),  # too short for the time to tell
        (0, 20_000, 0.2, 0),  # nothing is claimed where nothing is known
        (500, 400, 0.0, 400),  # never more than there is
        (-5, 400, 0.0, 0),
    ],
)
def test_a_claim_stands_only_where_the_time_allows_it(
    claimed: int, prompt: int, seconds: float, reused: int
) -> None:
    assert corrected_reuse(claimed, prompt, seconds, EACH) == reused


@pytest.mark.parametrize("each", [None, 0.0])
def test_without_a_measured_speed_the_claim_stands(each: float | None) -> None:
    assert corrected_reuse(900, 1000, 60.0, each) == 900


@pytest.mark.parametrize(
    ("claimed", "prompt", "seconds", "reused"),
    # Measured on a real Ollama, cold 3716 tokens in 6.2 s (first column: what a proxy would say).
    [(3715, 3716, 0.008, 3715), (3715, 3741, 0.245, 3715), (3715, 3717, 9.49, 0)],
)
def test_real_prefills_are_told_apart(
    claimed: int, prompt: int, seconds: float, reused: int
) -> None:
    assert corrected_reuse(claimed, prompt, seconds, 6.2 / 3716) == reused
