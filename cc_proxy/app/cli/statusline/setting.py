"""The status line of cc-proxy in Claude Code's settings.

Claude Code 2.1.330 and 2.1.332 run the command when something has changed, and as often as
`refreshInterval` says: nothing changes while a model reads. 2.1.197 does not know that name.
"""

import shlex
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from cc_proxy.app.cli.claude.settings.settings_files import SettingsFile

SETTING = "statusLine"
_REFRESH_SECONDS = 3


def is_set(person: Mapping[str, Any], files: Iterable[SettingsFile]) -> bool:
    """Tell whether the settings have a status line, whoever's they are: that one is shown.

    `person` has the person's own settings with those of their `--settings`.
    """
    return SETTING in person or any(SETTING in file.content for file in files)


def status_line() -> dict[str, Any]:
    """Return the setting that makes Claude Code show the line."""
    # This cc-proxy, whichever is on the PATH. A shell runs it, on Windows that of Git.
    words = [sys.executable, "-P", "-m", "cc_proxy", "statusline"]
    return {"type": "command", "command": shlex.join(words), "refreshInterval": _REFRESH_SECONDS}
