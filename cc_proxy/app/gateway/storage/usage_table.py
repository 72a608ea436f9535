"""The totals of usage on disk: a SQLite table with a row for each day, session, model and class.

Whoever writes opens the file and closes it again, so that a proxy, its successor and a command can
use it at the same time.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Literal, NamedTuple

from cc_proxy.app import private_files

try:
    import sqlite3
except ModuleNotFoundError:  # a Python that was built where SQLite's headers were not
    HAS_SQLITE = False
else:
    HAS_SQLITE = True

USAGE_FILE = "usage.sqlite3"
MAX_ROWS = 50_000
KEPT_DAYS = 400
_BUSY_SECONDS = 5.0

Grouping = Literal["day", "session", "model", "class", "key"]
# A column cannot be a parameter of a statement.
_COLUMNS: dict[Grouping, str] = {
    "day": "day",
    "session": "session",
    "model": "model",
    "class": "class",
    "key": "key",
}


class UsageFileError(Exception):
    """The file cannot be used; `is_damaged` if it holds something else than the table."""

    def __init__(self, reason: str, *, is_damaged: bool = False) -> None:
        super().__init__(reason)
        self.is_damaged = is_damaged


class UsageKey(NamedTuple):
    """The rows of a request; `day` is that of this machine, `2026-11-29`.

    `key` is the name of the key that it carried, "" for the proxy's own.
    """

    day: str
    session: str
    model: str
    request_class: str
    key: str = ""


@dataclass
class UsageAmounts:
    """The amounts of one row, or of several; tokens but for the counts and the seconds.

    `seconds_saved` is about what reading the reused tokens would have taken.
    """

    requests: int = 0
    failed: int = 0
    read: int = 0
    reused: int = 0
    written: int = 0
    seconds_saved: float = 0.0
    calls: int = 0
    rescued: int = 0
    repaired: int = 0

    def add(self, more: "UsageAmounts") -> None:
        """Add another row's amounts."""
        for field in fields(self):
            value = getattr(self, field.name) + getattr(more, field.name)
            setattr(self, field.name, value)


@dataclass(frozen=True)
class UsageTotal:
    """The amounts of a day, a session, a model, a class or a key; `folder` is the session's."""

    name: str
    folder: str
    last_day: str
    amounts: UsageAmounts


_AMOUNTS = tuple(field.name for field in fields(UsageAmounts))
_KEY = ("day", "session", "model", "class")
_CREATE = f"""
CREATE TABLE IF NOT EXISTS usage (
    {", ".join(f"{name} TEXT NOT NULL" for name in _KEY)},
    folder TEXT NOT NULL,
    {", ".join(f"{name} NUMERIC NOT NULL" for name in _AMOUNTS)},
    PRIMARY KEY ({", ".join(_KEY)})
) WITHOUT ROWID
"""
_ADD = f"""
INSERT INTO usage VALUES ({", ".join("?" * (len(_KEY) + 1 + len(_AMOUNTS)))})
ON CONFLICT DO UPDATE SET folder = excluded.folder,
    {", ".join(f"{name} = {name} + excluded.{name}" for name in _AMOUNTS)}
"""  # noqa: S608 - the names are those above
# A table of its own: an earlier version, which may come back, knows the columns of the other one.
_CREATE_KEYS = f"""
CREATE TABLE IF NOT EXISTS usage_of_keys (
    day TEXT NOT NULL, key TEXT NOT NULL,
    {", ".join(f"{name} NUMERIC NOT NULL" for name in _AMOUNTS)},
    PRIMARY KEY (day, key)
) WITHOUT ROWID
"""
_ADD_TO_KEYS = f"""
INSERT INTO usage_of_keys VALUES ({", ".join("?" * (2 + len(_AMOUNTS)))})
ON CONFLICT DO UPDATE SET {", ".join(f"{name} = {name} + excluded.{name}" for name in _AMOUNTS)}
"""  # noqa: S608 - the names are those above
_HAS_KEYS = "SELECT 1 FROM sqlite_master WHERE name = 'usage_of_keys'"
_BOUND = """
DELETE FROM usage WHERE day < ? OR day <= (
    SELECT day FROM usage ORDER BY day DESC LIMIT 1 OFFSET ?
)
"""


def add_rows(
    path: Path, rows: Mapping[UsageKey, UsageAmounts], folders: Mapping[str, str], oldest: str
) -> None:
    """Add amounts to their rows, and remove the days before `oldest` and those too many.

    Raises:
        UsageFileError: the file is not this user's alone, cannot be written, or is damaged.

    """
    with _connected(path, "rw") as database:
        database.execute(_CREATE)
        database.executemany(
            _ADD,
            [
                (*key[: len(_KEY)], folders.get(key.session, ""), *astuple(amounts))
                for key, amounts in rows.items()
            ],
        )
        database.execute(_CREATE_KEYS)
        database.executemany(
            _ADD_TO_KEYS,
            [(key.day, key.key, *astuple(amounts)) for key, amounts in rows.items()],
        )
        database.execute("DELETE FROM usage_of_keys WHERE day < ?", (oldest,))
        database.execute(_BOUND, (oldest, MAX_ROWS))


def read_totals(path: Path, by: Grouping, since: str = "") -> list[UsageTotal]:
    """Return the totals since a day, the last used first; none where there is no file.

    Raises:
        UsageFileError: the file is not this user's alone, cannot be read, or is damaged.

    """
    if not path.exists():
        return []
    column = _COLUMNS[by]
    sums = ", ".join(f"TOTAL({name})" for name in _AMOUNTS)
    table, folder = ("usage_of_keys", "''") if by == "key" else ("usage", "MAX(folder)")
    query = f"""
    SELECT {column}, {folder}, MAX(day) AS last, {sums} FROM {table} WHERE day >= ?
    GROUP BY {column} ORDER BY last DESC, SUM(requests) DESC
    """  # noqa: S608 - the column is one of five
    with _connected(path, "ro") as database:
        if by == "key" and not database.execute(_HAS_KEYS).fetchall():
            return []
        rows = database.execute(query, (since,)).fetchall()
    return [
        UsageTotal(name, folder if by == "session" else "", last, _amounts(amounts))
        for name, folder, last, *amounts in rows
    ]


def _amounts(found: list[float]) -> UsageAmounts:
    # TOTAL does not fail where SUM would overflow, and gives a float for each.
    amounts = UsageAmounts(*map(int, found))
    amounts.seconds_saved = found[_AMOUNTS.index("seconds_saved")]
    return amounts


@contextmanager
def _connected(path: Path, mode: Literal["ro", "rw"]) -> "Iterator[sqlite3.Connection]":
    """Yield a connection with one transaction, which is undone after an error."""
    if not HAS_SQLITE:
        raise UsageFileError("this Python has no module sqlite3")
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        if mode == "rw":
            _make(path)
        # Refused where it is not this user's, and closed to others where it was open to them.
        os.close(private_files.open_to_read(path))
        with closing(sqlite3.connect(uri, timeout=_BUSY_SECONDS, uri=True)) as database, database:
            yield database
    except OSError as error:
        raise UsageFileError(error.strerror or str(error)) from error
    except sqlite3.OperationalError as error:
        raise UsageFileError(str(error)) from error
    except sqlite3.DatabaseError as error:
        raise UsageFileError(str(error), is_damaged=True) from error


def _make(path: Path) -> None:
    # With its mode before SQLite opens it; a journal beside it gets the same.
    try:
        private_files.create(path, b"", durable=False)
    except FileExistsError:
        return
