"""The verdict: fit, usable or unfit, how sure that is, why, and what would help."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cc_proxy.app.claude_needs import (
    ENOUGH_WINDOW,
    FIRST_REQUEST_TOKENS,
    LEAN_WINDOW,
    LEAST_WINDOW,
    PATIENCE_SECONDS,
)
from cc_proxy.app.fitness.advice import other_model
from cc_proxy.app.fitness.interval import wilson
from cc_proxy.app.fitness.report import Report, TaskReport

Level = Literal["fit", "usable", "unfit"]
_ORDER: tuple[Level, ...] = ("fit", "usable", "unfit")
_NAMED = 4

# Of the runs: a session has hundreds of calls, and each that fails costs a turn or the thread.
FIT_SHARE = 0.9
USABLE_SHARE = 0.6
_MOST_WRONG_SHARE = 0.15
_MUCH_REPAIRED_SHARE = 0.5
_LEAST_WRITTEN_PER_SECOND = 5.0


@dataclass(frozen=True)
class Reason:
    """One reason: the best verdict it allows, what is the case, what would help."""

    code: str
    allows: Level
    message: str
    help: str | None = None


@dataclass(frozen=True)
class Verdict:
    """The judgement of a model.

    `interval` is where the share of passed runs lies, with 95 % confidence (0 to 1; None if the
    runs did not decide). `possible` are the verdicts that fit to it: one alone is a sure one.
    """

    level: Level
    reasons: tuple[Reason, ...]
    interval: tuple[float, float] | None = None
    possible: tuple[Level, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Return whether chance in the runs could not have changed the verdict."""
        return len(self.possible) <= 1


def without_tools(model: str, fit: Sequence[str] = ()) -> Verdict:
    """Return the verdict on a model that needs no test."""
    text = f"{model} has no tools, says Ollama, and Claude Code works with nothing else"
    reason = Reason("no_tools", "unfit", text, other_model(model, fit))
    return Verdict("unfit", (reason,), possible=("unfit",))


def judge(report: Report, max_window: int | None, fit: Sequence[str] = ()) -> Verdict:
    """Judge a test.

    `max_window` is the largest window that the model can have, in tokens; `fit` are other pulled
    models that passed their own test.
    """
    better = other_model(report.model, fit)
    others = (*_calls(report, better), *_window(report, max_window), *_speed(report))
    reasons = (*_tasks(report, better), *others)
    level = _worst(reasons)
    if not report.runs or any(reason.code == "no_calls" for reason in reasons):
        return Verdict(level, reasons, possible=(level,))
    low, high = wilson(report.passed, report.runs)
    least = _worst(others)
    by_share = (_level(low), _level(report.passed / report.runs), _level(high))
    possible = {max(least, share, key=_ORDER.index) for share in by_share}
    return Verdict(level, reasons, (low, high), tuple(one for one in _ORDER if one in possible))


def _worst(reasons: Sequence[Reason]) -> Level:
    return max((reason.allows for reason in reasons), key=_ORDER.index, default="fit")


def _level(share: float) -> Level:
    return "fit" if share >= FIT_SHARE else "usable" if share >= USABLE_SHARE else "unfit"


def _tasks(report: Report, better: str) -> Iterator[Reason]:
    passed, runs = report.passed, report.runs
    if runs < report.planned and not passed:
        text = f"it made no call that could be used in the first {runs} runs"
        yield Reason("no_calls", "unfit", text, better)
        return
    missed = [_named(task) for task in report.tasks if task.passed < len(task.runs)]
    if runs and not missed:
        yield Reason("tasks", "fit", f"{passed} of {runs} runs passed")
    elif runs:
        level = _level(passed / runs)
        more = f" and {len(missed) - _NAMED} more" if len(missed) > _NAMED else ""
        text = f"{passed} of {runs} runs passed; not always {', '.join(missed[:_NAMED])}{more}"
        helps = None if level == "fit" else f"A larger model, or one made for code: {better}"
        yield Reason("tasks", level, text, helps)


def _named(task: TaskReport) -> str:
    return f"{task.name} ({task.passed} of {len(task.runs)})"


def _calls(report: Report, better: str) -> Iterator[Reason]:
    total = sum(len(task.calls) for task in report.tasks)
    if not report.passed:
        return
    bad = report.count("wrong") + report.count("missing")
    repaired = report.count("repaired")
    if total and bad / total > _MOST_WRONG_SHARE:
        text = f"{bad} of {total} calls were wrong or missing"
        yield Reason("calls_wrong", "usable", text)
    if total and repaired / total > _MUCH_REPAIRED_SHARE:
        text = f"{repaired} of {total} calls reached the client only because cc-proxy repaired them"
        yield Reason("calls_repaired", "fit", text, f"A model that calls tools better: {better}")


def _window(report: Report, max_window: int | None) -> Iterator[Reason]:
    window = report.window
    if window >= ENOUGH_WINDOW:
        return
    text = f"its window is {window:,} tokens; Claude Code needs {ENOUGH_WINDOW:,} to work well"
    if max_window is not None and max_window <= window:
        helps = "It can have no larger one: use another model"
        if window >= LEAST_WINDOW:
            helps += f", or cc-proxy claude --profile {'lean' if window >= LEAN_WINDOW else 'bare'}"
    else:
        helps = f"Set context_window to {ENOUGH_WINDOW} for it in the configuration"
    yield Reason("small_window", "usable" if window >= LEAST_WINDOW else "unfit", text, helps)


def _speed(report: Report) -> Iterator[Reason]:
    read, written, memory = report.speed.read, report.speed.written, report.memory
    smaller = ", or a smaller model or quantization" if memory and memory.on_gpu < 1 else ""
    if read is not None and FIRST_REQUEST_TOKENS / read > PATIENCE_SECONDS:
        seconds = FIRST_REQUEST_TOKENS / read
        text = f"it reads {read:,.0f} tokens/s: Claude Code's first request takes {seconds:,.0f} s"
        yield Reason("reads_slowly", "usable", text, f"cc-proxy claude --profile lean{smaller}")
    if written is not None and written < _LEAST_WRITTEN_PER_SECOND:
        text = f"it writes {written:.1f} tokens/s"
        yield Reason("writes_slowly", "usable", text, "A smaller model or quantization")
