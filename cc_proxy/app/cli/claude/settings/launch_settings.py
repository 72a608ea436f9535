"""The file for Claude Code's `--settings`, which overrides all but a company's settings.

Background processes of Claude Code use it as well: they keep the path and read the
file again: so each content has a file of its own, which stays. The key is in it, and a command
line is visible to every user: so it is a file that only this user can read.
"""

import contextlib
import hashlib
import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cc_proxy.app import private_files
from cc_proxy.app.cli.claude import picker
from cc_proxy.app.cli.claude.environment import UNLESS_SET, Changes
from cc_proxy.app.cli.claude.settings import diversions, settings_files
from cc_proxy.app.cli.claude.settings.settings_files import UnreadableSettingsError
from cc_proxy.app.cli.statusline import setting
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.daemon.paths import STATE_FLAG, Paths
from cc_proxy.app.errors import CcProxyError

_FOLDER = "claude"
_DIGEST_CHARACTERS = 16
# A session in the background, stopped and started again after this long, would not find its file.
_KEEP_SECONDS = 60 * 24 * 3600
# Kept as the person has them.
_PREFERENCES: dict[str, bool] = {
    # WebFetch asks Anthropic about each host before it fetches from it, and fails without.
    "skipWebFetchPreflight": True,
    # Both need a login at Anthropic; a project may not switch them on.
    "autoUploadSessions": False,
    "remoteControlAtStartup": False,
}
# `/src/**` is in the folder of the settings file; what is merged comes to be in another one.
_RULE_IN_FOLDER = re.compile(r"^(\w+\(!?)/(?!/)")


class LaunchSettingsError(CcProxyError):
    """The settings that the person has named for Claude Code cannot be used."""

    code = "claude_settings_unusable"


@dataclass(frozen=True)
class NamedSettings:
    """The user's own `--settings`; `folder` is None for JSON on the command line."""

    content: dict[str, Any]
    folder: Path | None = None


def read_named(value: str) -> NamedSettings:
    """Read what a person has given with `--settings`: a file, or JSON.

    Raises:
        LaunchSettingsError: it is neither.

    """
    text = value.strip()
    if text.startswith("{"):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _unusable(f"the JSON of --settings, found: {error}") from error
        return NamedSettings(content)
    path = Path(value)
    try:
        found = settings_files.read(path, "person")
    except UnreadableSettingsError as error:
        raise _unusable(f"settings in {path}, found: {error}") from error
    if found is None:
        raise _unusable(f"settings in {path}, found no such file")
    return NamedSettings(found.content, path.absolute().parent)


def merge_person(environ: Mapping[str, str], given: NamedSettings | None) -> dict[str, Any]:
    """Return the person's own settings: those that Claude Code finds, and over them `given`."""
    own = settings_files.person(environ)
    if given is None:
        return own
    return (
        own | given.content | {"env": own["env"] | settings_files.texts(given.content.get("env"))}
    )


def build(
    person: Mapping[str, Any],
    wanted: Changes,
    given: NamedSettings | None,
    rows: Mapping[str, Any] | None = None,
    *,
    has_status_line: bool = False,
) -> dict[str, Any]:
    """Return the settings for Claude Code: what `given` has, and ours over it.

    `person` is the person's own settings, as `merge_person` returns them; `rows` is what `/model`
    is to show, None to leave it as it is. `has_status_line`: Claude Code shows cc-proxy's.
    """
    variables: Mapping[str, str] = person["env"]
    kept = {name: variables[name] for name in UNLESS_SET if name in variables}
    ours: dict[str, Any] = {
        diversions.KEY_HELPER: "",
        **{name: _preferred(person, name) for name in _PREFERENCES},
        "env": diversions.pinned(variables) | kept | wanted.set,
    }
    if rows is not None:
        ours[picker.SETTING] = rows
        ours["env"][picker.DISCOVERY] = ""
    if has_status_line:
        ours[setting.SETTING] = setting.status_line()
    theirs = {} if given is None else _at_home(given)
    env = settings_files.texts(theirs.get("env")) | ours["env"]
    return theirs | ours | {"env": dict(sorted(env.items()))}


def write(settings: Mapping[str, Any], paths: Paths) -> Path:
    """Write settings into a file of their own in the state folder; return its path.

    Raises:
        DaemonError: it cannot be written.

    """
    data = json.dumps(settings, indent=1).encode()
    folder = paths.state_dir / _FOLDER
    digest = hashlib.sha256(data).hexdigest()[:_DIGEST_CHARACTERS]
    path = folder / f"settings-{digest}.json"
    with explained(path, STATE_FLAG):
        private_files.make_folder(folder)
        private_files.check_folder(folder)
        if path.exists():
            private_files.check_file(path)
            path.touch()  # its age says when it was used last
        else:
            private_files.replace(path, data)
        _forget_old(folder, time.time())
    return path


def _preferred(person: Mapping[str, Any], name: str) -> bool:
    # One value of a wrong type, and Claude Code leaves out all that is in the file.
    value = person.get(name)
    return value if isinstance(value, bool) else _PREFERENCES[name]


def _at_home(given: NamedSettings) -> dict[str, Any]:
    """Return settings whose permission rules mean the same files from another folder."""
    rules = given.content.get("permissions")
    if given.folder is None or not isinstance(rules, dict) or sys.platform == "win32":
        return given.content
    moved = {
        kind: [_rooted(rule, given.folder) for rule in value] if isinstance(value, list) else value
        for kind, value in rules.items()
    }
    return given.content | {"permissions": moved}


def _rooted(rule: object, folder: Path) -> object:
    # A path from the root of the file system begins with two slashes.
    if not isinstance(rule, str):
        return rule
    return _RULE_IN_FOLDER.sub(lambda found: f"{found[1]}/{folder.as_posix()}/", rule)


def _forget_old(folder: Path, now: float) -> None:
    for path in folder.glob("settings-*.json"):
        with contextlib.suppress(FileNotFoundError):  # another one was faster
            if now - path.stat().st_mtime > _KEEP_SECONDS:
                private_files.remove(path)


def _unusable(text: str) -> LaunchSettingsError:
    return LaunchSettingsError(
        f"Expected {text}.", hint="Give Claude Code's --settings a file or an object in JSON."
    )
