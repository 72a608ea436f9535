"""Reading a log: its last lines, and those that are still to come."""

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from io import BufferedReader, FileIO
from pathlib import Path

from cc_proxy.app import private_files
from cc_proxy.app.cli.logs.log_filter import LogFilter, LogQuery
from cc_proxy.app.redaction import Redactor

_BLOCK = 64 * 1024
_PAUSE_SECONDS = 0.2


class LogReader:
    """A log as it is shown: secrets hidden, bytes that are no text replaced, only what is wanted.

    The full files beside it (`NAME.1` is the newest) belong to it.
    """

    def __init__(
        self, path: Path, secrets: Sequence[str] = (), wanted: LogQuery | None = None
    ) -> None:
        self._path = path
        self._redactor = Redactor(secrets)
        self._wanted = wanted or LogQuery()
        self._sieve = LogFilter(self._wanted)
        self._end = 0

    def last(self, count: int | None) -> list[str]:
        """Return the last `count` lines that are wanted, None for all; `follow` goes on there.

        Raises:
            FileNotFoundError: nothing has been logged yet.
            OSError: a file cannot be read.

        """
        with ExitStack() as stack:
            files = self._opened(stack)
            if not files:
                raise FileNotFoundError(self._path)
            if self._wanted.everything and count is not None:
                return self._from_end(files, count)
            lines = self._from_start(reversed(files))
            return list(deque(filter(self._sieve.matches, lines), maxlen=count))

    def follow(self) -> Iterator[str]:
        """Yield lines as they are written, for ever.

        The file may be cut, replaced or removed: a new one under its name is read from its start.

        Raises:
            OSError: the file cannot be read.

        """
        position = self._end
        while True:
            try:
                with FileIO(private_files.open_to_read(self._path)) as file:
                    yield from self._until_replaced(file, position)
            except FileNotFoundError:
                time.sleep(_PAUSE_SECONDS)
            position = 0

    def _opened(self, stack: ExitStack) -> list[BufferedReader]:
        """Return the files, the newest first; one that is renamed meanwhile is there once."""
        numbered = sorted(
            (path for path in self._path.parent.glob(f"{self._path.name}.*") if _number(path)),
            key=_number,
        )
        found: dict[int, BufferedReader] = {}
        for path in (self._path, *numbered):
            try:
                file = stack.enter_context(os.fdopen(private_files.open_to_read(path), "rb"))
            except FileNotFoundError:
                continue
            found.setdefault(os.fstat(file.fileno()).st_ino, file)
            if path == self._path:
                self._end = _whole_lines(file)
        return list(found.values())

    def _from_end(self, files: Iterable[BufferedReader], count: int) -> list[str]:
        lines: list[str] = []
        for file in files:
            if len(lines) >= count:
                break
            more = _last_lines(file, count - len(lines))
            lines = [self._shown(line) for line in more] + lines
        return lines

    def _from_start(self, files: Iterable[BufferedReader]) -> Iterator[str]:
        for file in files:
            file.seek(0)
            for line in file:
                if line.endswith(b"\n"):
                    yield self._shown(line[:-1])

    def _until_replaced(self, file: FileIO, position: int) -> Iterator[str]:
        begun = b""
        file.seek(position)
        while True:
            # Asked first, so that what it got until then is still read.
            replaced = self._is_replaced(file)
            if os.fstat(file.fileno()).st_size < file.tell():
                file.seek(0)
                begun = b""
            while data := file.read(_BLOCK):
                *lines, begun = (begun + data).split(b"\n")
                yield from filter(self._sieve.matches, map(self._shown, lines))
            if replaced:
                return
            time.sleep(_PAUSE_SECONDS)

    def _is_replaced(self, file: FileIO) -> bool:
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(file.fileno()))
        except FileNotFoundError:
            return True

    def _shown(self, line: bytes) -> str:
        return self._redactor.text(line.decode("utf-8", "replace").rstrip("\r"))


def _number(path: Path) -> int:
    suffix = path.suffix[1:]
    return int(suffix) if suffix.isdecimal() and suffix.isascii() else 0


def _whole_lines(file: BufferedReader) -> int:
    """Return how many bytes are whole lines; `follow` shows the last one when it is whole."""
    position = file.seek(0, os.SEEK_END)
    while position > 0:
        step = min(_BLOCK, position)
        position = file.seek(position - step)
        found = file.read(step).rfind(b"\n")
        if found >= 0:
            return position + found + 1
        file.seek(position)
    return 0


def _last_lines(file: BufferedReader, count: int) -> list[bytes]:
    position = _whole_lines(file)
    tail = b""
    while position > 0 and tail.count(b"\n") <= count:
        step = min(_BLOCK, position)
        position = file.seek(position - step)
        tail = file.read(step) + tail
    return tail.split(b"\n")[:-1][-count:] if count else []
