"""Profiles of Claude Code: the smaller ones send less, for machines that read slowly."""

from dataclasses import dataclass

from cc_proxy.app.claude_needs import (
    FIRST_REQUEST_TOKENS,
    FULL_WINDOW,
    LEAN_WINDOW,
    LEAST_WINDOW,
    PATIENCE_SECONDS,
)


@dataclass(frozen=True)
class Profile:
    """Arguments for Claude Code, its first request in tokens, and the features given up.

    `least_window`: in a smaller one it gives up after some turns (2.1.197 and 2.1.330, tried at
    16k to 64k).
    """

    arguments: tuple[str, ...]
    first_tokens: int
    least_window: int
    gives_up: str


# Folder, date and git state leave the front of the prompt for the first user message, so that
# sessions in different folders begin alike and the model knows that part already.
_SAME_FRONT = "--exclude-dynamic-system-prompt-sections"

# The tokens are those of 2.1.330; with 2.1.197 they are 17,900, 3,800 and 800.
PROFILES = {
    "full": Profile((_SAME_FRONT,), FIRST_REQUEST_TOKENS, FULL_WINDOW, "nothing"),
    "lean": Profile(
        (_SAME_FRONT, "--tools=Bash,Read,Edit,Write,Glob,Grep"),
        4_800,
        LEAN_WINDOW,
        "all tools but Bash, Read, Edit, Write, Glob and Grep: no subagents, web, notebooks, tasks",
    ),
    "bare": Profile(
        ("--bare",),
        830,
        LEAST_WINDOW,
        "all tools but Bash, Read and Edit, and hooks, plugins, CLAUDE.md and memory",
    ),
}


def recommended(tokens_per_second: float | None, window: int | None = None) -> str:
    """Return the fullest profile whose first request is read in a time that people wait.

    And for which the window is large enough. None means unknown, and rules nothing out.
    """
    for name, profile in PROFILES.items():
        seconds = profile.first_tokens / tokens_per_second if tokens_per_second else 0.0
        if seconds <= PATIENCE_SECONDS and (window is None or window >= profile.least_window):
            return name
    return "bare"


def for_window(window: int) -> str:
    """Return the command that does best with a model whose window can be no larger."""
    if window < LEAST_WINDOW:
        return "cc-proxy models"
    profile = recommended(None, window)
    return "cc-proxy claude" if profile == "full" else f"cc-proxy claude --profile {profile}"


def in_window(window: int) -> str:
    """Return what becomes of Claude Code in a window that is smaller than it needs."""
    if window < LEAST_WINDOW:
        return f"gives up after a few turns in one of less than {LEAST_WINDOW:,}"
    if window < FULL_WINDOW:
        return (
            f"compacts often in it, or gives up, unless the profile is {recommended(None, window)}"
        )
    return "compacts more often in it"
