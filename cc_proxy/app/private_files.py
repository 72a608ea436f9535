"""Files that are nobody else's business: folders 0700, files 0600, links not followed.

What another user owns, or every user can write to, is neither believed nor written to: anything
could be in it. A named pipe or a device in place of a file is refused at once.
"""

import contextlib
import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_READ_LIMIT = 64 * 1024
# Windows has neither; there the user's profile folder keeps others out.
_NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_BINARY: int = getattr(os, "O_BINARY", 0)
# A named pipe would make us wait for somebody at its other end.
_NO_WAIT: int = getattr(os, "O_NONBLOCK", 0)
_POSIX = os.name != "nt"
# There Python opens files so that nobody can replace or remove them meanwhile; ours are read
# in no time.
_READING_HOLDS = os.name == "nt"
_PATIENCE_SECONDS = 1.0
_PAUSE_SECONDS = 0.01


class NotPrivateError(OSError):
    """The path is not a file or folder of this user alone.

    `found` says what it is, `fix` what to do about it; both are parts of a sentence.
    """

    def __init__(self, path: Path, found: str, fix: str) -> None:
        super().__init__(errno.EPERM, found, str(path))
        self.found = found
        self.fix = fix


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


def obstacle(path: Path) -> Path:
    """Return the file or folder that keeps `path` from being reached, read or made.

    It is the lowest folder above `path` that exists, or the thing in it that should be a folder.
    """
    below = path
    for folder in path.parents:
        if os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises where it may not look
            # Of a loop of links, too, lexists says that it is there.
            return below if below != path and os.path.lexists(below) else folder
        below = folder
    return below


def check_folder(path: Path) -> None:
    """Refuse a folder in which others could replace files.

    One whose group can write to it is accepted, since volumes of containers are often so.

    Raises:
        NotPrivateError: another user owns it, or every user can write to it.
        OSError: it cannot be looked at.

    """
    if not _POSIX:
        return
    status = path.stat()
    if _is_foreign(status):
        fix = f"Make it yours: sudo chown {os.geteuid()} {path}"
        raise NotPrivateError(path, f"a folder of {_owner(status)}", fix)
    # In one that is sticky, like /tmp, nobody can replace the file of another user.
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        found = f"a folder that every user can write to (mode {_mode(status)})"
        raise NotPrivateError(path, found, f"Take it away from others: chmod 700 {path}")


def check_own_folder(path: Path) -> None:
    """Refuse a folder as `check_folder` does, also one that is sticky or behind a link.

    Raises:
        NotPrivateError: it is a link, another user owns it, or every user can write to it.
        OSError: it cannot be looked at.

    """
    if path.is_symlink():
        raise NotPrivateError(path, "a link to another folder", f"Remove it: rm {path}")
    check_folder(path)
    if _POSIX and (status := path.stat()).st_mode & stat.S_IWOTH:
        found = f"a folder that every user can write to (mode {_mode(status)})"
        raise NotPrivateError(path, found, f"Take it away from others: chmod 700 {path}")


def replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file so that a reader sees the old or the new one, never a half.

    `durable`: it is there after a power failure too.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.

    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    create(draft, data, durable=durable)
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


def create(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file that must not exist yet; nothing is left of it if that fails.

    Raises:
        OSError: it exists, or cannot be written.

    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY, FILE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def append(path: Path, data: bytes) -> None:
    """Add to the end of a file, all or nothing; it is made if it is missing.

    Raises:
        NotPrivateError: it is not a file of this user alone.
        OSError: it cannot be written.

    """
    handle = open_to_append(path)
    try:
        before = os.fstat(handle).st_size
        try:
            _write_all(handle, data)
        except OSError:
            # Half a line would spoil the next one too.
            with contextlib.suppress(OSError):
                os.ftruncate(handle, before)
            raise
    finally:
        os.close(handle)


def open_to_append(path: Path) -> int:
    """Return a descriptor that adds to the end of a file, which is made if it is missing.

    Raises:
        NotPrivateError: it is not a file of this user alone.
        OSError: it cannot be opened, or is a symbolic link.

    """
    if sys.platform == "win32":
        from cc_proxy.app import windows_files  # noqa: PLC0415 - exists on Windows only

        return windows_files.open_to_append(path)
    handle = _opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, believed=False)
    os.set_blocking(handle, True)  # others inherit it
    return handle


def open_to_lock(path: Path) -> int:
    """Return a descriptor of a file that is made if it is missing.

    Raises:
        NotPrivateError: it is not a file of this user alone.
        OSError: it cannot be opened, or is a symbolic link.

    """
    return _opened(path, os.O_RDWR | os.O_CREAT, believed=False)


def open_to_read(path: Path) -> int:
    """Return a descriptor of a file of this user; it is 0600 from now on.

    Raises:
        FileNotFoundError: there is none.
        NotPrivateError: another user owns it or can have written to it, or it is no file.
        OSError: it cannot be opened, or is a symbolic link.

    """
    return _opened(path, os.O_RDONLY, believed=True)


def read(path: Path, *, limit: int = _READ_LIMIT) -> bytes:
    """Return what is in a file of this user, `limit` bytes at most; raises as `open_to_read`."""
    with os.fdopen(open_to_read(path), "rb") as file:
        return file.read(limit)


def check_file(path: Path) -> None:
    """Refuse a file as `open_to_read` does, without opening it.

    Raises:
        FileNotFoundError: there is none.
        NotPrivateError: it would be refused.
        OSError: it cannot be looked at.

    """
    _check_file(path, path.lstat(), believed=True)


def is_of_everybody(status: os.stat_result) -> bool:
    """Tell whether every user can write to what is a file."""
    return _POSIX and stat.S_ISREG(status.st_mode) and bool(status.st_mode & stat.S_IWOTH)


def foreign_owner(path: Path) -> str | None:
    """Return who owns a file, behind links too, if it is neither this user nor root."""
    try:
        status = path.stat()
    except OSError:  # whoever opens it is told the reason
        return None
    return _owner(status) if _POSIX and _is_foreign(status) else None


def is_open_to_others(path: Path) -> bool:
    """Tell whether others than its user can read or write a file; False if there is none."""
    try:
        return _POSIX and bool(stat.S_IMODE(path.lstat().st_mode) & 0o077)
    except OSError:  # whoever opens it is told the reason
        return False


def _opened(path: Path, flags: int, *, believed: bool) -> int:
    try:
        handle = os.open(path, flags | _NO_FOLLOW | _BINARY | _NO_WAIT, FILE_MODE)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a pipe that nobody reads
            raise _no_file(path) from error
        raise
    try:
        status = os.fstat(handle)
        _check_file(path, status, believed=believed)
        if _POSIX and status.st_uid == os.geteuid() and status.st_mode & 0o077:
            # A file system that has no modes, or is read-only, is not a reason to do without.
            with contextlib.suppress(OSError):
                os.fchmod(handle, FILE_MODE)
    except OSError:
        os.close(handle)
        raise
    return handle


def _check_file(path: Path, status: os.stat_result, *, believed: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _no_file(path)
    if not _POSIX:
        return
    if _is_foreign(status):
        raise NotPrivateError(path, f"a file of {_owner(status)}", f"Remove it: rm {path}")
    # Of its group it may be: Kubernetes gives the files of a volume to one (fsGroup).
    if believed and status.st_mode & stat.S_IWOTH:
        found = f"a file that every user can write to (mode {_mode(status)})"
        fix = f"Remove it, or if nobody else has written to it: chmod 600 {path}"
        raise NotPrivateError(path, found, fix)


def _no_file(path: Path) -> NotPrivateError:
    return NotPrivateError(path, "something that is not a file", f"Remove {path}")


def _is_foreign(status: os.stat_result) -> bool:
    return status.st_uid not in {os.geteuid(), 0}


def _owner(status: os.stat_result) -> str:
    import pwd  # noqa: PLC0415 - Windows has none

    try:
        return f"the user {pwd.getpwuid(status.st_uid).pw_name} (id {status.st_uid})"
    except KeyError:
        return f"the user with id {status.st_uid}"


def _mode(status: os.stat_result) -> str:
    return f"{stat.S_IMODE(status.st_mode):04o}"


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


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
