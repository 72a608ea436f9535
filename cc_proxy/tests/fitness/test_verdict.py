"""When a model is fit, usable or unfit, and what is said to help."""

import pytest

from cc_proxy.app.fitness.advice import other_model
from cc_proxy.app.fitness.interval import wilson
from cc_proxy.app.fitness.report import Memory, Outcome, Report, Run, Speed, TaskReport
from cc_proxy.app.fitness.verdict import Verdict, judge, without_tools

FAST = Speed(read=2_000.0, written=40.0)


def verdict(
    passed: int = 60,
    *,
    calls: dict[Outcome, int] | None = None,
    window: int = 65_536,
    most: int | None = 131_072,
    speed: Speed = FAST,
    on_gpu: float = 1.0,
    runs: int = 3,
    model: str = "m:latest",
    fit: tuple[str, ...] = (),
) -> Verdict:
    every: list[Outcome] = [kind for kind, count in (calls or {}).items() for _ in range(count)]
    made = [Run(number < passed, ("right",)) for number in range(20 * runs)]
    made[0] = Run(passed > 0, ("right", *every))
    tasks = [TaskReport(f"task{n}", "", tuple(made[n * runs : (n + 1) * runs])) for n in range(20)]
    memory = Memory(window, on_gpu)
    report = Report(model, window, tuple(tasks), 20 * runs, speed, memory)
    return judge(report, most, fit)


@pytest.mark.parametrize(
    ("passed", "runs", "level", "possible"),
    [
        (60, 3, "fit", ["fit"]),
        (58, 3, "fit", ["fit", "usable"]),
        (54, 3, "fit", ["fit", "usable"]),
        (53, 3, "usable", ["fit", "usable"]),
        (45, 3, "usable", ["usable"]),
        (36, 3, "usable", ["usable", "unfit"]),
        (35, 3, "unfit", ["usable", "unfit"]),
        (20, 3, "unfit", ["unfit"]),
        (20, 1, "fit", ["fit", "usable"]),
        (12, 1, "usable", ["usable", "unfit"]),
    ],
)
def test_the_share_of_runs_decides_and_the_interval_says_how_sure_that_is(
    passed: int, runs: int, level: str, possible: list[str]
) -> None:
    found = verdict(passed, runs=runs)
    assert (found.level, list(found.possible)) == (level, possible)
    assert found.is_sure == (len(possible) == 1)
    assert f"{passed} of {20 * runs} runs passed" in found.reasons[0].message
    assert (found.reasons[0].help is None) == (level == "fit")


def test_what_limits_the_verdict_otherwise_limits_what_is_possible() -> None:
    found = verdict(58, window=32_768)
    assert (found.level, found.possible) == ("usable", ("usable",))


@pytest.mark.parametrize(
    ("passed", "runs", "low", "high"),
    # By the formula of Wilson, as statistics packages give it.
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (57, 60, 0.8630, 0.9829),
        (5, 10, 0.2366, 0.7634),
    ],
)
def test_the_interval_is_wilsons(passed: int, runs: int, low: float, high: float) -> None:
    assert wilson(passed, runs) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(("passed", "runs"), [(0, 0), (3, 2), (-1, 2)])
def test_no_runs_have_no_interval(passed: int, runs: int) -> None:
    with pytest.raises(ValueError, match="expected 0 to"):
        wilson(passed, runs)


@pytest.mark.parametrize(
    ("tested", "fit", "advice"),
    [
        ("qwen3:4b", (), "cc-proxy models recommend"),
        ("qwen3-coder:30b", (), "cc-proxy models recommend"),
        ("library/Qwen3-Coder", (), "cc-proxy models recommend"),
        ("gpt-oss:20b", ("gpt-oss:20b",), "cc-proxy models recommend"),
        ("qwen3:4b", ("a:1b", "b:1b"), "cc-proxy claude --model a:1b (fit in your test)"),
        ("a:1b", ("a:1b", "b:1b"), "cc-proxy claude --model b:1b (fit in your test)"),
    ],
)
def test_the_advice_is_never_the_tested_model(
    tested: str, fit: tuple[str, ...], advice: str
) -> None:
    assert other_model(tested, fit) == advice
    for found in (verdict(20, model=tested, fit=fit), without_tools(tested, fit)):
        assert advice in (found.reasons[0].help or "")
        assert not any(f" {tested}" in (reason.help or "") for reason in found.reasons)


@pytest.mark.parametrize(
    ("calls", "level", "code"),
    [
        ({"wrong": 10}, "fit", None),
        ({"wrong": 5, "missing": 6}, "usable", "calls_wrong"),
        ({"repaired": 59}, "fit", None),
        ({"repaired": 61}, "fit", "calls_repaired"),
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
