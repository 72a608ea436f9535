"""The verdict: fit, usable or unfit, why, and what would help."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cc_proxy.app.claude_needs import (
    ENOUGH_WINDOW,
    FIRST_REQUEST_TOKENS,
    LEAN_WINDOW,
    LEAST_WINDOW,
    PATIENCE_SECONDS,
)
from cc_proxy.app.fitness.report import Report

Level = Literal["fit", "usable", "unfit"]
_ORDER: tuple[Level, ...] = ("fit", "usable", "unfit")
_NAMED = 4

# Of the tasks: a session has hundreds of calls, and each that fails costs a turn or the thread.
FIT_SHARE = 0.9
USABLE_SHARE = 0.6
_MOST_WRONG_SHARE = 0.15
_MUCH_MENDED_SHARE = 0.5
_LEAST_WRITTEN_PER_SECOND = 5.0
_BETTER = "cc-proxy models pull qwen3-coder:30b"


@dataclass(frozen=True)
class Reason:
    """One reason: the best verdict it allows, what is the case, what would help."""

    code: str
    allows: Level
    message: str
    help: str | None = None


@dataclass(frozen=True)
class Verdict:
    """The judgement of a model."""

    level: Level
    reasons: tuple[Reason, ...]


def without_tools(model: str) -> Verdict:
    """Return the verdict on a model that needs no test."""
    text = f"{model} has no tools, says Ollama, and Claude Code works with nothing else"
    return Verdict("unfit", (Reason("no_tools", "unfit", text, _BETTER),))


def judge(report: Report, max_window: int | None) -> Verdict:
    """Judge a test; `max_window` is the largest window that the model can have, in tokens."""
    reasons = (*_tasks(report), *_calls(report), *_window(report, max_window), *_speed(report))
    level: Level = max((reason.allows for reason in reasons), key=_ORDER.index)
    return Verdict(level, reasons)


def _tasks(report: Report) -> Iterator[Reason]:
    done, asked = report.reached, len(report.tasks)
    if len(report.tasks) < report.asked and not done:
        text = f"it made no call that could be used in the first {asked} tasks"
        yield Reason("no_calls", "unfit", text, _BETTER)
        return
    missed = [task.name for task in report.tasks if not task.reached]
    if not missed:
        yield Reason("tasks", "fit", f"{done} of {asked} tasks done")
        return
    share = done / asked
    level: Level = "fit" if share >= FIT_SHARE else "usable" if share >= USABLE_SHARE else "unfit"
    more = f" and {len(missed) - _NAMED} more" if len(missed) > _NAMED else ""
    text = f"{done} of {asked} tasks done; not {', '.join(missed[:_NAMED])}{more}"
    helps = None if level == "fit" else f"A larger model, or one made for code: {_BETTER}"
    yield Reason("tasks", level, text, helps)


def _calls(report: Report) -> Iterator[Reason]:
    total = sum(len(task.calls) for task in report.tasks)
    if not report.reached:
        return
    bad = report.count("wrong") + report.count("missing")
    mended = report.count("mended")
    if total and bad / total > _MOST_WRONG_SHARE:
        text = f"{bad} of {total} calls were wrong or missing"
        yield Reason("calls_wrong", "usable", text)
    if total and mended / total > _MUCH_MENDED_SHARE:
        text = f"{mended} of {total} calls reached the client only because cc-proxy mended them"
        helps = f"A newer version of it may call tools better: cc-proxy models pull {report.model}"
        yield Reason("calls_mended", "fit", text, helps)


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
