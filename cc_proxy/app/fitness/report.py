"""What came of a test."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["right", "mended", "wrong", "missing"]
OUTCOMES: tuple[Outcome, ...] = ("right", "mended", "wrong", "missing")


@dataclass(frozen=True)
class TaskReport:
    """One task: whether its goal was reached, its calls one by one, and what went wrong.

    A call is *right* as the model made it; *mended* if it fitted only after cc-proxy had read it
    out of the text or put its arguments right; *wrong* if the client would refuse it, or the tool
    for something that the model could have known. *missing* stands for the call that did not come
    at all where one was needed.
    """

    name: str
    tries: str
    reached: bool
    calls: tuple[Outcome, ...]
    trouble: str | None = None


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
    """A whole test; `memory` is None where Ollama does not say, `asked` is how many tasks."""

    model: str
    window: int
    tasks: tuple[TaskReport, ...]
    asked: int
    speed: Speed
    memory: Memory | None

    @property
    def reached(self) -> int:
        """How many tasks reached their goal."""
        return sum(task.reached for task in self.tasks)

    def count(self, outcome: Outcome) -> int:
        """Return how many calls ended like this."""
        return sum(task.calls.count(outcome) for task in self.tasks)
