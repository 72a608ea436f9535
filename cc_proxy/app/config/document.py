"""A YAML text as PyYAML's nodes, which know their line and column; with limits, and one scalar."""

import re
from collections.abc import Iterator

import msgspec
import yaml

from cc_proxy.app.config.schema import Kind

_DEEPEST = 16
_MOST_NODES = 20_000  # far more than any configuration, little enough to read in a moment

_TAG = "tag:yaml.org,2002:"
_KINDS = {
    f"{_TAG}str": Kind.TEXT,
    f"{_TAG}int": Kind.ODD_NUMBER,
    f"{_TAG}float": Kind.DECIMAL,
    f"{_TAG}bool": Kind.BOOLEAN,
    f"{_TAG}null": Kind.NOTHING,
    f"{_TAG}timestamp": Kind.DATE,
}
# YAML 1.1 also reads 0x1F, 017 (octal), 1_000 and 1:30 (sixty-based) as numbers.
_DECIMAL_DIGITS = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")

# What PyYAML says, and what a person can do about it.
_FIXES = (
    ("mapping values", 'a value with ": " in it goes into quotes; a key ends with a colon'),
    (r"'\t'", "indent with spaces; YAML does not take tabs"),
    ("cannot start any token", "put the value into quotes"),
    ("expected <block end>", "indent this line like the others of its group"),
    ("could not find expected ':'", "write a colon and a space after the key"),
    ("another document", "keep one document: remove what follows the line with ---"),
    ("undefined alias", "a name that starts with * goes into quotes"),
    ("unexpected end of stream", "close the quotes that start here"),
    ("alphabetic or numeric character", "a name that starts with * or & goes into quotes"),
    ("<stream end>", "close the bracket that is still open"),
    ("',' or '}'", "${VAR} inside { } goes into quotes"),
)
_OPENED = re.compile("end of stream|could not find expected ':'")


class Position(msgspec.Struct, frozen=True):
    """A place in the text; both count from 0, columns in characters.

    From the column `hide_from` on the line is not to be shown.
    """

    line: int
    column: int
    width: int = 1
    hide_from: int | None = None


class SyntaxProblemError(ValueError):
    """The text is not YAML, or more of it than a configuration can be."""

    def __init__(self, what: str, position: Position, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.position = position
        self.fix = fix


class _LimitedLoader(yaml.SafeLoader):
    """Stops at a depth and a number of nodes that would cost time or the stack.

    The pure Python loader, because its messages say more than the C one's; aliases cost
    nothing, since the nodes are read along the schema and never expanded.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        self._nodes += 1
        if self._depth > _DEEPEST or self._nodes > _MOST_NODES:
            limit = "deeply nested" if self._depth > _DEEPEST else "many values"
            place = Position(0, 0)
            if parent is not None:  # it has a start, but no end yet
                place = Position(parent.start_mark.line, parent.start_mark.column)
            raise SyntaxProblemError(f"too {limit} for a configuration", place)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def compose(text: str) -> yaml.Node | None:
    """Return the root node, or None for a text without values. Raises SyntaxProblemError."""
    try:
        loader = _LimitedLoader(text)
        return loader.get_single_node()
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Position(before.count("\n"), len(before) - before.rfind("\n") - 1)
        what = f"a character that YAML does not allow (U+{ord(text[error.position]):04X})"
        raise SyntaxProblemError(what, place, "remove it, or save the file anew") from error
    except yaml.MarkedYAMLError as error:
        raise _from_yaml(error) from error


def position(node: yaml.Node) -> Position:
    """Return where a node starts, and its width when it ends on the same line."""
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Position(start.line, start.column, max(1, width))


def kind(node: yaml.ScalarNode) -> Kind:
    """Return what YAML takes a scalar for."""
    if node.tag == f"{_TAG}int" and _DECIMAL_DIGITS.fullmatch(node.value):
        return Kind.WHOLE
    return _KINDS.get(node.tag, Kind.OTHER)


def is_nothing(node: yaml.Node | None) -> bool:
    """Tell whether there is no value, as in `server:` with nothing below it."""
    return node is None or (isinstance(node, yaml.ScalarNode) and kind(node) is Kind.NOTHING)


def items(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield the keys and values of a mapping in the file's order."""
    yield from node.value


def _from_yaml(error: yaml.MarkedYAMLError) -> SyntaxProblemError:
    problem = (error.problem or "a part of it has no meaning").removeprefix("but ")
    mark = error.problem_mark or error.context_mark
    if _OPENED.search(problem) and error.context_mark is not None:
        mark = error.context_mark  # where it began says more than where it was missed
    place = Position(0, 0) if mark is None else Position(mark.line, mark.column)
    fix = next((fix for part, fix in _FIXES if part in problem), None)
    return SyntaxProblemError(f"this is not YAML: {problem}", place, fix)
