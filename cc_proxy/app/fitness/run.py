"""A whole test of a model: its speed, and then its tasks, several times each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.fitness import estimate
from cc_proxy.app.fitness.attempt import Model, attempt
from cc_proxy.app.fitness.report import Report, Run, TaskReport
from cc_proxy.app.fitness.speed import first_answer, measured, memory
from cc_proxy.app.fitness.task import Task
from cc_proxy.app.fitness.tasks import TASKS

# How often each task is run: chance decides a single run.
PASSES = 3
# A model that has reached no goal and made no call by then will not begin to.
_PATIENCE_RUNS = 6


@dataclass(frozen=True)
class Watcher:
    """Callbacks for the progress of a test.

    `planned` is called once, with the number of runs, about how many seconds they take (None: not
    known), and how many seconds one run of each task would take. `begins` is called before each
    run, with its number, its task, and how many runs passed so far.
    """

    planned: Callable[[int, float | None, float | None], None]
    begins: Callable[[int, Task, int], None]


async def run(
    target: Target,
    ollama: Upstream,
    *,
    watcher: Watcher,
    tasks: Sequence[Task] = TASKS,
    passes: int = PASSES,
) -> Report:
    """Test a model: each of the tasks that fit into its window, `passes` times.

    The test ends early if the model does nothing useful in the first runs.

    Raises:
        UpstreamError: Ollama cannot be asked, or breaks off.

    """
    model = Model(target, ollama)
    first = await first_answer(target, ollama)
    found = await memory(target, ollama)
    window = found.window if found else target.window
    fitting = [task for task in tasks if task.window <= window]
    plan = _plan(fitting, passes)
    speed = measured(first, [])
    watcher.planned(len(plan), estimate.seconds(plan, speed), estimate.seconds(fitting, speed))
    runs: dict[str, list[Run]] = {}
    passed = 0
    for number, task in enumerate(plan, 1):
        watcher.begins(number, task, passed)
        done = await attempt(task, model)
        passed += done.reached
        runs.setdefault(task.name, []).append(done)
        every = [each for made in runs.values() for each in made]
        if number == _PATIENCE_RUNS and not any(map(_shows_promise, every)):
            break
    return Report(
        model=target.model.name,
        window=window,
        tasks=tuple(
            TaskReport(task.name, task.about, tuple(runs[task.name]))
            for task in tasks
            if task.name in runs
        ),
        planned=len(plan),
        speed=measured(first, model.last_chunks),
        memory=found,
        too_large=tuple(task.name for task in tasks if task.window > window),
    )


def _plan(tasks: Sequence[Task], passes: int) -> list[Task]:
    """Return the runs in their order: pass by pass, then those with a history, each in a row.

    Ollama keeps one conversation in its slot, so a history would be read again in each pass.
    """
    short = [task for task in tasks if not task.history]
    long = [task for task in tasks if task.history]
    return short * passes + [task for task in long for _ in range(passes)]


def _shows_promise(run: Run) -> bool:
    return run.reached or "right" in run.calls or "repaired" in run.calls
