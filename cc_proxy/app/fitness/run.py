"""A whole test of a model: its speed, and then one task after the other."""

from collections.abc import Callable, Sequence

from cc_proxy.app.chat.target import Target
from cc_proxy.app.fitness.attempt import Model, attempt
from cc_proxy.app.fitness.report import Report, TaskReport
from cc_proxy.app.fitness.speed import first_answer, measured, memory
from cc_proxy.app.fitness.tasks import TASKS, Task
from cc_proxy.app.upstreams.ollama.client import OllamaClient

# Who has reached no goal and made no call by then will not begin to.
_PATIENCE_TASKS = 6


async def run(
    target: Target,
    ollama: OllamaClient,
    *,
    tasks: Sequence[Task] = TASKS,
    begins: Callable[[int, Task, Sequence[TaskReport]], None],
) -> Report:
    """Test a model; `begins` is called before each task, with its number and the reports so far.

    A model that can do nothing of it is let off after the first tasks.

    Raises:
        UpstreamError: Ollama cannot be asked, or breaks off.

    """
    model = Model(target, ollama)
    first = await first_answer(target, ollama)
    found = await memory(target, ollama)
    reports: list[TaskReport] = []
    for number, task in enumerate(tasks, 1):
        begins(number, task, reports)
        reports.append(await attempt(task, model))
        if number == _PATIENCE_TASKS and not any(_shows_promise(report) for report in reports):
            break
    return Report(
        model=target.model.name,
        window=found.window if found else target.window,
        tasks=tuple(reports),
        asked=len(tasks),
        speed=measured(first, model.last_chunks),
        memory=found,
    )


def _shows_promise(report: TaskReport) -> bool:
    return report.reached or "right" in report.calls or "mended" in report.calls
