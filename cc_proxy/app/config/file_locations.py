"""The locations of configuration files, in order of precedence.

The working directory is not one of them: a cloned repository must not be able to redirect a
developer's prompts. For the same reason a relative HOME or XDG_CONFIG_HOME is not followed.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

FILE_NAME = "cc-proxy.user.yaml"
SYSTEM_FOLDER = Path("/etc/cc-proxy")
NAMED = ("--config", "CC_PROXY_CONFIG_FILE")
RUNNING = "the running cc-proxy's"


class ConfigSource(msgspec.Struct, frozen=True):
    """One place, in the order of search; exactly one is active."""

    name: str
    path: Path | None
    status: Literal["active", "present, not used", "missing", "not set"]


def sources(
    config_file: Path | None,
    environ: Mapping[str, str],
    home: Path | None = None,
    running: Path | None = None,
) -> tuple[ConfigSource, ...]:
    """Return every place and its status.

    A file that is named by flag or variable is active whether it exists or not; the other
    places only when something is there, be it readable or not. `running` is the file that the
    running cc-proxy uses: it comes before the usual places.
    """
    home = _home(environ) if home is None else home
    named_by_variable = environ.get("CC_PROXY_CONFIG_FILE") or None
    named = {
        "--config": _absolute(config_file, home),
        "CC_PROXY_CONFIG_FILE": _absolute(named_by_variable, home),
    }
    usual = {
        f"~/.cc-proxy/{FILE_NAME}": home and home / ".cc-proxy" / FILE_NAME,
        f"$XDG_CONFIG_HOME/cc-proxy/{FILE_NAME}": _xdg(environ, home),
        f"{SYSTEM_FOLDER}/{FILE_NAME}": _of_system(),
    }
    started_with = {} if running is None or running in usual.values() else {RUNNING: running}
    found: list[ConfigSource] = []
    taken = False
    for name, path in (named | started_with | usual).items():
        if path is None:
            found.append(ConfigSource(name, None, "not set"))
            continue
        present = _is_there(path)
        if not taken and (present or name in NAMED):
            taken = True
            found.append(ConfigSource(name, path, "active"))
        else:
            found.append(ConfigSource(name, path, "present, not used" if present else "missing"))
    found.append(
        ConfigSource("built-in defaults", None, "present, not used" if taken else "active")
    )
    return tuple(found)


def active(sources: Sequence[ConfigSource]) -> ConfigSource:
    """Return the one that counts."""
    return next(source for source in sources if source.status == "active")


def file_to_write(sources: Sequence[ConfigSource]) -> Path:
    """Return the file that counts, or where one belongs while only the defaults hold."""
    return active(sources).path or preferred(sources)


def preferred(sources: Sequence[ConfigSource]) -> Path:
    """Return where a file that is yet to be made belongs, when nothing names it."""
    return next(
        source.path
        for source in sources
        if source.path is not None and source.name not in (*NAMED, RUNNING)
    )


def _home(environ: Mapping[str, str]) -> Path | None:
    text = environ.get("HOME") or environ.get("USERPROFILE") or ""
    return Path(text) if Path(text).is_absolute() else None


def _xdg(environ: Mapping[str, str], home: Path | None) -> Path | None:
    folder = Path(environ.get("XDG_CONFIG_HOME", ""))
    if not folder.is_absolute():  # the XDG specification: a relative one is ignored
        if home is None:
            return None
        folder = home / ".config"
    return folder / "cc-proxy" / FILE_NAME


def _of_system() -> Path | None:
    # On Windows it would be on whichever drive one is, where anybody may make it.
    return SYSTEM_FOLDER / FILE_NAME if SYSTEM_FOLDER.is_absolute() else None


def _absolute(named: Path | str | None, home: Path | None) -> Path | None:
    """Return a path that stays right when the working directory changes.

    `~` is replaced here too, since no shell does it in a variable that a service file sets.
    """
    if named is None:
        return None
    path = Path(named)
    if path.parts[:1] == ("~",) and home is not None:
        path = home.joinpath(*path.parts[1:])
    return path.absolute()


def _is_there(path: Path) -> bool:
    """Tell whether there is anything, a broken link or an unreachable folder's file included."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # reading it gives the reason
    return True
