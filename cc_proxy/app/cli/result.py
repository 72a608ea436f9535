"""What a command has to say, and the only place that says it: for people, or as JSON."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from cc_proxy.app.errors import CcProxyError

VERSION = 1
OK = 0
FAILED = 1
USAGE = 2
NOT_RUNNING = 3
REFUSED = 4
NO_UPSTREAM = 5
INTERRUPTED = 130


class Worded(Protocol):
    """What an error and a notice have in common."""

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
    def of(cls, worded: Worded) -> "ErrorItem":
        """Return the item for an error or a notice of another layer."""
        return cls(worded.code, worded.message, worded.hint)


@dataclass(frozen=True)
class Result:
    """The outcome of a command.

    `data` is for programs and holds what JSON can, `lines` are for people. `stream` gives lines
    that come while people watch; with `--json` there is none.
    """

    command: str
    data: dict[str, object] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    warnings: tuple[ErrorItem, ...] = ()
    errors: tuple[ErrorItem, ...] = ()
    exit_code: int = OK
    stream: Iterable[str] = ()


def failed(command: str, error: CcProxyError) -> Result:
    """Return the result of a command that raised."""
    return Result(command, errors=(ErrorItem.of(error),), exit_code=error.exit_code)


def show(result: Result, *, as_json: bool) -> None:
    """Print a result: the answer on stdout, what went wrong on stderr.

    With `as_json` stdout gets exactly one object, and people read all of it on stderr.
    """
    try:
        if as_json:
            _write(sys.stdout, [envelope(result)])
        _write(sys.stderr if as_json else sys.stdout, result.lines)
        _write(sys.stderr, [*_items("Warning", result.warnings), *_items("Error", result.errors)])
        for line in result.stream:
            _write(sys.stdout, [line])
    except BrokenPipeError:
        _forget_stdout()


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
    """Return `name  value` lines whose values begin in one column."""
    rows = tuple(rows)
    width = max((len(name) for name, _ in rows), default=0)
    return tuple(f"{name:{width}}  {value}" for name, value in rows)


def _items(label: str, items: Iterable[ErrorItem]) -> Iterable[str]:
    for item in items:
        yield f"{label}: {item.message}"
        if item.hint:
            yield f"  -> {item.hint}"


def _write(file: TextIO | None, lines: Iterable[str]) -> None:
    if file is None:  # started with this stream closed
        return
    # A terminal or locale that lacks a character shows its number instead.
    encoding = file.encoding or "utf-8"
    for line in lines:
        file.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    file.flush()


def _forget_stdout() -> None:
    """Let the interpreter's last flush go nowhere: the reader, `head` say, has seen enough."""
    null = os.open(os.devnull, os.O_WRONLY)
    for file in (sys.stdout, sys.stderr):
        if file is not None:
            os.dup2(null, file.fileno())
    os.close(null)
