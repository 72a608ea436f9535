"""Facts about the coming session, read from Claude Code's arguments."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cc_proxy.app.cli.claude import client_options

if TYPE_CHECKING:
    from cc_proxy.app.daemon.preload import Session

_CONTINUES = ("-c", "--continue", "-r", "--resume")


def session(arguments: Sequence[str]) -> "Session":
    """Return the session that Claude Code begins in this folder, by its arguments."""
    from cc_proxy.app.daemon.preload import Session  # noqa: PLC0415 - not for `--help`

    return Session(
        folder=str(Path.cwd()),
        prints=client_options.prints(arguments),
        continues=client_options.has(arguments, *_CONTINUES),
    )
