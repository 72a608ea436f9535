"""How much of itself Claude Code sends: less for a machine that reads slowly."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """What Claude Code is started with, and what is given up by it."""

    arguments: tuple[str, ...]
    gives_up: str


# Folder, date and git state leave the front of the prompt for the first user message, so that
# sessions in different folders begin alike and the model knows that part already.
_SAME_FRONT = "--exclude-dynamic-system-prompt-sections"

# Tokens of the first request, with Claude Code 2.1.330 and 2.1.197: full 11,600 and 17,900,
# lean 4,800 and 3,800, bare 830 and 800.
PROFILES = {
    "full": Profile((_SAME_FRONT,), "nothing"),
    "lean": Profile(
        (_SAME_FRONT, "--tools=Bash,Read,Edit,Write,Glob,Grep"),
        "all tools but Bash, Read, Edit, Write, Glob and Grep: no subagents, web, notebooks, tasks",
    ),
    "bare": Profile(
        ("--bare",),
        "all tools but Bash, Read and Edit, and hooks, plugins, CLAUDE.md and memory",
    ),
}
