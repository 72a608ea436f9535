"""`cc-proxy models test`, which tells whether a model is fit for Claude Code."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from cc_proxy.app.chat.errors import UpstreamRefusedError
from cc_proxy.app.chat.model_names import same_model
from cc_proxy.app.cli.common import Common, define, model_names
from cc_proxy.app.cli.models import verdicts
from cc_proxy.app.cli.output.amounts import duration
from cc_proxy.app.cli.output.progress import Steps
from cc_proxy.app.cli.output.result import FAILED, ErrorItem, Result, aligned, note
from cc_proxy.app.cli.value_types import WholeNumberFrom
from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.fitness.advice import REAL_OLLAMA
from cc_proxy.app.gateway.storage.fitness_verdicts import KeptTest, fit_names

if TYPE_CHECKING:
    from cc_proxy.app.chat.target import Target
    from cc_proxy.app.config import Settings
    from cc_proxy.app.fitness.report import Report
    from cc_proxy.app.fitness.run import Watcher
    from cc_proxy.app.fitness.task import Task
    from cc_proxy.app.fitness.verdict import Verdict
    from cc_proxy.app.gateway.storage.fitness_verdicts import PastTests

_NAME = "models test"
_TASKS = 20
_PASSES = 3
_LONG_SECONDS = 600.0


class ModelTestError(CcProxyError):
    """A model cannot be tested; `code` says why."""


@define("test")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=model_names)
@click.option(
    "--tasks",
    "count",
    type=WholeNumberFrom(1, _TASKS),
    default=_TASKS,
    show_default=True,
    metavar="N",
    help="Run the first N tasks only.",
)
@click.option("--quick", is_flag=True, help="Run each task once, not three times: less sure.")
@click.option(
    "--auto",
    is_flag=True,
    help="Measure the model as the safety check of auto mode, with Claude Code's own policy.",
)
def command(common: Common, *, name: str | None, count: int, quick: bool, auto: bool) -> Result:
    """Test whether a model is fit for Claude Code.

    NAME is a model of Ollama's or an alias; without it the default model is tested. It gets
    twenty tasks, three times each, with the tools and in the length of a real session, in a
    simulated project: nothing of this machine is read, written or run. Ollama is asked directly,
    so it does not matter whether the proxy runs. Exits with 1 if the model is unfit.

    Example: cc-proxy models test qwen3-coder:30b
    """
    if auto:
        given = click.get_current_context().get_parameter_source("count")
        if quick or given is not ParameterSource.DEFAULT:
            raise click.UsageError("Expected --auto alone, found --tasks or --quick too.")
        from cc_proxy.app.cli.models import auto_mode  # noqa: PLC0415 - it brings aiohttp

        return auto_mode.command(common, name)
    settings, paths = common.load().settings, common.paths()
    kept, _ = verdicts.load_verdicts(paths)  # `models` says what is wrong with the file
    steps = Steps()
    passes = 1 if quick else _PASSES
    try:
        target, digest, report, verdict = asyncio.run(
            _tested(settings, name, (count, passes), (kept, verdicts.results(common)), steps)
        )
    finally:
        steps.close()
    model = target.model.name
    warnings: list[ErrorItem] = []
    # A part of a test says too little to be shown later.
    if report is not None and count == _TASKS:
        try:
            verdicts.save_verdict(paths, model, _kept_test(report, verdict, digest))
        except CcProxyError as error:  # the test itself has been made
            warnings.append(ErrorItem.of(error))
    return Result(
        _NAME,
        _data(model, report, verdict),
        tuple(_lines(model, report, verdict, is_quick=quick)),
        warnings=tuple(warnings),
        errors=_errors(model, verdict),
        exit_code=FAILED if verdict.level == "unfit" else 0,
    )


async def _tested(
    settings: "Settings",
    name: str | None,
    amount: tuple[int, int],
    tests: tuple[Mapping[str, "KeptTest"], "PastTests"],
    steps: Steps,
) -> tuple["Target", str, "Report | None", "Verdict"]:
    from cc_proxy.app.anthropic.errors import ApiError  # noqa: PLC0415 - not for `--help`
    from cc_proxy.app.chat.model_names import ANY_CLAUDE  # noqa: PLC0415 - not for `--help`
    from cc_proxy.app.fitness import verdict  # noqa: PLC0415 - it brings aiohttp
    from cc_proxy.app.fitness.run import run  # noqa: PLC0415 - as above
    from cc_proxy.app.fitness.tasks import TASKS  # noqa: PLC0415 - as above
    from cc_proxy.app.gateway.routing.models import Models  # noqa: PLC0415 - as above
    from cc_proxy.app.upstreams.choice import all_configured  # noqa: PLC0415 - as above

    async with all_configured(settings) as upstreams:
        try:
            target = await Models(settings, upstreams, tests[1]).target(name or ANY_CLAUDE)
            ollama = upstreams.named(target.upstream)
            pulled = await ollama.models()
        except UpstreamRefusedError as error:
            hint = error.hint or "cc-proxy models"
            raise ModelTestError(error.message, code="model_refused", hint=hint) from error
        except ApiError as error:
            raise ModelTestError(error.message, code="no_model", hint="cc-proxy models") from error
        if target.model.is_practice:
            raise ModelTestError(
                f"{target.model.name} is a model of the practice server: it plays scripts, so a"
                " test would say nothing.",
                code="practice_model",
                hint=f"With a real Ollama: {REAL_OLLAMA} cc-proxy models test",
            )
        own = (one.digest for one in pulled if same_model(one.name, target.model.name))
        digest = next(own, "")
        fit = fit_names(tests[0], pulled)
        if not target.model.can("tools"):
            return target, digest, None, verdict.without_tools(target.model.name, fit)
        steps.show(f"Loading {target.model.name}, and measuring its speed")
        count, passes = amount
        watcher = _watcher(steps, passes)
        report = await run(target, ollama, watcher=watcher, tasks=TASKS[:count], passes=passes)
        return target, digest, report, verdict.judge(report, target.model.max_context, fit)


def _watcher(steps: Steps, passes: int) -> "Watcher":
    from cc_proxy.app.fitness.run import Watcher  # noqa: PLC0415 - see common.Common

    planned = 0

    def plans(runs: int, seconds: float | None, quick_seconds: float | None) -> None:
        nonlocal planned
        planned = runs
        steps.close()
        if seconds is None or quick_seconds is None:
            note(f"{runs} runs; Ollama does not say how fast the model is")
            return
        text = f"{runs} runs, about {duration(max(seconds, 1))}; longer if the model thinks"
        if passes > 1 and seconds > _LONG_SECONDS:
            text += f". With --quick about {duration(quick_seconds)}"
        note(text)

    def begins(number: int, task: "Task", passed: int) -> None:
        steps.show(f"{number:2} of {planned}  {task.name}: {task.about}  ({passed} passed)")

    return Watcher(plans, begins)


def _kept_test(report: "Report", verdict: "Verdict", digest: str) -> "KeptTest":

    return KeptTest(
        tested_at=datetime.now(UTC).isoformat(timespec="seconds"),
        digest=digest,
        verdict=verdict.level,
        passed=report.passed,
        runs=report.runs,
        calls=_calls(report),
        read_tokens_per_second=_rounded(report.speed.read),
        written_tokens_per_second=_rounded(report.speed.written),
        context_window=report.window,
    )


def _data(model: str, report: "Report | None", verdict: "Verdict") -> dict[str, object]:
    data: dict[str, object] = {
        "model": model,
        "verdict": verdict.level,
        "reasons": [
            {"code": one.code, "allows": one.allows, "message": one.message, "help": one.help}
            for one in verdict.reasons
        ],
        "possible_verdicts": list(verdict.possible),
    }
    if report is None:
        return data | dict.fromkeys(
            (
                *("passed", "runs", "confidence_interval", "calls", "tasks", "too_large_tasks"),
                *("speed", "context_window", "gpu_share"),
            )
        )
    return data | {
        "passed": report.passed,
        "runs": report.runs,
        "confidence_interval": None
        if verdict.interval is None
        else [round(end, 3) for end in verdict.interval],
        "calls": _calls(report),
        "tasks": [
            {
                "name": task.name,
                "about": task.about,
                "passed": task.passed,
                "runs": len(task.runs),
                "calls": list(task.calls),
                "trouble": task.trouble,
            }
            for task in report.tasks
        ],
        "too_large_tasks": list(report.too_large),
        "speed": {
            "read_tokens_per_second": _rounded(report.speed.read),
            "written_tokens_per_second": _rounded(report.speed.written),
        },
        "context_window": report.window,
        "gpu_share": None if report.memory is None else round(report.memory.on_gpu, 3),
    }


def _calls(report: "Report") -> dict[str, int]:
    from cc_proxy.app.fitness.report import OUTCOMES  # noqa: PLC0415 - see common.Common

    return {outcome: report.count(outcome) for outcome in OUTCOMES}


def _lines(
    model: str, report: "Report | None", verdict: "Verdict", *, is_quick: bool
) -> Iterator[str]:
    if report is not None:
        yield from _task_lines(report)
        yield ""
        yield from aligned(_figures(report))
        yield ""
    yield f"{model} is {verdict.level} for Claude Code{_certainty(verdict, is_quick=is_quick)}"
    told = {item.hint for item in _errors(model, verdict)}  # stderr has it
    for reason in verdict.reasons:
        yield f"  {reason.message}"
        if reason.help is not None and reason.help not in told:
            yield f"    -> {reason.help}"


def _task_lines(report: "Report") -> Iterator[str]:
    width = max((len(task.name) for task in report.tasks), default=0)
    for task in report.tasks:
        line = f"{task.passed} of {len(task.runs)}  {task.name:{width}}  {task.about}"
        helped = task.calls.count("repaired")
        yield f"{line} ({helped} repaired)" if helped else line
        if task.trouble is not None:
            yield f"        {'':{width}}  -> {task.trouble}"
    for name in report.too_large:
        yield f"not run  {name}: it does not fit into a window of {report.window:,} tokens"


def _certainty(verdict: "Verdict", *, is_quick: bool) -> str:
    if verdict.interval is None:
        return ":"
    low, high = verdict.interval
    text = f"it passes between {low:.0%} and {high:.0%} of such runs (95 % confidence)"
    if verdict.is_sure:
        return f". That is sure: {text}."
    others = " or ".join(level for level in verdict.possible if level != verdict.level)
    more = " A test without --quick is surer." if is_quick else ""
    return f". More runs could find it {others}: {text}.{more}"


def _figures(report: "Report") -> Iterator[tuple[str, str]]:
    yield "Runs", f"{report.passed} of {report.runs} passed"
    yield "Calls", ", ".join(f"{count} {outcome}" for outcome, count in _calls(report).items())
    read, written = report.speed.read, report.speed.written
    if read is not None and written is not None:
        yield "Speed", f"reads {read:,.0f} tokens/s, writes {written:,.1f} tokens/s"
    yield "Window", f"{report.window:,} tokens"
    if report.memory is not None:
        yield "Memory", f"{report.memory.on_gpu:.0%} on the GPU"


def _errors(model: str, verdict: "Verdict") -> tuple[ErrorItem, ...]:
    if verdict.level != "unfit":
        return ()
    worst = next(reason for reason in verdict.reasons if reason.allows == "unfit")
    return (ErrorItem("model_unfit", f"The test found {model} unfit.", worst.help),)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
