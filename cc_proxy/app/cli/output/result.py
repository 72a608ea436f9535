"""The result of a command, and the only place that prints it: as text or as JSON.

No text can control the terminal (`escape_controls`).
"""

import os
import re
import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TextIO

from cc_proxy.app import readers
from cc_proxy.app.cli.output import colour
from cc_proxy.app.cli.output.colour import Style
from cc_proxy.app.cli.output.wrapping import wrapped
from cc_proxy.app.control_characters import escape_controls, one_line
from cc_proxy.app.errors import CcProxyError

VERSION = 1
OK = 0
FAILED = 1
USAGE = 2
NOT_RUNNING = 3
REFUSED = 4
NO_UPSTREAM = 5
INTERRUPTED = 130

_USUAL_COLUMNS = 80
_LABEL_STYLES = {"Warning": Style.WARN, "Error": Style.FAIL}


class HasCodeMessageHint(Protocol):
    """The fields that errors and notices share."""

    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def hint(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True)
class ErrorItem:
    """One error or warning: a stable code, what is the case, and what to do about it."""

    code: str
    message: str
    hint: str | None = None

    @classmethod
    def of(cls, worded: HasCodeMessageHint) -> "ErrorItem":
        """Return the item for an error or a notice of another layer."""
        return cls(worded.code, worded.message, worded.hint)


@dataclass(frozen=True)
class Result:
    """The outcome of a command.

    `data` is for programs, of a type in `json_data`; `lines` are for people, and may be styled
    (`colour.styled`). `stream` yields lines that are shown as they come. A generator may return
    the result of its work, which is shown after them; with `--json` that result is all there is.
    `series` yields further `data`, each of which `--json` prints as an object of its own.
    """

    command: str
    data: Mapping[str, object] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    warnings: tuple[ErrorItem, ...] = ()
    errors: tuple[ErrorItem, ...] = ()
    exit_code: int = OK
    stream: "Iterable[str] | Generator[str, None, Result]" = ()
    series: Iterable[Mapping[str, object]] = ()


def failed(command: str, error: CcProxyError) -> Result:
    """Return the result of a command that raised."""
    return Result(command, errors=(ErrorItem.of(error),), exit_code=error.exit_code)


def show(result: Result, *, as_json: bool) -> int:
    """Print a result: the answer on stdout, what went wrong on stderr.

    With `as_json` stdout gets exactly one object, and people read all of it on stderr.
    Returns the exit code: the result's, or that of a failure if stdout could not be written.
    """
    try:
        return _shown(result, as_json=as_json)
    except OSError as error:
        _forget(sys.stdout)
        if readers.is_broken_pipe(error):
            return result.exit_code
        item = ErrorItem("output_unwritable", f"The output cannot be written: {error.strerror}.")
        _tell(_items("Error", [item]))
        return FAILED


def _shown(result: Result, *, as_json: bool) -> int:
    if as_json and isinstance(result.stream, Generator):
        return _shown(_finished(result.stream, _tell), as_json=True)
    if as_json:
        _write(sys.stdout, [envelope(result)])
        _tell(result.lines)
        for data in result.series:
            _write(sys.stdout, [envelope(replace(result, data=data))])
    else:
        _write(sys.stdout, _fitted(result.lines, sys.stdout))
    items = [*_items("Warning", result.warnings), *_items("Error", result.errors)]
    _tell(_fitted(items, sys.stderr))
    if isinstance(result.stream, Generator):
        return _shown(
            _finished(result.stream, lambda lines: _write(sys.stdout, lines)), as_json=False
        )
    for line in result.stream:
        _write(sys.stdout, [line])
    return result.exit_code


def _finished(
    stream: "Generator[str, None, Result | None]", write: Callable[[list[str]], None]
) -> Result:
    """Write the lines of a stream as they come, and return its result."""
    while True:
        try:
            line = next(stream)
        except StopIteration as end:
            return end.value or Result("")
        write(_fitted([line], sys.stdout))


def _fitted(lines: Iterable[str], file: TextIO | None) -> list[str]:
    """Return lines that fit the terminal that they are for; elsewhere they stay whole."""
    if file is None or not file.isatty():
        return list(lines)
    return [part for line in lines for part in _fitted_line(line, _columns(file))]


def _fitted_line(text: str, columns: int) -> list[str]:
    # Only the first of several lines is a sentence: a line of a file and a caret may follow it.
    first, *more = text.split("\n")
    return [*wrapped(first, columns), *more]


def _columns(file: TextIO) -> int:
    try:
        return os.get_terminal_size(file.fileno()).columns or _USUAL_COLUMNS
    except OSError:  # a terminal that does not know its size
        return _USUAL_COLUMNS


def transient(text: str) -> None:
    """Show a line on the terminal of stderr, in place of the last one; "" takes it away.

    The caller has seen to it that stderr is a terminal.
    """
    width = _columns(sys.stderr)
    _tell([one_line(text)[: max(width - 1, 1)]], before="\r\x1b[K", end="")


def note(text: str) -> None:
    """Write a line to stderr that stays, such as how far something has come."""
    _tell([one_line(text)])


def question(text: str) -> str:
    """Return a question as it may be put to a person on a terminal."""
    return one_line(text)


def envelope(result: Result) -> str:
    """Return the object that `--json` prints, on one line."""
    import json  # noqa: PLC0415 - people do without it

    return json.dumps(
        {
            "version": VERSION,
            "command": result.command,
            "status": "ok" if result.exit_code == OK else "error",
            "exit_code": result.exit_code,
            "data": result.data,
            "warnings": [vars(item) for item in result.warnings],
            "errors": [vars(item) for item in result.errors],
        }
    )


def aligned(rows: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return `name  value` lines whose values begin in one column; a value is one line."""
    rows = tuple((name, one_line(value)) for name, value in rows)
    width = max((len(name) for name, _ in rows), default=0)
    return tuple(f"{name:{width}}  {value}" for name, value in rows)


def _items(label: Literal["Warning", "Error"], items: Iterable[ErrorItem]) -> Iterable[str]:
    for item in items:
        yield f"{colour.styled(f'{label}:', _LABEL_STYLES[label])} {_indented(item.message)}"
        if item.hint:
            yield f"  -> {_indented(item.hint)}"


def _indented(text: str) -> str:
    """Return a text of which no further line can be taken for another error."""
    return re.sub(r"\n(?=\S)", "\n  ", text)


def _write(file: TextIO | None, lines: Iterable[str], *, before: str = "", end: str = "\n") -> None:
    if file is None:  # started with this stream closed
        return
    # A terminal or locale that lacks a character shows its number instead.
    encoding = file.encoding or "utf-8"
    paint = colour.coloured if colour.is_wanted(file, os.environ) else colour.without_colour
    for line in lines:
        text = paint(escape_controls(line))
        file.write(before + text.encode(encoding, "backslashreplace").decode(encoding) + end)
    file.flush()


def _tell(lines: Iterable[str], *, before: str = "", end: str = "\n") -> None:
    """Write to stderr, if anybody reads there; the work and the exit code are the same if not."""
    try:
        _write(sys.stderr, lines, before=before, end=end)
    except OSError:
        _forget(sys.stderr)


def _forget(file: TextIO | None) -> None:
    """Let the interpreter's last flush go nowhere."""
    if file is None:
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, file.fileno())
    os.close(null)
