"""What the rules of the cache keep of a prompt, against the time that reading took."""

import pytest

from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.translate.answer.reuse import checked_reuse, estimate_reuse

EACH = 0.002  # 500 tokens a second


@pytest.mark.parametrize("seconds", [0.0, 0.2, 10.0, 25.0, 40.0, 900.0])
def test_a_long_time_proves_nothing(seconds: float) -> None:
    assert checked_reuse(20_000, 20_100, seconds, EACH) == 20_000


@pytest.mark.parametrize(
    ("kept", "prompt", "seconds", "reused"),
    [
        (0, 20_000, 40.0, 0),
        (0, 20_000, 9.0, 0),  # a machine that is not busy any more
        (0, 20_000, 7.0, None),  # cannot have been read whole
        (5_000, 20_000, 0.2, None),
        (18_000, 20_000, 0.01, 18_000),  # too little to tell by its time
        (0, 400, 0.001, 0),
        (0, 20_000, 0.0, 0),  # no time was measured
        (500, 400, 0.2, 399),  # the last token is always read
        (-5, 400, 0.2, 0),
        (None, 20_000, 0.2, None),
        (None, 20_000, 40.0, None),
    ],
)
def test_a_prompt_that_was_read_fast_was_not_read_whole(
    kept: int | None, prompt: int, seconds: float, reused: int | None
) -> None:
    assert checked_reuse(kept, prompt, seconds, EACH) == reused


@pytest.mark.parametrize("each", [None, 0.0])
def test_without_a_measured_speed_the_rules_decide(each: float | None) -> None:
    assert checked_reuse(900, 1000, 60.0, each) == 900


@pytest.mark.parametrize(
    ("kept", "prompt", "seconds", "reused"),
    # Measured on a real Ollama, cold 3716 tokens in 6.2 s.
    [(0, 3716, 0.008, None), (3715, 3716, 0.008, 3715), (3715, 3741, 0.245, 3715)],
)
def test_real_prefills(kept: int, prompt: int, seconds: float, reused: int | None) -> None:
    assert checked_reuse(kept, prompt, seconds, 6.2 / 3716) == reused


@pytest.mark.parametrize(
    ("cached", "reused"), [(None, None), (0, 0), (70, 70), (100, 99), (4_000, 99), (-1, 0)]
)
def test_what_ollama_reports_is_within_the_prompt(cached: int | None, reused: int | None) -> None:
    last = ChatChunk(done=True, prompt_eval_count=100, prompt_eval_cached_count=cached)
    assert estimate_reuse(last) == (100, reused)
