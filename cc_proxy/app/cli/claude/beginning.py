"""Facts about the coming session, read from Claude Code's arguments."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cc_proxy.app.cli.claude import client_options
from cc_proxy.app.cli.output.amounts import duration

if TYPE_CHECKING:
    from cc_proxy.app.daemon.preload import Session

# Nobody wonders about less.
_WORTH_SAYING_SECONDS = 5.0
_CONTINUES = ("-c", "--continue", "-r", "--resume")


def session(arguments: Sequence[str]) -> "Session":
    """Return the session that Claude Code begins in this folder, by its arguments."""
    from cc_proxy.app.daemon.preload import Session  # noqa: PLC0415 - not for `--help`

    return Session(
        folder=str(Path.cwd()),
        prints=client_options.prints(arguments),
        continues=client_options.has(arguments, *_CONTINUES),
    )


def first_answer(
    tokens_per_second: float | None, first_tokens: int, arguments: Sequence[str]
) -> tuple[str, ...]:
    """Return the line about the wait for the first answer, if that is known and worth a line.

    It is an upper estimate: the model may have read part of it for an earlier session, or ahead. A
    session that goes on with an earlier one begins with all of that.
    """
    if not tokens_per_second or client_options.has(arguments, *_CONTINUES):
        return ()
    seconds = first_tokens / tokens_per_second
    if seconds < _WORTH_SAYING_SECONDS:
        return ()
    speed = f"{first_tokens:,} tokens at {tokens_per_second:,.0f} a second"
    return (f"About {duration(seconds)} for the first answer: {speed}, less what it knows already",)
