"""The command that resumes a session on local models; Claude Code's own hint omits the proxy."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cc_proxy.app.cli import common
from cc_proxy.app.cli.claude import client_options
from cc_proxy.app.cli.claude.settings import settings_files
from cc_proxy.app.cli.claude.version import Version
from cc_proxy.app.cli.output import shell_syntax

# The flags before and behind the name of the command.
OwnFlags = tuple[list[str], list[str]]
# What 2.1.330 and 2.1.332 put in front of `--resume ID` when a session ends: one word.
_HINT_COMMAND = "CLAUDE_CODE_RESUME_HINT_COMMAND"
_KNOWS_HINT_COMMAND = (2, 1, 330)
_PROGRAM = "cc-proxy"


def hint() -> dict[str, str]:
    """Return the variable that has Claude Code say `cc-proxy --resume ID`."""
    return {_HINT_COMMAND: _PROGRAM}


def own_flags(
    shared: common.Common,
    *,
    model: str | None,
    profile: str | None,
    claude_bin: str | None,
    auto: bool = False,
) -> OwnFlags:
    """Return the flags of cc-proxy's that a session was started with, and those of `claude`'s."""
    before = {
        "--config": shared.config,
        "--state-dir": shared.state_dir,
        "--log-dir": shared.log_dir,
    }
    behind = {"--model": model, "--profile": profile, "--claude-bin": claude_bin}
    return (
        [part for flag, path in before.items() if path for part in (flag, str(path.absolute()))],
        [part for flag, value in behind.items() if value for part in (flag, value)]
        + ["--auto"] * auto,
    )


def says_it_itself(version: Version | None, flags: OwnFlags) -> bool:
    """Return whether Claude Code itself shows how to resume the session on local models."""
    return version is not None and version >= _KNOWS_HINT_COMMAND and not any(flags)


def is_resumable(arguments: Sequence[str]) -> bool:
    """Tell whether a person watches a session whose end they may want to go on from."""
    watches = sys.stdout is not None and sys.stdout.isatty()
    in_background = client_options.has(arguments, "--bg", "--background")
    return watches and not in_background and not client_options.prints(arguments)


def line(flags: OwnFlags, environ: Mapping[str, str], folder: Path, since: float) -> str | None:
    """Return the line by which the session is resumed that has ended, None if none can be.

    `since` is when it was started, in seconds since 1970.
    """
    session = _ended(environ, folder, since)
    if session is None:
        return None
    before, behind = flags
    words = [_PROGRAM, *before, "claude", *behind, "--", "--resume", session]
    shell = "powershell" if sys.platform == "win32" else "sh"
    return f"To go on with it on your own models: {shell_syntax.command_line(shell, words)}"


def _ended(environ: Mapping[str, str], folder: Path, since: float) -> str | None:
    """Return the session that was written to last, of those that ended last in their folders."""
    config = settings_files.config_folder(environ)
    projects = settings_files.state(environ).get("projects")
    if config is None or not isinstance(projects, dict):
        return None
    ended = [
        project.get("lastSessionId")
        for name, project in projects.items()
        if isinstance(project, dict) and _is_related(Path(name), folder)
    ]
    written = [
        (path.stat().st_mtime, session)
        for session in ended
        if isinstance(session, str) and _is_id(session)
        for path in config.glob(f"projects/*/{session}.jsonl")
    ]
    last, session = max(written, default=(0.0, None))
    return session if last >= since else None


def _is_id(text: str) -> bool:
    return text.replace("-", "").isalnum()


def _is_related(one: Path, other: Path) -> bool:
    # The folder of the session, the root of its repository, or a work tree in it.
    one, other = (Path(os.path.normcase(path)) for path in (one, other))
    return one.is_relative_to(other) or other.is_relative_to(one)
