"""Files that are nobody else's business: folders 0700, files 0600, symbolic links not followed."""

import contextlib
import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cc_proxy.app.daemon.errors import DaemonError

FOLDER_MODE = 0o700
FILE_MODE = 0o600
# Windows has neither; there the user's profile folder keeps others out.
_NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_BINARY: int = getattr(os, "O_BINARY", 0)
# There Python opens files so that nobody can replace or remove them meanwhile; ours are read
# in no time.
_READING_HOLDS = os.name == "nt"
_PATIENCE_SECONDS = 1.0
_PAUSE_SECONDS = 0.01

_REASONS = {
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EROFS: "a read-only file system",
    errno.ENOSPC: "a full disk",
    errno.EDQUOT: "a used-up disk quota",
    errno.EFBIG: "a limit on the size of files",
    errno.ENOTDIR: "a file where a folder should be",
    errno.EEXIST: "a file where a folder should be",
    errno.EISDIR: "a folder where a file should be",
    errno.ELOOP: "a symbolic link, which is not followed here",
    errno.ENAMETOOLONG: "a path that is longer than the system allows",
    errno.ENOENT: "no such folder",
}
_FIXES = {
    errno.ENOSPC: "Free some space",
    errno.EDQUOT: "Free some space",
    errno.EFBIG: "Raise it (ulimit -f)",
    errno.ELOOP: "Remove the link",
    errno.EISDIR: "Remove that folder",
}


@contextlib.contextmanager
def explained(path: Path, flag: str) -> Iterator[None]:
    """Turn an OSError about `path` into a DaemonError that names the flag to choose another.

    Raises:
        DaemonError: code `folder_unusable`.

    """
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        fix = _FIXES.get(error.errno or 0, f"Make {_in_the_way(path)} you can write to")
        raise DaemonError(
            f"Expected to read and write {path}, found {reason}.",
            code="folder_unusable",
            hint=f"{fix}, or name another folder with {flag}.",
        ) from error


def _in_the_way(path: Path) -> str:
    # A file of root's in a folder of one's own is what `sudo cc-proxy start` leaves.
    return f"{path} a file" if path.is_file() else f"{path.parent} a folder"


def make_folder(path: Path) -> None:
    """Make a folder and the ones above it that are missing, all 0700; one that exists is kept.

    Raises:
        OSError: it cannot be made, or is not a folder.

    """
    if path.is_dir():
        return
    if not path.parent.exists():
        make_folder(path.parent)
    try:
        path.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        if not path.is_dir():  # else another process was faster
            raise


def replace(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old or the new one, never a half.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.

    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    create(draft, data)
    try:
        _in_patience(lambda: draft.replace(path))
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def remove(path: Path) -> None:
    """Remove a file, if there is one.

    Raises:
        OSError: it cannot be removed.

    """
    _in_patience(lambda: path.unlink(missing_ok=True))


def _in_patience(change: Callable[[], object]) -> None:
    """Do it once no other process has the file open, where that keeps it from being done."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            change()
        except PermissionError:
            if not _READING_HOLDS or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(_PAUSE_SECONDS)


def create(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet; nothing is left of it if that fails.

    Raises:
        OSError: it exists, or cannot be written.

    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY, FILE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def open_to_append(path: Path) -> int:
    """Return a descriptor that adds to the end of a file, which is made if it is missing.

    Raises:
        OSError: it cannot be opened, or is a symbolic link.

    """
    if sys.platform == "win32":
        from cc_proxy.app.daemon.process import windows  # noqa: PLC0415 - exists on Windows only

        return windows.open_to_append(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_FOLLOW
    return os.open(path, flags, FILE_MODE)


def open_to_lock(path: Path) -> int:
    """Return a descriptor of a file that is made if it is missing.

    Raises:
        OSError: it cannot be opened, or is a symbolic link.

    """
    return os.open(path, os.O_RDWR | os.O_CREAT | _NO_FOLLOW | _BINARY, FILE_MODE)


def read(path: Path, *, limit: int = 64 * 1024) -> bytes:
    """Return what is in a file of ours, `limit` bytes at most.

    Raises:
        FileNotFoundError: there is none.
        OSError: it is a symbolic link, or cannot be read.
        ForeignFileError: another user made it.

    """
    # O_NONBLOCK: a named pipe in its place must not make us wait for ever.
    flags = os.O_RDONLY | _NO_FOLLOW | _BINARY | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "something that is not a file", str(path))
        if hasattr(os, "geteuid") and status.st_uid not in {os.geteuid(), 0}:
            raise ForeignFileError(path, status.st_uid)
        return file.read(limit)


def tighten(path: Path) -> bool:
    """Take a file away from group and others; True if they had it until now.

    Raises:
        OSError: the mode cannot be changed.

    """
    if os.name == "nt" or not stat.S_IMODE(path.stat().st_mode) & 0o077:
        return False
    path.chmod(FILE_MODE)
    return True


class ForeignFileError(OSError):
    """A file in our folder belongs to another user, who could have written anything into it."""

    def __init__(self, path: Path, owner: int) -> None:
        super().__init__(errno.EPERM, f"a file of the user with id {owner}", str(path))
        self.owner = owner
