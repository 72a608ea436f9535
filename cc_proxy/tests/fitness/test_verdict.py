"""When a model is fit, usable or unfit, and what is said to help."""

import pytest

from cc_proxy.app.fitness.report import Memory, Outcome, Report, Speed, TaskReport
from cc_proxy.app.fitness.verdict import Verdict, judge, without_tools

FAST = Speed(read=2_000.0, written=40.0)


def verdict(
    done: int = 20,
    *,
    calls: dict[Outcome, int] | None = None,
    window: int = 65_536,
    most: int | None = 131_072,
    speed: Speed = FAST,
    on_gpu: float = 1.0,
) -> Verdict:
    every: list[Outcome] = [kind for kind, count in (calls or {}).items() for _ in range(count)]
    tasks = [TaskReport(f"task{n}", "", n < done, ("right",)) for n in range(20)]
    tasks[0] = TaskReport("task0", "", done > 0, (*tasks[0].calls, *every))
    memory = Memory(window, on_gpu)
    return judge(Report("m:latest", window, tuple(tasks), 20, speed, memory), most)


@pytest.mark.parametrize(
    ("done", "level"), [(20, "fit"), (18, "fit"), (17, "usable"), (12, "usable"), (11, "unfit")]
)
def test_the_tasks_decide(done: int, level: str) -> None:
    found = verdict(done)
    assert found.level == level
    assert f"{done} of 20 tasks done" in found.reasons[0].message
    assert (found.reasons[0].help is None) == (level == "fit")


@pytest.mark.parametrize(
    ("calls", "level", "code"),
    [
        ({"wrong": 3}, "fit", None),
        ({"wrong": 2, "missing": 3}, "usable", "calls_wrong"),
        ({"mended": 19}, "fit", None),
        ({"mended": 21}, "fit", "calls_mended"),
    ],
)
def test_wrong_calls_count_and_mended_ones_are_named(
    calls: dict[Outcome, int], level: str, code: str | None
) -> None:
    found = verdict(calls=calls)
    assert found.level == level
    assert [reason.code for reason in found.reasons] == ["tasks", *([code] if code else [])]


@pytest.mark.parametrize(
    ("window", "most", "level", "helps"),
    [
        (65_536, 131_072, "fit", None),
        (32_768, 131_072, "usable", "Set context_window to 65536"),
        (
            32_768,
            32_768,
            "usable",
            "It can have no larger one: use another model, or cc-proxy claude --profile lean",
        ),
        (
            24_576,
            24_576,
            "usable",
            "It can have no larger one: use another model, or cc-proxy claude --profile bare",
        ),
        (16_384, 16_384, "unfit", "It can have no larger one: use another model"),
        (8_192, 8_192, "unfit", "It can have no larger one: use another model"),
        (4_096, None, "unfit", "Set context_window to 65536"),
    ],
)
def test_the_real_window_counts(
    window: int, most: int | None, level: str, helps: str | None
) -> None:
    found = verdict(window=window, most=most)
    assert found.level == level
    told = [reason.help or "" for reason in found.reasons if reason.code == "small_window"]
    assert told == [] if helps is None else told[0].startswith(helps)


@pytest.mark.parametrize(
    ("speed", "code"),
    [
        (Speed(read=201.0, written=5.0), None),
        (Speed(read=100.0, written=30.0), "reads_slowly"),
        (Speed(read=None, written=None), None),
        (Speed(read=900.0, written=4.9), "writes_slowly"),
    ],
)
def test_a_slow_model_is_no_more_than_usable(speed: Speed, code: str | None) -> None:
    found = verdict(speed=speed)
    assert found.level == ("usable" if code else "fit")
    assert [reason.code for reason in found.reasons[1:]] == ([code] if code else [])


def test_a_model_that_spills_over_is_told_of_a_smaller_one() -> None:
    found = verdict(speed=Speed(read=100.0, written=30.0), on_gpu=0.5)
    assert "smaller model or quantization" in (found.reasons[1].help or "")


def test_a_model_without_tools_needs_no_test() -> None:
    found = without_tools("m")
    assert (found.level, found.reasons[0].code) == ("unfit", "no_tools")
