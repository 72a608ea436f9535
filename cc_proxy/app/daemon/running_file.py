"""The configuration file that the running cc-proxy uses, and whether another one is wanted."""

import os
import shlex
from pathlib import Path

from cc_proxy.app.config import LoadedConfig, file_locations
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.process.state import ProcessState


def is_other(now: ProcessState, loaded: LoadedConfig) -> bool:
    """Return whether these settings are of another file than the one that the proxy uses.

    A proxy without a file takes one that appears in a usual place: that is no other file.
    """
    if now.config_path is None:
        return is_named(loaded)
    return loaded.path is None or not _is_same(Path(now.config_path), loaded.path)


def is_named(loaded: LoadedConfig) -> bool:
    """Return whether the person has named the file, by flag or variable."""
    return file_locations.active(loaded.sources).name in file_locations.NAMED


def refuse_other(now: ProcessState, loaded: LoadedConfig, hint: str | None = None) -> None:
    """Refuse to go on with a proxy that does not use the file that the person has named.

    `hint` is the way out, if it is not to restart the proxy.

    Raises:
        DaemonError: code `other_configuration`.

    """
    if is_named(loaded) and is_other(now, loaded):
        raise DaemonError(
            f"Expected the cc-proxy that runs (pid {now.pid}) to use {loaded.path}, found that it"
            f" uses {in_use(now)}.",
            code="other_configuration",
            exit_code=2,
            hint=hint
            or f"To make it use that file: {restart(loaded)}. To run a second one beside it:"
            " cc-proxy start --state-dir FOLDER --port PORT",
        )


def in_use(now: ProcessState) -> str:
    """Return the name of the file in use."""
    return now.config_path or "no file"


def restart(loaded: LoadedConfig) -> str:
    """Return the command that makes the proxy use these settings."""
    if loaded.path is None:
        return "cc-proxy restart"
    return f"cc-proxy restart --config {shlex.quote(str(loaded.path))}"


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one == other or os.path.samefile(one, other)  # noqa: PTH121 - two paths, no links
    except OSError:  # one of them is gone
        return False
