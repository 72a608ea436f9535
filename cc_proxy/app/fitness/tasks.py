"""The twenty tasks. Each tries one thing that Claude Code needs of a model again and again."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cc_proxy.app.fitness.workspace import FILES, ROOT, Call, Workspace


@dataclass
class Attempt:
    """What a model has done of a task: the workspace, its calls that fitted, its last words."""

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
    """A task: `tries` says what it is about, `goal` whether it is reached."""

    name: str
    tries: str
    prompt: str
    goal: Callable[[Attempt], bool]


_COMMAND = """grep -c "def " shop/*.py | sort -t: -k2 -nr && echo 'it'"'"'s $HOME'"""
_SETTINGS = {"name": "heron", "paths": ["C:\\temp", "/tmp"], "greeting": 'say "hello"', "vat": 0.19}  # noqa: S108 - a text
_PROGRAM = 'def greet(name):\n    return f"Hello, {name}!"\n\n\nprint(greet("Heron\\n"))\n'


def _is_json(text: str, wanted: object) -> bool:
    try:
        return bool(json.loads(text) == wanted)
    except ValueError:
        return False


def _edited(path: str, old: str, new: str) -> Callable[[Attempt], bool]:
    wanted = FILES[path].replace(old, new)
    return lambda done: done.workspace.text(path).rstrip() == wanted.rstrip()


def _found(done: Attempt, words: str) -> bool:
    return words.casefold() in done.text.casefold()


TASKS = (
    Task(
        "read",
        "one call, and an answer from its result",
        f"Read {ROOT}/README.md and tell me the version of the project.",
        lambda done: done.called("Read", file_path=f"{ROOT}/README.md") and _found(done, "4.2"),
    ),
    Task(
        "read_lines",
        "whole numbers as arguments",
        f"Use Read to show the lines 8 to 11 of {ROOT}/shop/cart.py: offset 8, limit 4.",
        lambda done: done.called("Read", file_path=f"{ROOT}/shop/cart.py", offset=8, limit=4),
    ),
    Task(
        "read_spaces",
        "a path with a space in it",
        f"Read {ROOT}/docs/opening hours.txt and tell me the days on which the shop is open.",
        lambda done: (
            done.called("Read", file_path=f"{ROOT}/docs/opening hours.txt")
            and _found(done, "friday")
        ),
    ),
    Task(
        "read_two",
        "more than one call",
        f"How many herons are in {ROOT}/stock/north.txt and {ROOT}/stock/south.txt together? Read"
        " both files, and answer with the sum.",
        lambda done: len(done.inputs("Read")) > 1 and _found(done, "19"),
    ),
    Task(
        "write",
        "a new file",
        f"Write the file {ROOT}/stock/east.txt with the one line: herons: 3",
        lambda done: done.workspace.text("stock/east.txt").strip() == "herons: 3",
    ),
    Task(
        "write_json",
        "quotes and backslashes in an argument",
        f"Write this JSON to {ROOT}/config/settings.json, unchanged:\n{json.dumps(_SETTINGS)}",
        lambda done: _is_json(done.workspace.text("config/settings.json"), _SETTINGS),
    ),
    Task(
        "write_program",
        "several lines, indented",
        f"Write this program to {ROOT}/shop/greet.py, unchanged:\n\n{_PROGRAM}",
        lambda done: done.workspace.text("shop/greet.py").strip() == _PROGRAM.strip(),
    ),
    Task(
        "edit",
        "a text replaced exactly",
        f"In {ROOT}/shop/prices.py the VAT is 0.19. Read the file, and use Edit to make it 0.2.",
        _edited("shop/prices.py", "VAT = 0.19", "VAT = 0.2"),
    ),
    Task(
        "edit_all",
        "true and false as arguments",
        f"Rename qty to quantity everywhere in {ROOT}/shop/cart.py, with one Edit that has"
        " replace_all.",
        _edited("shop/cart.py", "qty", "quantity"),
    ),
    Task(
        "edit_quotes",
        "a replaced text with quotes and backslashes",
        f"Read {ROOT}/shop/labels.py and change hello to goodbye in it. All else stays as it is.",
        _edited("shop/labels.py", "hello", "goodbye"),
    ),
    Task(
        "bash",
        "a command, and an answer from what it prints",
        "Run `python -m pytest -q` and tell me the name of the test that fails.",
        lambda done: (
            any("pytest" in asked["command"] for asked in done.inputs("Bash"))
            and _found(done, "test_discount")
        ),
    ),
    Task(
        "bash_quotes",
        "a command with quotes, a pipe and a dollar",
        f"Run exactly this command with Bash:\n{_COMMAND}",
        lambda done: any(a["command"].strip() == _COMMAND for a in done.inputs("Bash")),
    ),
    Task(
        "bash_background",
        "an argument that is seldom needed",
        "Start `python -m http.server 8000` with Bash, in the background (run_in_background).",
        lambda done: any(
            "http.server" in asked["command"] and asked.get("run_in_background") is True
            for asked in done.inputs("Bash")
        ),
    ),
    Task(
        "grep",
        "a search, and an answer from what it finds",
        "Use Grep to find the file in which the function apply_discount is defined, and name it.",
        lambda done: (
            any("apply_discount" in asked["pattern"] for asked in done.inputs("Grep"))
            and _found(done, "prices.py")
        ),
    ),
    Task(
        "grep_options",
        "one of several words, and names with a dash",
        "Search for herons with Grep, in upper and lower case (-i), and have it show the lines"
        ' (output_mode "content") with their numbers (-n).',
        lambda done: any(
            asked.get("output_mode") == "content" and asked.get("-i") is True and asked.get("-n")
            for asked in done.inputs("Grep")
        ),
    ),
    Task(
        "glob",
        "a pattern for paths",
        "Use Glob to list all Python files of the project, in all folders.",
        lambda done: any("*.py" in asked["pattern"] for asked in done.inputs("Glob")),
    ),
    Task(
        "task_list",
        "two tools, the second with what the first has told",
        'Use TaskCreate to note the task "Write the guide", and then TaskUpdate to set it to'
        " in_progress.",
        lambda done: done.workspace.tasks[:1] == ["in_progress"],
    ),
    Task(
        "after_error",
        "going on after a tool has failed",
        f"Read {ROOT}/CHANGELOG.md. If there is no such file, write it with the one line: None yet",
        lambda done: done.workspace.text("CHANGELOG.md").strip() == "None yet",
    ),
    Task(
        "search_and_edit",
        "three steps on its own",
        'Somewhere in the project "receive" is misspelt as "recieve". Find the file and correct'
        " it.",
        _edited("docs/guide.md", "recieve", "receive"),
    ),
    Task(
        "no_tool",
        "an answer where no tool is needed",
        "Without any tool: what is 17 + 4? Answer with the number.",
        lambda done: not done.calls and _found(done, "21"),
    ),
)
