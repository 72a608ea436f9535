"""The log: one line a record, in a file that never grows without end."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from cc_proxy.app import private_files
from cc_proxy.app.config import LoggingSettings
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.daemon.log import log_format
from cc_proxy.app.daemon.paths import LOG_FLAG

MAX_BYTES = 5 * 1024 * 1024
KEPT = 3
_STDERR = 2


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
        with explained(path, LOG_FLAG):
            self._handle = private_files.open_to_append(path)
        # A full disk may have left half a line at the end: the next one begins on its own.
        self._cut = _ends_in_half_a_line(path)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        text = "".join(f"{self.format(one)}\n" for one in (*self._about_lost(), record))
        line = text.encode("utf-8", "backslashreplace")
        try:
            self._be_current(len(line))
            data = b"\n" + line if self._cut else line
            written = data[: os.write(self._handle, data)]
        except OSError:
            self._lost += 1
            return
        if written:
            self._cut = not written.endswith(b"\n")
        self._lost = 0 if written == data else self._lost + 1

    def _about_lost(self) -> Iterator[logging.LogRecord]:
        if self._lost:
            text = "%d lines before the next one could not be written"
            told = {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING"}
            yield logging.makeLogRecord({**told, "msg": text, "args": (self._lost,)})

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
        # It grows on where it may not be renamed: in a folder that is read-only by now, and on
        # Windows while another program, `cc-proxy logs --follow` say, has it open.
        with contextlib.suppress(OSError):
            # The first gap takes what comes: a try that failed has made room already.
            gap = next((n for n in range(1, KEPT) if not self._numbered(n).exists()), KEPT)
            for number in range(gap - 1, -1, -1):
                self._numbered(number).replace(self._numbered(number + 1))
        self._reopen()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path

    def _reopen(self) -> None:
        private_files.make_folder(self._path.parent)
        self._point_at(private_files.open_to_append(self._path))
        self._cut = _ends_in_half_a_line(self._path)

    def _point_at(self, handle: int) -> None:
        os.dup2(handle, self._handle, inheritable=False)
        if self._takes_stderr:
            os.dup2(handle, _STDERR)
        os.close(handle)


def _ends_in_half_a_line(path: Path) -> bool:
    try:
        with os.fdopen(private_files.open_to_read(path), "rb") as file:
            if not file.seek(0, os.SEEK_END):
                return False
            file.seek(-1, os.SEEK_END)
            return file.read() != b"\n"
    except OSError:  # not readable, or already gone
        return False


class Log:
    """Takes every record of the process to the log file, and to a person in the foreground."""

    def __init__(
        self, path: Path, settings: LoggingSettings, *, secrets: Sequence[str], background: bool
    ) -> None:
        """Begin.

        Raises:
            DaemonError: the file cannot be written.

        """
        self._secrets: tuple[str, ...] = ()
        self._handlers: list[logging.Handler] = [LogFile(path, takes_stderr=background)]
        if not background:
            self._handlers.append(logging.StreamHandler(sys.stderr))
        self.use(settings, secrets)
        for handler in self._handlers:
            logging.getLogger().addHandler(handler)
        logging.captureWarnings(capture=True)

    def use(self, settings: LoggingSettings, secrets: Sequence[str]) -> None:
        """Go on with another level, form or more secrets; the ones from before stay hidden."""
        self._secrets = tuple(dict.fromkeys((*self._secrets, *secrets)))
        formatter = log_format.formatter(settings.format, self._secrets)
        for handler in self._handlers:
            handler.setFormatter(formatter)
        root = logging.getLogger()
        root.setLevel(settings.level.upper())
        # asyncio tells at this level which selector it uses, which nobody wants to know.
        logging.getLogger("asyncio").setLevel(max(root.level, logging.INFO))

    def close(self) -> None:
        """End it, and close the file."""
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()
