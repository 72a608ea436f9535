"""`cc-proxy usage`: the totals that the proxy keeps on disk."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, cast, get_args

import click

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.logs.log_filter import Since
from cc_proxy.app.cli.output.amounts import duration
from cc_proxy.app.cli.output.columns import fitted, width
from cc_proxy.app.cli.output.result import FAILED, ErrorItem, Result
from cc_proxy.app.cli.statusline.line import tokens
from cc_proxy.app.cli.value_types import OneOf
from cc_proxy.app.gateway.storage.usage_table import (
    USAGE_FILE,
    Grouping,
    UsageAmounts,
    UsageFileError,
    UsageTotal,
    read_totals,
)

if TYPE_CHECKING:
    import datetime as dt

NAME = "usage"
_UUID_CHARACTERS = 36
_TITLES = ("REQUESTS", "READ", "REUSED", "WRITTEN", "SAVED", "CALLS", "REPAIRED")
_GAP = "  "


@define(NAME)
@click.option(
    "--by",
    type=OneOf(get_args(Grouping)),
    default="day",
    show_default=True,
    help="A row for each of these.",
)
@click.option(
    "--since",
    type=Since(),
    metavar="TIME",
    help="Whole days since 7d ago, or since 2026-11-22T18:00.",
)
def command(common: Common, *, by: str, since: "dt.datetime | None") -> Result:
    """Show the totals of usage: tokens read, reused and written, and the time that reuse saved.

    The proxy keeps them for 400 days, unless server.keep_on_disk is false. SAVED is about what it
    would have taken to read the reused tokens; REPAIRED counts the tool calls that were read from
    text or repaired.

    Example: cc-proxy usage --since 7d --by model
    """
    path = common.paths().state_dir / USAGE_FILE
    grouping = cast("Grouping", by)
    first = since.astimezone().date().isoformat() if since else ""
    try:
        found = read_totals(path, grouping, first)
    except UsageFileError as error:
        text = f"Expected to read the totals in {path}, found: {error}."
        item = ErrorItem(
            "usage_unreadable", text, "If it is damaged, remove it: the totals begin anew."
        )
        return Result(NAME, errors=(item,), exit_code=FAILED)
    total = UsageAmounts()
    for one in found:
        total.add(one.amounts)
    data = {
        "by": by,
        "since": first or None,
        "rows": [_row_data(one) for one in found],
        "total": asdict(total),
    }
    return Result(
        NAME, data, tuple(_lines(grouping, found, total)) if found else (_nothing(first),)
    )


def _row_data(one: UsageTotal) -> dict[str, object]:
    return {
        "name": one.name,
        "folder": one.folder,
        "last_day": one.last_day,
        "amounts": asdict(one.amounts),
    }


def _nothing(since: str) -> str:
    return f"No usage since {since}." if since else "No usage so far."


def _lines(by: Grouping, found: Sequence[UsageTotal], total: UsageAmounts) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [(by.upper(), *_TITLES)]
    rows += [(_name(by, one), *_cells(one.amounts)) for one in found]
    if len(found) > 1:
        rows.append(("total", *_cells(total)))
    places = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (fitted(text, places[column], right=column > 0) for column, text in enumerate(row))
        yield _GAP.join(cells).rstrip()


def _name(by: Grouping, one: UsageTotal) -> str:
    if by == "key":
        return one.name or "the proxy's own"
    if by != "session":
        return one.name
    # A UUID's first part suffices to tell sessions apart; --json has all of it.
    name = one.name[:8] if len(one.name) == _UUID_CHARACTERS else one.name or "no session"
    return f"{one.last_day}  {one.folder or '-'}  {name}"


def _cells(amounts: UsageAmounts) -> tuple[str, ...]:
    return (
        f"{amounts.requests:,}",
        tokens(amounts.read),
        tokens(amounts.reused),
        tokens(amounts.written),
        duration(amounts.seconds_saved),
        f"{amounts.calls:,}",
        f"{amounts.rescued + amounts.repaired:,}",
    )
