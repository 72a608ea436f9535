"""Claude Code's path and version, read from its files without running it."""

import json
import os
import re
import shutil
from pathlib import Path

Version = tuple[int, int, int]

_PACKAGE = "@anthropic-ai/claude-code"
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})")
# node_modules/@anthropic-ai/claude-code/bin/claude: the package is not further away than this.
_NEAR = 4
_NAME = "claude"
# Where its installers put it, for shells that do not look there: the native one, and the earlier
# one of a user's own npm packages; on Windows npm's folder too.
_USUAL_FOLDERS = ("~/.local/bin", "~/.claude/local", "~/.claude/local/node_modules/.bin")


def locate(named: str) -> str | None:
    """Return the path of the program that a name or a path stands for, None if there is none.

    Claude Code's own name is looked for on the PATH, then where its installers put it.
    """
    # As text: a Path loses the `./` that keeps a name from being looked for on the PATH, and
    # Python 3.11 cannot look for one on Windows.
    found = shutil.which(os.path.expanduser(named))  # noqa: PTH111 - see above
    if found is not None or named != _NAME:
        return found
    return shutil.which(named, path=os.pathsep.join(_usual_folders()))


def _usual_folders() -> list[str]:
    folders = [os.path.expanduser(folder) for folder in _USUAL_FOLDERS]  # noqa: PTH111 - as above
    npm = os.environ.get("APPDATA") if os.name == "nt" else None
    return [*folders, os.path.join(npm, "npm")] if npm else folders  # noqa: PTH118 - as above


def of(program: str) -> Version | None:
    """Return the version of an installed Claude Code, None where its place does not tell."""
    path = Path(os.path.realpath(program))
    # The native installer: …/claude/versions/2.1.330
    if native := _VERSION.fullmatch(path.name):
        return _numbers(native)
    # ~/.claude/local/claude is a script beside the package.
    beside = path.parent / "node_modules" / _PACKAGE
    for folder in (*list(path.parents)[:_NEAR], beside):
        try:
            package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(package, dict) and package.get("name") == _PACKAGE:
            found = _VERSION.match(str(package.get("version")))
            return _numbers(found) if found else None
    return None


def of_named(named: str) -> Version | None:
    """Return the version of the program of a name or a path, None where it is not known."""
    found = locate(named)
    return of(found) if found else None


def _numbers(found: re.Match[str]) -> Version:
    return int(found[1]), int(found[2]), int(found[3])
