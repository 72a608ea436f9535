"""The tasks. Each tests one thing that Claude Code needs of a model again and again."""

import json
from collections.abc import Callable

from cc_proxy.app.fitness import long_texts
from cc_proxy.app.fitness.project.workspace import FILES, ROOT
from cc_proxy.app.fitness.task import Attempt, Task

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


def _has_findings(done: Attempt) -> bool:
    wanted = [("shop/prices.py", 5), ("docs/guide.md", 3)]
    return any(
        [(found["file"].removeprefix(f"{ROOT}/"), found.get("line")) for found in asked["findings"]]
        == wanted
        for asked in done.inputs("ReportFindings")
    )


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
        "an argument that is rarely needed",
        "Start `python -m http.server 8000` with Bash, in the background (run_in_background).",
        lambda done: any(
            "http.server" in asked["command"] and asked.get("run_in_background") is True
            for asked in done.inputs("Bash")
        ),
    ),
    Task(
        "search",
        "a search, and an answer from what it finds",
        "Search the project for the file in which the function apply_discount is defined, and name"
        " it.",
        lambda done: (
            any("apply_discount" in asked["command"] for asked in done.inputs("Bash"))
            and _found(done, "prices.py")
        ),
    ),
    Task(
        "nested_list",
        "a list of objects as an argument",
        "A review has two findings. Report them with one call of ReportFindings, with the level"
        " high. First: shop/prices.py, line 5, divides by 10 where 100 is meant, so a discount of"
        " 10 percent makes the price 0. Second: docs/guide.md, line 3, misspells receive, so the"
        " search does not find the page.",
        _has_findings,
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
        "parallel",
        "several calls in a turn, for several turns",
        f"{ROOT}/stock/north.txt and {ROOT}/stock/south.txt say how many herons there are. Read"
        " both in one turn. Then write both in one turn, each with one heron more. At the end tell"
        " me how many herons that makes in both.",
        lambda done: (
            done.workspace.text("stock/north.txt").strip() == "herons: 8"
            and done.workspace.text("stock/south.txt").strip() == "herons: 13"
            and _found(done, "21")
        ),
        writes=500,
    ),
    Task(
        "no_tool",
        "an answer where no tool is needed",
        "Without any tool: what is 17 + 4? Answer with the number.",
        lambda done: not done.calls and _found(done, "21"),
    ),
    Task(
        "long_write",
        "a long file in one call",
        long_texts.stations_prompt(),
        lambda done: long_texts.are_stations(done.workspace.text("shop/stations.py")),
        writes=2_200,
    ),
    Task(
        "long_context",
        "a task after 30,000 tokens of a session",
        long_texts.journal_prompt(),
        lambda done: done.workspace.text("stock/boxes.txt").strip() == long_texts.JOURNAL_ANSWER,
        files=long_texts.journals(),
        history=long_texts.journal_history(),
        history_tokens=long_texts.HISTORY_TOKENS,
    ),
)
