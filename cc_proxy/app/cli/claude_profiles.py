"""How much of itself Claude Code sends: less for a machine that reads slowly."""

from dataclasses import dataclass

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Profile:
    """What Claude Code is started with, its first request in tokens, and what is given up."""

    arguments: tuple[str, ...]
    first_tokens: int
    gives_up: str


# Folder, date and git state leave the front of the prompt for the first user message, so that
# sessions in different folders begin alike and the model knows that part already.
_SAME_FRONT = "--exclude-dynamic-system-prompt-sections"

# The tokens are those of 2.1.330; with 2.1.197 they are 17,900, 3,800 and 800.
PROFILES = {
    "full": Profile((_SAME_FRONT,), 12_000, "nothing"),
    "lean": Profile(
        (_SAME_FRONT, "--tools=Bash,Read,Edit,Write,Glob,Grep"),
        4_800,
        "all tools but Bash, Read, Edit, Write, Glob and Grep: no subagents, web, notebooks, tasks",
    ),
    "bare": Profile(
        ("--bare",),
        830,
        "all tools but Bash, Read and Edit, and hooks, plugins, CLAUDE.md and memory",
    ),
}


def recommended(tokens_per_second: float) -> str:
    """Return the fullest profile whose first request is read in a time that people wait."""
    for name, profile in PROFILES.items():
        if profile.first_tokens / tokens_per_second <= PATIENCE_SECONDS:
            return name
    return "bare"
