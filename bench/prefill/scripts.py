"""What the practice model plays: turns of work, as Claude Code's users have them."""

import json
from typing import Any

Turn = dict[str, Any] | list[dict[str, Any]]


def call(name: str, **arguments: object) -> dict[str, Any]:
    """Return a turn with one tool call."""
    return {"calls": [{"name": name, "arguments": arguments}]}


def marked(prompt: str, turns: list[Turn]) -> str:
    """Return a prompt that carries its script."""
    return f"{prompt} [practice: {json.dumps(turns)}]"


def thoughtful(turns: list[Turn]) -> list[Turn]:
    """Return the turns with a thought before each; a model that cannot think leaves it out."""
    done: list[Turn] = []
    for number, turn in enumerate(turns, 1):
        parts = turn if isinstance(turn, list) else [turn]
        thought = f"This is step {number} of the work; the next thing to do is clear.\n"
        done.append([{"thinking": thought}, *parts])
    return done


def work(folder: str) -> list[Turn]:
    """Return 27 turns with tools, and one that ends them.

    Among them are what a client sends back in another form than it got: an edit without
    `replace_all`, numbers as strings, keys in an order of their own, space around text, text
    after a call, and calls side by side.
    """
    main, test, notes = (f"{folder}/{name}" for name in ("main.py", "test_main.py", "notes.md"))
    turns: list[Turn] = [
        {"text": "\n\nFirst the program.\n", **call("Write", content=_PROGRAM, file_path=main)},
        call("Read", file_path=main),
        {"text": "It greets nobody yet.  ", **call("Edit", **_edit(main, '"World"', "name"))},
        call("Bash", description="Run it", command=f"python3 '{main}' Heron"),
        {"calls": [_entry("Write", file_path=test, content=_TEST), _entry("Read", file_path=main)]},
        call("Bash", command=f"cd '{folder}' && python3 -m unittest -q", timeout="60000"),
        call("Read", file_path=f"{folder}/missing.txt"),
        {"text": "Not there. I look what is.", **call("Bash", command=f"ls -la '{folder}'")},
        call("Read", offset="2", file_path=main, limit="3"),
        {
            "calls": [
                _entry("Read", file_path=test),
                _entry("Read", file_path=f"{folder}/missing.md"),
                _entry("Bash", command="echo three; exit 3", description="Fail on purpose"),
                _entry("Read", file_path=main),
            ]
        },
        [call("Bash", command="echo '<&> ünïcödé 鷺 \\u00e9'"), {"text": "That was the echo."}],
        call("Write", file_path=notes, content="# Notes\n\n- one\n- two\n"),
        call("Read", file_path=notes),
        call("Edit", **_edit(notes, "two", "two & <three>")),
        call("Edit", **_edit(notes, "not in there", "x")),
        {"text": "I read it again:\n\n", **call("Read", file_path=notes)},
    ]
    for number in range(1, 6):
        line = f"- line {number}"
        turns += [
            call("Edit", **_edit(notes, "# Notes\n", f"# Notes\n{line}\n")),
            {"text": f"Step {number}.", **call("Bash", command=f"grep -c . '{notes}'; seq 40")},
        ]
    return [*turns, call("Read", file_path=notes), {"text": "The program is written and tested.\n"}]


def more(folder: str, number: int) -> list[Turn]:
    """Return the turns of a later prompt in the same session."""
    path = f"{folder}/more-{number}.txt"
    return [
        call("Write", file_path=path, content=f"more {number}\n"),
        {"text": "Now once more.", **call("Edit", **_edit(path, "more", "still more"))},
        call("Bash", command=f"cat '{path}'", description="Show it"),
        {"text": f"Part {number} is done."},
    ]


def delegate(folder: str, agent: str = "general-purpose") -> list[Turn]:
    """Return turns in which a subagent does a task of three turns."""
    task: list[Turn] = [
        call("Bash", command=f"ls '{folder}'", description="Look around"),
        call("Read", file_path=f"{folder}/main.py"),
        {"text": "The program greets by name."},
    ]
    arguments = {
        "description": "Read the program",
        "prompt": marked("Read main.py and tell what it does.", task),
        "subagent_type": agent,
        "run_in_background": False,
    }
    return [
        {"text": "Somebody else can read it.", **call("Agent", **arguments)},
        {"text": "The subagent says that it greets."},
    ]


def deferred(folder: str) -> list[Turn]:
    """Return turns that load tools by tool search, in the reverse of their alphabetical order."""
    return [
        call("Bash", command=f"ls '{folder}'", description="Look around"),
        call("Bash", command="seq 300", description="Count"),
        call("ToolSearch", query="select:TaskStop", max_results=5),
        call("Bash", command="echo between", description="Work"),
        call("ToolSearch", query="select:CronList", max_results=5),
        call("CronList"),
        call("ToolSearch", query="select:TaskStop", max_results=5),
        {"text": "The tools are loaded."},
    ]


def tasks() -> list[Turn]:
    """Return turns that keep a list of tasks, for the client that has tools for it."""
    return [
        call("TaskCreate", subject="Write it", description="Write the program"),
        call("TaskUpdate", taskId="1", status="in_progress"),
        call("TaskList"),
        {"text": "The tasks are noted."},
    ]


def _entry(name: str, **arguments: object) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def _edit(path: str, old: str, new: str) -> dict[str, str]:
    # The schema's order is another one, and `replace_all` is left out.
    return {"new_string": new, "old_string": old, "file_path": path}


_PROGRAM = '''"""Says hello."""

import sys


def greeting(name: str) -> str:
    return f"Hello, {"World"}!"


if __name__ == "__main__":
    print(greeting(sys.argv[-1]))
'''

_TEST = """import unittest

from main import greeting


class GreetingTest(unittest.TestCase):
    def test_greets_by_name(self) -> None:
        self.assertEqual(greeting("Heron"), "Hello, Heron!")
"""
