"""Text over and over, told from text that is only alike."""

import pytest

from cc_proxy.app.translate.answer.retry.loops import LoopWatch, repeats

PARAGRAPH = "".join(f"Sentence number {n} is about something else. " for n in range(12))


@pytest.mark.parametrize(
    "text",
    [
        "Wait, let me think about this again. " * 100,
        "yes\n" * 700,
        "An introduction that comes once. " + PARAGRAPH[:550] * 6,
        "我再想一想\n" * 500,
    ],
)
def test_text_over_and_over(text: str) -> None:
    assert repeats(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        "-" * 5_000,
        "0, " * 2_000,
        "| --- | --- |\n" * 20 + PARAGRAPH * 3,
        "".join(f"Step {n}: do the next thing.\n" for n in range(300)),
        PARAGRAPH * 3,
        "Wait, let me think about this again. " * 40,
    ],
)
def test_text_that_only_looks_like_it(text: str) -> None:
    assert not repeats(text)


def test_a_watch_looks_at_each_so_many_letters_and_keeps_the_end_alone() -> None:
    watch, looks, found = LoopWatch(), 0, 0
    for _ in range(10_000):
        watch.note("the same words ")
        if watch.is_due:
            looks += 1
            found += watch.finds()
    assert looks < 150
    assert found >= looks - 3
