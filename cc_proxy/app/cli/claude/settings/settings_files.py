"""The settings files that Claude Code reads: where they are, what is in them, and in which line.

What counts, from weak to strong: `~/.claude.json`, the person's settings, the project's, what
`--settings` names, the company's. Seen with Claude Code 2.1.197 and 2.1.332.
"""

import json
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Scope = Literal["company", "person", "project"]

# Where a company's settings are, in 2.1.197 and 2.1.332.
MANAGED = {
    "darwin": Path("/Library/Application Support/ClaudeCode"),
    "linux": Path("/etc/claude-code"),
    "win32": Path("C:/Program Files/ClaudeCode"),
}
# Those of people have a few kilobytes.
_MAX_BYTES = 4 * 1024 * 1024
# Python refuses integers of thousands of digits.
_INTEGER_DIGITS = 18
_SHARED = Path(".claude", "settings.json")
_LOCAL = Path(".claude", "settings.local.json")


class UnreadableSettingsError(ValueError):
    """A settings file cannot be read, or holds something else than an object."""


class UncertainSettingsError(UnreadableSettingsError):
    """A settings file is beyond what is checked here, and Claude Code may read it all the same."""


@dataclass(frozen=True)
class SettingsFile:
    """A settings file with its text and its content; `scope` is whose it is."""

    path: Path
    scope: Scope
    text: str
    content: dict[str, Any]

    @property
    def env(self) -> dict[str, str]:
        """The variables that it sets."""
        return texts(self.content.get("env"))

    def line(self, name: str) -> int | None:
        """Return the line in which a name is given a value, None where it is not spelled out."""
        found = re.search(rf'"{re.escape(name)}"\s*:', self.text)
        return self.text.count("\n", 0, found.start()) + 1 if found else None


def places(environ: Mapping[str, str], folder: Path) -> Iterator[tuple[Path, Scope]]:
    """Yield where settings files may be for a session in `folder`, and whose each is."""
    managed = MANAGED.get(sys.platform, MANAGED["linux"])
    yield managed / "managed-settings.json", "company"
    for path in sorted((managed / "managed-settings.d").glob("*.json")):
        yield path, "company"
    config = config_folder(environ)
    if config is not None:
        yield config / "settings.json", "person"
    own = folder / _SHARED
    if config is None or own != config / "settings.json":  # a session in the home itself
        yield own, "project"
    yield folder / _LOCAL, "project"
    # 2.1.332 reads the local settings of the repository, wherever in it the session is.
    root = next((above for above in folder.parents if (above / ".git").exists()), None)
    if root is not None and not (folder / ".git").exists():
        yield root / _LOCAL, "project"


def read(path: Path, scope: Scope) -> SettingsFile | None:
    """Return a settings file, None if there is none.

    Raises:
        UncertainSettingsError: it is no regular file, too large or nested too deeply.
        UnreadableSettingsError: it cannot be read, or holds something else than an object.

    """
    try:
        raw = _content(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreadableSettingsError(os.strerror(error.errno or 0)) from error
    # Claude Code replaces bytes that are no text, and reads numbers of any length.
    text = raw.decode(json.detect_encoding(raw), "replace")
    try:
        content = json.loads(text, parse_int=_number)
    except RecursionError as error:
        raise UncertainSettingsError("brackets that are nested too deeply") from error
    except ValueError as error:
        raise UnreadableSettingsError(str(error)) from error
    if not isinstance(content, dict):
        raise UnreadableSettingsError("expected an object")
    return SettingsFile(path, scope, text, content)


def _content(path: Path) -> bytes:
    # A named pipe would make us wait, and a device may have no end: both can be linked to.
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UncertainSettingsError("something that is not a regular file")
        raw = file.read(_MAX_BYTES + 1)
    if len(raw) > _MAX_BYTES:
        raise UncertainSettingsError(f"more than {_MAX_BYTES:,} bytes")
    return raw


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def present(environ: Mapping[str, str], folder: Path) -> Iterator[SettingsFile]:
    """Yield the settings files of a session in `folder` that can be read."""
    for path, scope in places(environ, folder):
        try:
            found = read(path, scope)
        except UnreadableSettingsError:  # Claude Code does not read it either; `doctor` names it
            continue
        if found is not None:
            yield found


def person(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the person's own settings, with all their variables in `env`.

    These are the process's, those of `~/.claude.json` and those of their settings file, from weak
    to strong.
    """
    config = config_folder(environ)
    own = None if config is None else read_or_empty(config / "settings.json")
    content = own or {}
    variables = [dict(environ), texts(state(environ).get("env")), texts(content.get("env"))]
    return content | {"env": {name: value for part in variables for name, value in part.items()}}


def texts(env: object) -> dict[str, str]:
    """Return the variables of an `env` block, which may be anything, as texts."""
    if not isinstance(env, dict):
        return {}
    return {
        str(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in env.items()
        if value is not None
    }


def config_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of Claude Code's own files, None without a home."""
    if named := environ.get("CLAUDE_CONFIG_DIR"):
        return Path(named)
    home = _home(environ)
    return None if home is None else home / ".claude"


def state_file(environ: Mapping[str, str]) -> Path | None:
    """Return where Claude Code keeps logins and projects, None without a home."""
    if named := environ.get("CLAUDE_CONFIG_DIR"):
        return Path(named) / ".claude.json"
    home = _home(environ)
    return None if home is None else home / ".claude.json"


def state(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what Claude Code keeps about logins and projects."""
    path = state_file(environ)
    return {} if path is None else read_or_empty(path)


def read_or_empty(path: Path) -> dict[str, Any]:
    """Return the content of one of Claude Code's own files; it repairs a broken one itself."""
    try:
        found = read(path, "person")
    except UnreadableSettingsError:
        return {}
    return {} if found is None else found.content


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else float(digits)


def _home(environ: Mapping[str, str]) -> Path | None:
    text = environ.get("HOME") or environ.get("USERPROFILE") or ""
    return Path(text) if Path(text).is_absolute() else None
