"""What Claude Code's arguments say of the session that is about to begin."""

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cc_proxy.app.daemon.preload import Session

# These print the answer and leave, and these go on with an earlier session.
_PRINTS = frozenset({"-p", "--print"})
_CONTINUES = frozenset({"-c", "--continue", "-r", "--resume"})


def session(arguments: Sequence[str]) -> "Session":
    """Return the session that Claude Code begins in this folder, by its arguments."""
    from cc_proxy.app.daemon.preload import Session  # noqa: PLC0415 - not for `--help`

    # The prompt follows a `--`.
    flags = {word.partition("=")[0] for word in takewhile(lambda word: word != "--", arguments)}
    return Session(
        folder=str(Path.cwd()),
        prints=bool(flags & _PRINTS),
        continues=bool(flags & _CONTINUES),
    )
