"""One start or stop at a time for each state folder."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator

from cc_proxy.app import private_files
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.daemon.paths import STATE_FLAG, Paths

# A start may take its 20 seconds and a stop as much as it is told; nobody waits for ever.
WAIT_SECONDS = 60.0
_PAUSE_SECONDS = 0.02

if sys.platform == "win32":
    import msvcrt

    # A locked byte cannot be read by others there, so the one that is locked is past the pid.
    _OFFSET = 1024

    def _try(handle: int) -> bool:
        os.lseek(handle, _OFFSET, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:  # LK_NBLCK: somebody else holds it
            return False
        return True

else:
    import fcntl

    def _try(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class HeldLock:
    """The lock, held; the system lets go of it too when the process ends."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    def release(self) -> None:
        """Let others have it; once is enough."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


@contextlib.contextmanager
def exclusive(paths: Paths, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[HeldLock]:
    """Hold the lock of the state folder.

    Raises:
        DaemonError: code `busy`, when another start or stop held it all the time.

    """
    with explained(paths.lock_file, STATE_FLAG):
        handle = private_files.open_to_lock(paths.lock_file)
    held = HeldLock(handle)
    try:
        with explained(paths.lock_file, STATE_FLAG):
            got = _wait(handle, time.monotonic() + wait_seconds)
        if not got:
            raise _busy(handle, wait_seconds)
        _sign(handle)
        yield held
    finally:
        held.release()


def _wait(handle: int, deadline: float) -> bool:
    while not _try(handle):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def _sign(handle: int) -> None:
    """Say who holds the lock, for the one who waits in vain; a full disk must not stop a stop."""
    with contextlib.suppress(OSError):
        os.lseek(handle, 0, os.SEEK_SET)
        os.ftruncate(handle, 0)
        os.write(handle, b"%d\n" % os.getpid())


def _busy(handle: int, waited: float) -> DaemonError:
    os.lseek(handle, 0, os.SEEK_SET)
    holder = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
    return DaemonError(
        f"Another cc-proxy start or stop (pid {holder}) was not done within {waited:g} seconds.",
        code="busy",
        hint="Wait for it, or end that process, and try again.",
    )
