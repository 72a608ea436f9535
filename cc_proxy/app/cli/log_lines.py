"""Reading a log: its last lines, and those that are still to come."""

import os
import time
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path

_BLOCK = 64 * 1024
_PAUSE_SECONDS = 0.2
_HIDDEN = "********"


class Log:
    """A log file as it is shown: secrets hidden, bytes that are no text replaced."""

    def __init__(self, path: Path, secrets: Sequence[str] = ()) -> None:
        self._path = path
        self._secrets = tuple(secrets)
        self._end = 0

    def last(self, count: int) -> list[str]:
        """Return the last `count` lines; `follow` goes on from there.

        Raises:
            FileNotFoundError: nothing has been logged yet.
            OSError: the file cannot be read.

        """
        with self._path.open("rb") as file:
            self._end = position = file.seek(0, os.SEEK_END)
            tail = b""
            while position > 0 and tail.count(b"\n") <= count:
                step = min(_BLOCK, position)
                position = file.seek(position - step)
                tail = file.read(step) + tail
                file.seek(position)
        # A line that is still being written is shown by `follow`, when it is whole.
        whole, newline, rest = tail.rpartition(b"\n")
        self._end -= len(rest)
        return [self._shown(line) for line in (whole + newline).splitlines()[-count:] if count]

    def follow(self) -> Iterator[str]:
        """Yield lines as they are written, for ever.

        The file may be cut, replaced or removed: a new one under its name is read from its start.

        Raises:
            OSError: the file cannot be read.

        """
        position = self._end
        while True:
            try:
                with self._path.open("rb", buffering=0) as file:
                    yield from self._until_replaced(file, position)
            except FileNotFoundError:
                time.sleep(_PAUSE_SECONDS)
            position = 0

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
                yield from map(self._shown, lines)
            if replaced:
                return
            time.sleep(_PAUSE_SECONDS)

    def _is_replaced(self, file: FileIO) -> bool:
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(file.fileno()))
        except FileNotFoundError:
            return True

    def _shown(self, line: bytes) -> str:
        text = line.decode("utf-8", "replace").rstrip("\r")
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text
