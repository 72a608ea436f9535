"""File errors of the operating system, as errors that a user can act on."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.private_files import NotPrivateError, obstacle

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
        reason, fix = _words(error, path)
        raise DaemonError(
            f"Expected to read and write {path}, found {reason}.",
            code="folder_unusable",
            hint=f"{fix}, or name another folder with {flag}.",
        ) from error


def _words(error: OSError, path: Path) -> tuple[str, str]:
    if isinstance(error, NotPrivateError):
        return error.found, error.fix
    number = error.errno or 0
    reason = _REASONS.get(number, error.strerror or str(error))
    return reason, _FIXES.get(number, f"Make {_in_the_way(path)} you can write to")


def _in_the_way(path: Path) -> str:
    # `sudo cc-proxy start` leaves files of root in the user's own folder.
    if os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where it may not look
        return f"{path} a file"
    return f"{obstacle(path)} a folder"
