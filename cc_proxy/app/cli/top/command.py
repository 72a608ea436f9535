"""`cc-proxy top`."""

import time
from collections.abc import Iterator, Mapping

import click
from msgspec import to_builtins

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output import full_screen
from cc_proxy.app.cli.output.full_screen import Screen
from cc_proxy.app.cli.output.result import Result
from cc_proxy.app.cli.top import view
from cc_proxy.app.cli.top.source import Source, connect
from cc_proxy.app.control.activity import Activity

NAME = "top"
_INTERVAL_SECONDS = 1.0
_KEYS = "q quit"
# Without a terminal there is no width.
_SNAPSHOT_COLUMNS = 120
_QUIT = ("q", "Q", "\x1b", "\x03")


@define(NAME)
@click.option("--once", is_flag=True, help="Show it once, and end.")
def command(common: Common, *, once: bool) -> Result:
    """Show the sessions and requests as they go on.

    Each session with its folder, its state (waiting behind another one, loading, reading with the
    time left, writing), its window and how much of the last prompt was reused; then the requests
    and the last errors. q ends it. Without a terminal it shows all once; with --json it prints an
    object a second until Ctrl-C, with --json --once a single one.

    Example: cc-proxy top --once
    """
    source, found = connect(common)
    if common.json:
        return Result(NAME, to_builtins(found), series=() if once else _series(source))
    if once or not full_screen.is_possible():
        columns = full_screen.size()[0] if full_screen.is_possible() else _SNAPSHOT_COLUMNS
        return Result(NAME, lines=tuple(_lines(source, found, columns)))
    with full_screen.full_screen() as screen:
        _live(screen, source, found)
    return Result(NAME)


def _series(source: Source) -> Iterator[Mapping[str, object]]:
    while True:
        time.sleep(_INTERVAL_SECONDS)
        if (found := source.ask()) is not None:
            yield to_builtins(found)


def _live(screen: Screen, source: Source, found: Activity) -> None:
    note = ""
    due = time.monotonic() + _INTERVAL_SECONDS
    while True:
        columns, rows = full_screen.size()
        screen.draw(_lines(source, found, columns, rows, note))
        # After a resize the same is drawn again.
        key = screen.wait(max(0.0, due - time.monotonic()))
        if key.startswith(_QUIT):
            return
        if time.monotonic() < due:
            continue
        due = time.monotonic() + _INTERVAL_SECONDS
        answer = source.ask()
        note = "" if answer else f"No answer from {source.state.url}; this is how it was before."
        found = answer or found


def _lines(
    source: Source, found: Activity, columns: int, rows: int | None = None, note: str = ""
) -> list[str]:
    frame = view.Frame(source.title, "" if rows is None else _KEYS, note)
    return view.lines(found, frame, columns, rows)
