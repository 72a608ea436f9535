"""A YAML text as nodes, which know their line and column; with limits, and one scalar."""

import re
import sys
from collections.abc import Iterator
from copy import copy
from typing import NamedTuple

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, StringMark
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scanner import Scanner

from cc_proxy.app.config.validation.kinds import ScalarKind
from cc_proxy.app.config.yaml_file.excerpt import LINE_BREAK

__all__ = [
    "MappingNode",
    "Node",
    "Position",
    "ScalarNode",
    "SequenceNode",
    "SyntaxProblemError",
    "compose",
    "is_nothing",
    "items",
    "kind",
    "position",
]

_TAG = "tag:yaml.org,2002:"
_DEEPEST = 16
_MOST_NODES = 20_000  # far more than any configuration, little enough to read in a moment
_MAX_TAG = 200  # ruamel.yaml's work on a tag is the square of its length

_KINDS = {
    f"{_TAG}str": ScalarKind.TEXT,
    f"{_TAG}int": ScalarKind.ODD_NUMBER,
    f"{_TAG}float": ScalarKind.DECIMAL,
    f"{_TAG}bool": ScalarKind.BOOLEAN,
    f"{_TAG}null": ScalarKind.NOTHING,
    f"{_TAG}timestamp": ScalarKind.DATE,
}
# YAML 1.1 also reads 0x1F, 017 (octal), 1_000 and 1:30 (sixty-based) as numbers.
_DECIMAL_DIGITS = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")

# What ruamel.yaml says, and what a person can do about it.
_FIXES = (
    (
        "mapping values",
        'a key starts a new line and ends with a colon; a value with ": " in it goes into quotes',
    ),
    (r"'\t'", "indent with spaces; YAML does not take tabs"),
    ("cannot start any token", "put the value into quotes"),
    ("expected <block end>", "indent this line like the others of its group"),
    ("could not find expected ':'", "write a colon and a space after the key"),
    ("another document", "keep one document: remove what follows the line with ---"),
    ("unexpected end of stream", "close the quotes that start here"),
    ("<stream end>", "close the bracket that is still open"),
    ("',' or '}'", "${VAR} inside { } goes into quotes"),
)
# ruamel.yaml writes some of the names that it found with the brackets of a tuple.
_LONE_TUPLE = re.compile(r"\(('<[a-z ]+>'|'.'),\)$")
_REFERENCE = re.compile("undefined alias|alphabetic or numeric character")
# What starts with * or &, as far as the colon of a key or the end of the value.
_MARKED = re.compile(r"(?<![^\s{\[,])(?P<name>[*&][^\s{}\[\],]*?)(?P<colon>[ \t]*:)?(?=[\s,}\]]|$)")
_VERSION = re.compile(r"^%YAML\b", re.MULTILINE)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BACKSLASH = "write \\\\ for a backslash, or use single quotes"
_ESCAPE = re.compile(r"\\U([0-9A-Fa-f]{8})")
_OPENED = re.compile("end of stream|could not find expected ':'")


class Position(msgspec.Struct, frozen=True):
    """A place in the text; both count from 0, columns in characters.

    From the column `hide_from` on the line is not to be shown.
    """

    line: int
    column: int
    width: int = 1
    hide_from: int | None = None


class SyntaxFix(NamedTuple):
    """A problem of the text, what to do about it, and the column where it starts."""

    what: str
    fix: str
    column: int


class SyntaxProblemError(ValueError):
    """The text is not YAML, or more of it than a configuration can be."""

    def __init__(self, what: str, position: Position, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.position = position
        self.fix = fix


class _LimitedComposer(Composer):
    """Stops at a depth and a number of nodes that would cost time or the stack.

    Aliases cost nothing, since the nodes are read along the schema and never expanded.
    """

    def __init__(self, loader: object = None) -> None:
        super().__init__(loader)
        self.warn_double_anchors = False
        self._level = 0
        self._nodes = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self._level += 1
        self._nodes += 1
        if self._level > _DEEPEST or self._nodes > _MOST_NODES:
            limit = "deeply nested" if self._level > _DEEPEST else "many values"
            place = Position(0, 0)
            if parent is not None:  # it has a start, but no end yet
                place = Position(parent.start_mark.line, parent.start_mark.column)
            raise SyntaxProblemError(f"too {limit} for a configuration", place)
        node: Node | None = super().compose_node(parent, index)
        self._level -= 1
        if isinstance(node, ScalarNode) and _SURROGATE.search(node.value):
            what = "this is not YAML: an escape that stands for half a character"
            raise SyntaxProblemError(what, position(node), _BACKSLASH)
        return node


class _LimitedScanner(Scanner):
    """Refuses a tag (`!name`) that is longer than any is."""

    def scan_tag_uri(self, name: object, start_mark: StringMark) -> str:
        uri: str = super().scan_tag_uri(name, start_mark)
        if len(uri) > _MAX_TAG:
            place = Position(start_mark.line, start_mark.column)
            fix = "put a value that starts with ! into quotes"
            raise SyntaxProblemError("a tag that is too long for a configuration", place, fix)
        return uri


def compose(text: str) -> Node | None:
    """Return the root node, or None for a text without values. Raises SyntaxProblemError."""
    yaml = YAML(typ="safe", pure=True)
    # YAML 1.2 takes `on` and `yes` for text, and 017 for 17.
    yaml.version = (1, 1)
    yaml.Composer = _LimitedComposer
    yaml.Scanner = _LimitedScanner
    try:
        root: Node | None = yaml.compose(text)
    except ReaderError as error:
        before = text[: error.position]
        place = Position(before.count("\n"), len(before) - before.rfind("\n") - 1)
        what = f"a character that YAML does not allow (U+{ord(text[error.position]):04X})"
        raise SyntaxProblemError(what, place, "remove it, or save the file anew") from error
    except MarkedYAMLError as error:
        raise _from_yaml(error, text) from error
    except SyntaxProblemError:
        raise
    except AssertionError as error:  # of ruamel.yaml's, for a version that it does not know
        what = "a version of YAML that there is not"
        raise _unreadable(what, _VERSION.search(text), "remove the line") from error
    except (ValueError, OverflowError) as error:
        escapes = (e for e in _ESCAPE.finditer(text) if int(e[1], 16) > sys.maxunicode)
        what = "an escape that stands for no character"
        raise _unreadable(what, next(escapes, None), _BACKSLASH) from error
    return root


def position(node: Node) -> Position:
    """Return where a node starts, and its width when it ends on the same line."""
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Position(start.line, start.column, max(1, width))


def extent(node: Node) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where a node starts and where it ends, as line and column."""
    start, end = node.start_mark, node.end_mark
    return (start.line, start.column), (end.line, end.column)


def kind(node: ScalarNode) -> ScalarKind:
    """Return what YAML takes a scalar for."""
    if node.tag == f"{_TAG}int" and _DECIMAL_DIGITS.fullmatch(node.value):
        return ScalarKind.WHOLE
    return _KINDS.get(node.tag or "", ScalarKind.OTHER)


def is_nothing(node: Node | None) -> bool:
    """Tell whether there is no value, as in `server:` with nothing below it."""
    return node is None or (isinstance(node, ScalarNode) and kind(node) is ScalarKind.NOTHING)


def items(node: MappingNode) -> Iterator[tuple[Node, Node]]:
    """Yield the keys and values of a mapping in the file's order."""
    for key, value in node.value:
        if isinstance(value, ScalarNode) and not value.value and value.style is None:
            # What is not there has the place of the next thing; here it is behind its key's colon.
            value.start_mark = value.end_mark = copy(key.end_mark)
            value.start_mark.column += 1
        yield key, value


def _unreadable(what: str, at: re.Match[str] | None, fix: str) -> SyntaxProblemError:
    """Return what ruamel.yaml has no error of its own for."""
    before = at.string[: at.start()] if at else ""
    place = Position(before.count("\n"), len(before) - before.rfind("\n") - 1)
    return SyntaxProblemError(f"this is not YAML: {what}", place, fix)


def _unquoted(line: str, column: int) -> SyntaxFix | None:
    """Return what to do about a text that starts with * or &, which YAML has a use for.

    A pattern such as * is a name in quotes.
    """
    token = next((t for t in _MARKED.finditer(line) if t.start() <= column <= t.end()), None)
    if token is None:
        return None
    what = f"a plain {token[0][0]} starts a reference of YAML's own"
    fix = f"put the value that starts with {token[0][0]} into quotes"
    if token["colon"]:
        fix = f'put the name into quotes: "{token["name"]}":'
    return SyntaxFix(what, fix, token.start())


def _from_yaml(error: MarkedYAMLError, text: str) -> SyntaxProblemError:
    problem = (error.problem or "a part of it has no meaning").removeprefix("but ")
    problem = _LONE_TUPLE.sub(r"\1", problem).replace("hexdecimal", "hexadecimal")
    mark = error.problem_mark or error.context_mark
    if _OPENED.search(problem) and error.context_mark is not None:
        mark = error.context_mark  # where it began says more than where it was missed
    place = Position(0, 0) if mark is None else Position(mark.line, mark.column)
    if mark is not None and _REFERENCE.search(problem):
        line = LINE_BREAK.split(text)[mark.line]
        if unquoted := _unquoted(line, mark.column):
            at = Position(mark.line, unquoted.column)
            return SyntaxProblemError(f"this is not YAML: {unquoted.what}", at, unquoted.fix)
    fix = next((fix for part, fix in _FIXES if part in problem), None)
    return SyntaxProblemError(f"this is not YAML: {problem}", place, fix)
