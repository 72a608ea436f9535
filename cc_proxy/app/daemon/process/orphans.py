"""Being the first process of a container: orphans become its children, and it must reap them."""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

_FIRST = 1


@contextlib.contextmanager
def reaped() -> Iterator[None]:
    """Reap each orphan that ends, while this is the first process (pid 1); else do nothing.

    What `docker exec` leaves behind is one. Not waited for, it stays a zombie and keeps its pid.
    This process waits for no child of its own meanwhile.
    """
    if os.getpid() != _FIRST:
        yield
        return
    before = signal.signal(signal.SIGCHLD, _reap)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, before)


def _reap(_number: int, _frame: FrameType | None) -> None:
    # One signal may stand for many that have ended.
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
