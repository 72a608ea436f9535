"""The results of a test."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["right", "repaired", "wrong", "missing"]
OUTCOMES: tuple[Outcome, ...] = ("right", "repaired", "wrong", "missing")


@dataclass(frozen=True)
class Run:
    """One run of a task: whether it reached the goal, its calls one by one, and what went wrong.

    A call is *right* as the model made it; *repaired* if it fitted only after cc-proxy had read it
    out of the text or put its arguments right; *wrong* if the client would refuse it, or the tool
    for something that the model could have known. *missing* stands for the call that did not come
    at all where one was needed.
    """

    reached: bool
    calls: tuple[Outcome, ...]
    trouble: str | None = None


@dataclass(frozen=True)
class TaskReport:
    """A task and its runs; `about` says what it tests."""

    name: str
    about: str
    runs: tuple[Run, ...]

    @property
    def passed(self) -> int:
        """The number of runs that reached the goal."""
        return sum(run.reached for run in self.runs)

    @property
    def calls(self) -> tuple[Outcome, ...]:
        """The calls of all runs."""
        return tuple(call for run in self.runs for call in run.calls)

    @property
    def trouble(self) -> str | None:
        """The fault of the first run that missed the goal, None if none did."""
        return next((run.trouble for run in self.runs if not run.reached), None)


@dataclass(frozen=True)
class Speed:
    """Tokens per second, None where Ollama gave no durations."""

    read: float | None
    written: float | None


@dataclass(frozen=True)
class Memory:
    """The model as `/api/ps` has it: its real window in tokens, and its share on the GPU."""

    window: int
    on_gpu: float


@dataclass(frozen=True)
class Report:
    """A whole test.

    `planned` is how many runs there would be, `too_large` names the tasks that do not fit into the
    window; `memory` is None where Ollama does not say.
    """

    model: str
    window: int
    tasks: tuple[TaskReport, ...]
    planned: int
    speed: Speed
    memory: Memory | None
    too_large: tuple[str, ...] = ()

    @property
    def runs(self) -> int:
        """The number of runs."""
        return sum(len(task.runs) for task in self.tasks)

    @property
    def passed(self) -> int:
        """The number of runs that reached their goal."""
        return sum(task.passed for task in self.tasks)

    def count(self, outcome: Outcome) -> int:
        """Return how many calls ended like this."""
        return sum(task.calls.count(outcome) for task in self.tasks)
