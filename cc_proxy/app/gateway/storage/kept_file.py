"""A file of what can be learned again.

So no trouble with it is ever more than a line in the log.
"""

import contextlib
import logging
import os
import secrets
from pathlib import Path

log = logging.getLogger(__name__)

_FILE_MODE = 0o600
# O_NOFOLLOW: the file is ours, a link in its place is not. Windows does not have it.
_NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_BINARY: int = getattr(os, "O_BINARY", 0)


class KeptFile:
    """The bytes of one file, 0600, at most `most_bytes` of them; `what` names it in the log.

    Without a path nothing is kept.
    """

    def __init__(self, path: Path | None, what: str, most_bytes: int = 0) -> None:
        self._path = path
        self._what = what
        self._most_bytes = most_bytes
        self._failed = False

    def read(self) -> bytes | None:
        """Return what is in the file, None when there is none that can be read."""
        if self._path is None:
            return None
        try:
            with os.fdopen(os.open(self._path, os.O_RDONLY | _NO_FOLLOW | _BINARY), "rb") as file:
                return file.read(self._most_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("%s: %s cannot be read: %s", self._what, self._path, error)
            return None

    def write(self, body: bytes) -> None:
        """Write the file anew: a reader sees the old or the new one, never a half."""
        if self._path is None:
            return
        draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        try:
            self._put(draft, os.O_EXCL, body)
            draft.replace(self._path)
        except OSError as error:
            self._not_written(error)
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
        else:
            self._failed = False

    def append(self, body: bytes) -> None:
        """Add to the end of the file, which is made if it is missing."""
        if self._path is None:
            return
        try:
            self._put(self._path, os.O_APPEND, body)
        except OSError as error:
            self._not_written(error)
        else:
            self._failed = False

    def remove(self) -> None:
        """Remove the file, and one that was put aside, if they are there."""
        if self._path is None:
            return
        for path in (self._path, _aside(self._path)):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("%s: %s cannot be removed: %s", self._what, path, error)

    def put_aside(self, reason: str, and_now: str) -> None:
        """Give a file that is no use another name; `and_now` says what becomes of it."""
        if self._path is None:
            return
        aside = _aside(self._path)
        where = (self._what, self._path, reason)
        try:
            self._path.replace(aside)
        except OSError as error:
            log.warning("%s: %s is broken (%s) and stays: %s", *where, error)
        else:
            log.warning("%s: %s is broken (%s); it is now %s, and %s", *where, aside.name, and_now)

    def left_out(self, lines: int, reason: str, and_now: str) -> None:
        """Say that some of its lines are no use, while the others count."""
        where = (self._what, self._path, lines, reason, and_now)
        log.warning("%s: %s has damaged lines, which are left out: %d (%s); %s", *where)

    def _put(self, path: Path, flag: int, body: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | flag | _NO_FOLLOW | _BINARY
        with os.fdopen(os.open(path, flags, _FILE_MODE), "wb") as file:
            file.write(body)

    def _not_written(self, error: OSError) -> None:
        # A full disk would be told of after every answer.
        if not self._failed:
            log.warning("%s: %s cannot be written: %s", self._what, self._path, error)
        self._failed = True


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".broken")
