"""Long lines, broken at the width of a terminal."""

import re

from cc_proxy.app.cli.output import colour

NARROWEST = 20
# A label and its value, as `result.aligned` and `doctor` write them; an arrow and its hint.
_COLUMN = re.compile(r"\s*\S.*?(?<!\s)\s{2,}+(?=\S)|\s*-> ")
_INDENT = re.compile(r"\s*")


def wrapped(line: str, width: int) -> list[str]:
    """Return a line as lines of at most `width` characters, the later ones indented.

    A line `label  value` is indented to its value, if that leaves half of the width. A word is
    never broken, so that a path or a command can be copied; colours do not add to the width.
    """
    width = max(width, NARROWEST)
    if _width(line) <= width:
        return [line]
    head, words = _head(line, width)
    indent = " " * (_width(head) if head.strip() else len(head) + 2)
    lines, current = [], head
    empty = True
    for word in words:
        if not empty and _width(current) + 1 + _width(word) > width:
            lines.append(current)
            current, empty = indent, True
        current += word if empty else f" {word}"
        empty = False
    return [*lines, current]


def _head(line: str, width: int) -> tuple[str, list[str]]:
    """Return the part of a line that later lines are indented by, and the words after it."""
    column = _COLUMN.match(line)
    if column is None or _width(column[0]) > width // 2:
        column = _INDENT.match(line)
    head = column[0] if column else ""
    return head, line[len(head) :].split(" ")


def _width(text: str) -> int:
    return len(colour.without_colour(text))
