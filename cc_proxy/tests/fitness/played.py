"""A good, a mediocre, a flaky and a hopeless model, as scripts for the practice server."""

import json
from typing import Any

from cc_proxy.app.fitness import long_texts
from cc_proxy.app.fitness.project.workspace import ROOT
from cc_proxy.app.fitness.tasks import TASKS

STOCK = {"north": 8, "south": 13}
Turn = dict[str, Any]
Scripts = dict[str, list[Turn]]


def call(name: str, **arguments: Any) -> Turn:
    return {"calls": [{"name": name, "arguments": arguments}]}


def calls(*turns: Turn) -> Turn:
    return {"calls": [one for turn in turns for one in turn["calls"]]}


def findings() -> list[dict[str, Any]]:
    return [
        {
            "file": "shop/prices.py",
            "line": 5,
            "summary": "divides by 10",
            "failure_scenario": "a discount of 10 percent makes the price 0",
        },
        {
            "file": "docs/guide.md",
            "line": 3,
            "summary": "misspells receive",
            "failure_scenario": "the search does not find the page",
        },
    ]


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
            call("Read", file_path=f"{ROOT}/shop/cart.py"),
            call(
                "Edit",
                file_path=f"{ROOT}/shop/cart.py",
                old_string="qty",
                new_string="quantity",
                replace_all=True,
            ),
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
        "search": [
            call("Bash", command="grep -rn 'def apply_discount' shop/"),
            {"text": "It is in shop/prices.py."},
        ],
        "nested_list": [call("ReportFindings", level="high", findings=findings())],
        "after_error": [
            call("Read", file_path=f"{ROOT}/CHANGELOG.md"),
            call("Write", file_path=f"{ROOT}/CHANGELOG.md", content="None yet\n"),
        ],
        "search_and_edit": [
            call("Bash", command="grep -rl recieve ."),
            call("Read", file_path=f"{ROOT}/docs/guide.md"),
            call(
                "Edit",
                file_path=f"{ROOT}/docs/guide.md",
                old_string="recieve",
                new_string="receive",
            ),
        ],
        "parallel": [
            calls(*(call("Read", file_path=f"{ROOT}/stock/{name}.txt") for name in STOCK)),
            calls(
                *(
                    call("Write", file_path=f"{ROOT}/stock/{name}.txt", content=f"herons: {n}\n")
                    for name, n in STOCK.items()
                )
            ),
            {"text": "21 herons."},
        ],
        "no_tool": [{"text": "21"}],
        "long_write": [
            call("Write", file_path=f"{ROOT}/shop/stations.py", content=long_texts.stations())
        ],
        "long_context": [
            call(
                "Write",
                file_path=f"{ROOT}/stock/boxes.txt",
                content=f"{long_texts.JOURNAL_ANSWER}\n",
            )
        ],
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
    for name in ("write", "bash_quotes", "search"):
        turns[name] = [_as_text(turn) if "calls" in turn else turn for turn in turns[name]]
    # A text that is not in the file, and then it gives up.
    turns["edit"] = [
        call("Read", file_path=f"{ROOT}/shop/prices.py"),
        call("Edit", file_path=f"{ROOT}/shop/prices.py", old_string="VAT=", new_string="VAT =2"),
        {"text": "I cannot."},
    ]
    turns["nested_list"] = [call("ReportFindings", findings="two"), {"text": "Noted."}]
    turns["bash"] = [call("Grep", path="shop"), {"text": "Nothing."}]
    turns["parallel"] = [{"text": "You should read them both."}]
    turns["no_tool"] = [call("Bash", command="echo $((17+4))"), {"text": "21"}]
    return _scripts(turns)


def flaky() -> Scripts:
    """Fail at two tasks in the first run only: Ollama cannot read the call."""
    turns = good_turns()
    for name in ("write", "bash"):
        broken = {"error": {"status": 500, "text": "invalid tool call arguments"}, "times": 1}
        turns[name] = [broken | turns[name][0], *turns[name][1:]]
    return _scripts(turns)


def hopeless() -> Scripts:
    return {task.prompt: [{"text": "Sure! First you open the file, then…"}] for task in TASKS}
