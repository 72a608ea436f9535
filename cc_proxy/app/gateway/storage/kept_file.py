"""A file of what can be learned again.

So no trouble with it is ever more than a line in the log.
"""

import logging
from pathlib import Path

from cc_proxy.app import private_files
from cc_proxy.app.private_files import NotPrivateError

log = logging.getLogger(__name__)


class KeptFile:
    """The bytes of one private file, at most `most_bytes` of them; `what` names it in the log.

    Without a path nothing is kept. A file that is not this user's alone is left as it is.
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
            return private_files.read(self._path, limit=self._most_bytes)
        except FileNotFoundError:
            return None
        except NotPrivateError as error:
            self._refuse(self._path, error)
        except OSError as error:
            log.warning("%s: %s cannot be read: %s", self._what, self._path, error)
        return None

    def write(self, body: bytes) -> None:
        """Write the file anew: a reader sees the old or the new one, never a half."""
        if self._path is None:
            return
        try:
            private_files.replace(self._path, body, durable=False)
        except OSError as error:
            self._not_written(error)
        else:
            self._failed = False

    def append(self, body: bytes) -> None:
        """Add to the end of the file, which is made if it is missing."""
        if self._path is None:
            return
        try:
            private_files.append(self._path, body)
        except NotPrivateError as error:
            self._refuse(self._path, error)
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
                private_files.remove(path)
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

    def _refuse(self, path: Path, error: NotPrivateError) -> None:
        text = "%s: %s is %s, so it is neither read nor written. %s; then: cc-proxy restart"
        log.warning(text, self._what, path, error.found, error.fix)
        self._path = None

    def _not_written(self, error: OSError) -> None:
        # A full disk would be told of after every answer.
        if not self._failed:
            log.warning("%s: %s cannot be written: %s", self._what, self._path, error)
        self._failed = True


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".broken")
