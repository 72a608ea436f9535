"""The log: one line a record, in a file that never grows without end."""

import logging
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from cc_proxy.app.daemon import files
from cc_proxy.app.daemon.paths import LOG_FLAG

MAX_BYTES = 5 * 1024 * 1024
KEPT = 3
_STDERR = 2
_NAMES = {logging.WARNING: "WARN", logging.CRITICAL: "FATAL"}
_HIDDEN = "********"
# What could begin a line of its own, or move a terminal's cursor.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class LineFormatter(logging.Formatter):
    """`2026-11-22T18:00:00.123Z INFO  message`, UTC; no text can forge a line of its own.

    `secrets` are replaced wherever they turn up.
    """

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback follows on lines that begin with spaces."""
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        text = _CONTROL.sub(lambda found: repr(found[0])[1:-1], text).replace("\n", "\n    ")
        second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        level = _NAMES.get(record.levelno, record.levelname)
        return f"{second}.{int(record.msecs):03d}Z {level:5} {text}"


class LogFile(logging.Handler):
    """Appends to a file of mode 0600, and starts a new one when that is full or removed.

    `path.1` is the newest of the full ones. A disk that is full stops no answer: what could
    not be written is counted, and the count written as soon as there is room.
    With `takes_stderr` the process's error output goes into the same file.
    """

    def __init__(
        self, path: Path, *, max_bytes: int = MAX_BYTES, takes_stderr: bool = False
    ) -> None:
        super().__init__()
        self._path = path
        self._max_bytes = max_bytes
        self._takes_stderr = takes_stderr
        self._lost = 0
        with files.explained(path, LOG_FLAG):
            self._handle = files.open_to_append(path)
            files.tighten(path)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        lost = f" ({self._lost} lines before this one could not be written)" if self._lost else ""
        line = (self.format(record) + lost + "\n").encode("utf-8", "backslashreplace")
        try:
            self._be_current(len(line))
            os.write(self._handle, line)
        except OSError:
            self._lost += 1
        else:
            self._lost = 0

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        super().close()

    def _be_current(self, size: int) -> None:
        mine = os.fstat(self._handle)
        try:
            there = self._path.stat()
        except FileNotFoundError:
            self._reopen()
            return
        if (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
            self._reopen()
        elif mine.st_size and mine.st_size + size > self._max_bytes:
            self._rotate()

    def _rotate(self) -> None:
        if os.name == "nt":  # an open file cannot be renamed there
            self._point_at(os.open(os.devnull, os.O_WRONLY))
        try:
            for number in range(KEPT - 1, 0, -1):
                full = self._numbered(number)
                if full.exists():
                    full.replace(self._numbered(number + 1))
            self._path.replace(self._numbered(1))
        finally:
            self._reopen()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _reopen(self) -> None:
        self._point_at(files.open_to_append(self._path))

    def _point_at(self, handle: int) -> None:
        os.dup2(handle, self._handle, inheritable=False)
        if self._takes_stderr:
            os.dup2(handle, _STDERR)
        os.close(handle)


def set_up(path: Path, level: str, *, secrets: Sequence[str], background: bool) -> LogFile:
    """Send every record of the process to the log file, and to a person in the foreground.

    Raises:
        DaemonError: the file cannot be written.

    """
    formatter = LineFormatter(secrets)
    to_file = LogFile(path, takes_stderr=background)
    to_file.setFormatter(formatter)
    root = logging.getLogger()
    root.setLevel(level.upper())
    root.addHandler(to_file)
    if not background:
        to_person = logging.StreamHandler(sys.stderr)
        to_person.setFormatter(formatter)
        root.addHandler(to_person)
    logging.captureWarnings(capture=True)
    # asyncio tells at this level which selector it uses, which nobody wants to know.
    logging.getLogger("asyncio").setLevel(max(root.level, logging.INFO))
    return to_file
