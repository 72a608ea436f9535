"""A good, a mediocre and a hopeless model, as scripts that the practice server plays."""

import json
from typing import Any

from cc_proxy.app.fitness.tasks import TASKS
from cc_proxy.app.fitness.workspace import ROOT

Turn = dict[str, Any]
Scripts = dict[str, list[Turn]]


def call(name: str, **arguments: Any) -> Turn:
    return {"calls": [{"name": name, "arguments": arguments}]}


def prompt_of(name: str) -> str:
    return next(task.prompt for task in TASKS if task.name == name)


def _after(name: str, marker: str) -> str:
    """Return what a task's prompt asks for, after some words of it."""
    return prompt_of(name).split(marker, 1)[1]


def good_turns() -> Scripts:
    """What a model says that does each task as it is asked, by the names of the tasks."""
    greeting = 'GREETING = "Say \\"hello\\" to 5 herons"'
    return {
        "read": [call("Read", file_path=f"{ROOT}/README.md"), {"text": "It is 4.2."}],
        "read_lines": [call("Read", file_path=f"{ROOT}/shop/cart.py", offset=8, limit=4)],
        "read_spaces": [
            call("Read", file_path=f"{ROOT}/docs/opening hours.txt"),
            {"text": "Monday to Friday."},
        ],
        "read_two": [
            {
                "calls": [
                    *call("Read", file_path=f"{ROOT}/stock/north.txt")["calls"],
                    *call("Read", file_path=f"{ROOT}/stock/south.txt")["calls"],
                ]
            },
            {"text": "19 herons."},
        ],
        "write": [call("Write", file_path=f"{ROOT}/stock/east.txt", content="herons: 3\n")],
        "write_json": [
            call(
                "Write",
                file_path=f"{ROOT}/config/settings.json",
                content=_after("write_json", "unchanged:\n"),
            )
        ],
        "write_program": [
            call(
                "Write",
                file_path=f"{ROOT}/shop/greet.py",
                content=_after("write_program", "unchanged:\n\n"),
            )
        ],
        "edit": [
            call("Read", file_path=f"{ROOT}/shop/prices.py"),
            call(
                "Edit",
                file_path=f"{ROOT}/shop/prices.py",
                old_string="VAT = 0.19",
                new_string="VAT = 0.2",
            ),
        ],
        "edit_all": [
            call(
                "Edit",
                file_path=f"{ROOT}/shop/cart.py",
                old_string="qty",
                new_string="quantity",
                replace_all=True,
            )
        ],
        "edit_quotes": [
            call("Read", file_path=f"{ROOT}/shop/labels.py"),
            call(
                "Edit",
                file_path=f"{ROOT}/shop/labels.py",
                old_string=greeting,
                new_string=greeting.replace("hello", "goodbye"),
            ),
        ],
        "bash": [call("Bash", command="python -m pytest -q"), {"text": "test_discount fails."}],
        "bash_quotes": [call("Bash", command=_after("bash_quotes", "Bash:\n"))],
        "bash_background": [
            call("Bash", command="python -m http.server 8000", run_in_background=True)
        ],
        "grep": [
            call("Grep", pattern=r"def\s+apply_discount\("),
            {"text": "It is in shop/prices.py."},
        ],
        "grep_options": [
            call("Grep", **{"pattern": "herons", "output_mode": "content", "-i": True, "-n": True})
        ],
        "glob": [call("Glob", pattern="**/*.py")],
        "task_list": [
            call("TaskCreate", subject="Write the guide", description="All of it"),
            call("TaskUpdate", taskId="1", status="in_progress"),
        ],
        "after_error": [
            call("Read", file_path=f"{ROOT}/CHANGELOG.md"),
            call("Write", file_path=f"{ROOT}/CHANGELOG.md", content="None yet\n"),
        ],
        "search_and_edit": [
            call("Grep", pattern="recieve"),
            call("Read", file_path=f"{ROOT}/docs/guide.md"),
            call(
                "Edit",
                file_path=f"{ROOT}/docs/guide.md",
                old_string="recieve",
                new_string="receive",
            ),
        ],
        "no_tool": [{"text": "21"}],
    }


def _as_text(turn: Turn) -> Turn:
    """Write the calls of a turn as a model does whose template has no calls."""
    return {
        "text": "\n".join(
            f"<tool_call>\n{json.dumps(one)}\n</tool_call>" for one in turn.get("calls", ())
        )
    }


def _scripts(turns: Scripts) -> Scripts:
    return {prompt_of(name): script for name, script in turns.items()}


def good() -> Scripts:
    return _scripts(good_turns())


def mediocre() -> Scripts:
    """Write some calls as text or with a number as a string, and fail at some tasks."""
    turns = good_turns()
    turns["read_lines"] = [
        call("Read", file_path=f"{ROOT}/shop/cart.py", offset="8", limit="4"),
    ]
    for name in ("write", "edit_all", "glob"):
        turns[name] = [_as_text(turn) for turn in turns[name]]
    # A text that is not in the file, and then it gives up.
    turns["edit"] = [
        call("Edit", file_path=f"{ROOT}/shop/prices.py", old_string="VAT=", new_string="VAT =2"),
        {"text": "I cannot."},
    ]
    turns["task_list"] = [call("TodoWrite", todos=[]), {"text": "Noted."}]
    turns["grep_options"] = [call("Grep", path="shop"), {"text": "Nothing."}]
    turns["read_two"] = [{"text": "You should read them both."}]
    turns["no_tool"] = [call("Bash", command="echo $((17+4))"), {"text": "21"}]
    return _scripts(turns)


def hopeless() -> Scripts:
    return {task.prompt: [{"text": "Sure! First you open the file, then…"}] for task in TASKS}
