"""A task, and what a model has done of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cc_proxy.app.fitness.project.workspace import ROOT, Call, Workspace

# The front of a session, eight turns, and an answer.
_TOKENS = 20_000


@dataclass
class Attempt:
    """A model's work on a task: the workspace, its valid calls, its text."""

    workspace: Workspace = field(default_factory=Workspace)
    calls: list[Call] = field(default_factory=list)
    text: str = ""

    def called(self, name: str, **arguments: Any) -> bool:  # noqa: ANN401 - JSON
        """Tell whether a tool was called with these arguments, and whatever else."""
        return any(
            call.name == name and arguments.items() <= call.input.items() for call in self.calls
        )

    def inputs(self, name: str) -> list[dict[str, Any]]:
        """Return the arguments of every call of a tool."""
        return [call.input for call in self.calls if call.name == name]


@dataclass(frozen=True)
class Task:
    """A task: `about` says what it tests, `goal` whether it is reached.

    `history` are the messages after the opening of the session and before the prompt: with one,
    the opening has a prompt of its own. `files` come to the project's, by their paths in it.
    `writes` is about how many tokens a run writes, `history_tokens` how many the history has.
    """

    name: str
    about: str
    prompt: str
    goal: Callable[[Attempt], bool]
    files: Mapping[str, str] = field(default_factory=dict)
    history: tuple[dict[str, Any], ...] = ()
    history_tokens: int = 0
    writes: int = 250

    @property
    def window(self) -> int:
        """The window that the task needs, in tokens."""
        return _TOKENS + self.history_tokens + self.writes

    def begin(self) -> Attempt:
        """Return an attempt of which nothing is done."""
        done = Attempt()
        for path, text in self.files.items():
            done.workspace.files[f"{ROOT}/{path}"] = text
        return done
