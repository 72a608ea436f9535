"""A filter for log entries, by time, level and request."""

import datetime as dt
import json
import re
from dataclasses import dataclass

import click

LEVELS = ("debug", "info", "warning", "error")
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(\d{1,9})([smhd])")
# As `LineFormatter` writes it: time, level in five columns or more, the request if there is one.
_TEXT = re.compile(r"(\d{4}-\d\d-\d\dT[\d:.]+Z) ([A-Z]+) +(?:(req_[0-9a-z]+)\b)?")
_FROM_TEXT = {"WARN": "warning", "FATAL": "error"}


@dataclass(frozen=True)
class LinePrefix:
    """The fields at the start of an entry's first line; the lines after it belong to it."""

    time: str
    level: str
    request_id: str | None


@dataclass(frozen=True)
class LogQuery:
    """The criteria for an entry; None matches all. `since` has a time zone."""

    since: dt.datetime | None = None
    level: str | None = None
    request_id: str | None = None

    @property
    def everything(self) -> bool:
        """True if every entry matches."""
        return self == LogQuery()

    def takes(self, head: LinePrefix) -> bool:
        """Tell whether an entry is wanted."""
        if self.request_id is not None and head.request_id != self.request_id:
            return False
        if self.level is not None and _rank(head.level) < _rank(self.level):
            return False
        return self.since is None or dt.datetime.fromisoformat(head.time) >= self.since


class LogFilter:
    """Goes through lines in their order, and lets through those of wanted entries."""

    def __init__(self, wanted: LogQuery) -> None:
        self._wanted = wanted
        # Lines before the first whole entry belong to one that cannot be known.
        self._open = wanted.everything

    def matches(self, line: str) -> bool:
        """Tell whether a line is wanted."""
        if not self._wanted.everything and (head := prefix_of(line)) is not None:
            self._open = self._wanted.takes(head)
        return self._open


def prefix_of(line: str) -> LinePrefix | None:
    """Return what a line of either form says of its entry, None if it goes on with the last."""
    if line.startswith("{"):
        return _from_json(line)
    found = _TEXT.match(line)
    if found is None:
        return None
    return LinePrefix(found[1], _FROM_TEXT.get(found[2], found[2].lower()), found[3])


def _from_json(line: str) -> LinePrefix | None:
    try:
        entry = json.loads(line)
        dt.datetime.fromisoformat(entry["time"])
        return LinePrefix(entry["time"], str(entry["level"]), entry.get("request_id"))
    except (ValueError, TypeError, KeyError):  # a line that another program wrote to stderr
        return None


def _rank(level: str) -> int:
    # A level that is not known is at least as bad as the worst that is.
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


class Since(click.ParamType[dt.datetime]):
    """A moment: `10m`, `2h` or `1d` ago, or a date and time in ISO 8601."""

    name = "since"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.datetime:
        """Return the moment, with a time zone; without one in the text the machine's counts."""
        text = str(value)
        if span := _SPAN.fullmatch(text):
            ago = dt.timedelta(seconds=int(span[1]) * _SPANS[span[2]])
            try:
                return dt.datetime.now(dt.UTC) - ago
            except OverflowError:
                return dt.datetime.min.replace(tzinfo=dt.UTC)
        try:
            return dt.datetime.fromisoformat(text).astimezone()
        except (ValueError, OverflowError):
            self.fail(
                f"Expected a time such as 10m, 2h, 1d or 2026-11-22T18:00, found {text!r}.",
                param,
                ctx,
            )


def request_id(text: str | None) -> str | None:
    """Return a request's id as the log has it; people may leave out what all begin with."""
    return text if text is None or text.startswith("req_") else f"req_{text}"
