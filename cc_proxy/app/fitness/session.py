"""The front of a session: as large as Claude Code's own, and with the same parts.

Claude Code 2.1.332 sends an own model name 7 KB of system prompt, 32 KB of tools, and 12 KB of
messages before the person's words (seen on the wire). The words here are our own. What they are
shorter by is made up by a handbook, so that a model has as much in front of a task as in a session.
"""

import functools
from typing import Any

from cc_proxy.app.fitness.project.workspace import ROOT

_RULES = f"""\
You are an agent that works on a software project with the tools that you are given. Do what the
user asks with these tools, and then say in a few words what came of it.

# How you work
- Read a file before you change it. Change only what the task needs.
- Use Read, Edit and Write for single files, and Bash for searches, tests and git.
- Call independent tools in one turn. A call that needs the result of another one waits for it.
- If a tool fails, read its error and try another way. Do not repeat a call unchanged.
- Never invent a tool, an argument or a path. All paths are absolute and begin with {ROOT}.
- When the task is done, stop. Do not ask for more work.

# How you answer
Short, in plain words, without headings. Name the files that you changed.

# Handbook of the company
Its services are in repositories of their own. None of them is part of this project.
"""
_ENVIRONMENT = f"""\
# Environment
 - Primary working directory: {ROOT}
 - Is a git repository: true
 - Platform: linux
 - Shell: bash

The following deferred tools are now available via ToolSearch. Load one before you call it:
CronCreate
CronDelete
CronList
EnterWorktree
ExitWorktree
Monitor
NotebookEdit
SendMessage
TaskStop
WebFetch
WebSearch

Agents for the Agent tool:
- Explore: searches many files and reports what it found. It changes nothing.
- general-purpose: works on a task of many steps.
- Plan: designs the steps of a change, and changes nothing.

Skills for the Skill tool:
- code-review: finds the defects of a change and reports them.
- init: writes a file that describes the project.
- run: starts the program, to see a change at work.
- security-review: looks for weaknesses in the changes of a branch.
- simplify: looks for code that can be shorter.

# More of the handbook
"""
_REMINDER = """\
<system-reminder>
The state of git at the start of the session, which does not change:
Current branch: main
Status: (clean)
Recent commits: 4f1c2aa Prices have a discount; 9be03d1 The first version
</system-reminder>"""
# Entries of the handbook in the system prompt, and in the message of the system.
_IN_SYSTEM, _IN_MESSAGE = 86, 28

_THINGS = (
    "invoices", "parcels", "returns", "newsletters", "suppliers", "vouchers", "ratings", "photos",
    "holidays", "salaries", "pallets", "customs", "refunds", "searches", "payments", "contracts",
    "rentals", "repairs", "surveys", "tickets", "drivers", "routes",
)  # fmt: skip
_PLACES = ("Bergen", "Cork", "Delft", "Esbjerg", "Fano", "Graz", "Horta")
_LANGUAGES = ("Go", "Kotlin", "Rust", "Python", "TypeScript")
_PEOPLE = ("Ada", "Bela", "Cem", "Dora", "Emil", "Fia", "Goran", "Hana", "Ivo")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday")
_RULE = (
    "Its tests need a database, so run them with the script of the repository and never alone",
    "A change of its tables goes out a week before the code that uses it",
    "Its log has no names and no addresses; keep it so",
    "It answers within a fifth of a second, or the page is shown without it",
    "Its settings are the same in all countries, but for the tax and the language",
    "Whoever changes its interface tells the services that call it beforehand",
)


def system_prompt() -> str:
    """Return the system prompt."""
    return f"{_RULES}{_handbook(0, _IN_SYSTEM)}"


def opening(prompt: str) -> list[dict[str, Any]]:
    """Return the messages with which a session begins: a reminder and the prompt, then the system.

    Claude Code 2.1.332 sends them in this order, the last with the role `system`.
    """
    content = [{"type": "text", "text": text} for text in (_REMINDER, prompt)]
    system = f"{_ENVIRONMENT}{_handbook(_IN_SYSTEM, _IN_SYSTEM + _IN_MESSAGE)}"
    return [
        {"role": "user", "content": content},
        {"role": "system", "content": [{"type": "text", "text": system}]},
    ]


@functools.cache
def _handbook(first: int, end: int) -> str:
    return "\n".join(map(_entry, range(first, end)))


def _entry(number: int) -> str:
    """Return an entry of the handbook; it is the same in every run."""
    thing, place = _THINGS[number % len(_THINGS)], _PLACES[number % len(_PLACES)]
    name = f"{place.lower()}-{thing}"
    return (
        f"\n## {name}\nKeeps the {thing} of the branch in {place}, and is written in"
        f" {_LANGUAGES[number % len(_LANGUAGES)]}. {_PEOPLE[number % len(_PEOPLE)]} looks after it,"
        f" and {_PEOPLE[(number * 2 + 1) % len(_PEOPLE)]} does so in the holidays. It is deployed"
        f" on {_DAYS[number % len(_DAYS)]} before noon, and listens on port {7000 + number * 3}."
        f" {_RULE[number % len(_RULE)]}. Questions about it go to the channel #{name}."
    )
