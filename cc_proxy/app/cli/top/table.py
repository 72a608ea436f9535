"""Tables that fit a width: columns of fixed places, one that takes the rest, some that may go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cc_proxy.app.cli.output import colour
from cc_proxy.app.cli.output.colour import Style
from cc_proxy.app.cli.output.columns import fitted

_GAP = "  "


@dataclass(frozen=True)
class Column:
    """A column: its title and its places.

    `from_width`: it appears from so many columns on. `stretches`: it takes what the others leave.
    """

    title: str
    places: int
    right: bool = False
    from_width: int = 0
    stretches: bool = False


@dataclass(frozen=True)
class Cell:
    """A text, and its style if it has one."""

    text: str
    style: Style | None = None


def table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], width: int) -> list[str]:
    """Return a line with the titles and one for each row, none wider than `width`.

    On a terminal too narrow for all columns the lines are cut by who shows them.
    """
    shown = [place for place, column in enumerate(columns) if column.from_width <= width]
    places = [columns[place].places for place in shown]
    stretched = next(at for at, place in enumerate(shown) if columns[place].stretches)
    left = width - sum(places) - len(_GAP) * (len(places) - 1)
    places[stretched] = max(1, places[stretched] + left)
    titles = [Cell(column.title) for column in columns]
    return [_row(row, columns, shown, places) for row in (titles, *rows)]


def _row(
    row: Sequence[Cell], columns: Sequence[Column], shown: Sequence[int], places: Sequence[int]
) -> str:
    cells = (
        _styled(fitted(row[place].text, count, right=columns[place].right), row[place].style)
        for place, count in zip(shown, places, strict=True)
    )
    return _GAP.join(cells).rstrip()


def _styled(text: str, style: Style | None) -> str:
    return text if style is None else colour.styled(text, style)
