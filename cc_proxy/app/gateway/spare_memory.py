"""Giving memory back that large requests have left behind.

Between what lives as long as a stream there are the holes that its request was read, translated
and sent in. The C library keeps them for later; a hundred streams that only wait would hold
the requests of all of them. glibc can be told; others (macOS, musl) do without.
"""

import asyncio
import ctypes
from collections.abc import Callable
from functools import lru_cache

# Not worth the milliseconds for less.
_WORTH_BYTES = 8 * 1024 * 1024
_CALM_SECONDS = 1.0
# More than asyncio's 256 KB.
_LARGER_THAN_A_READ = 512 * 1024


class SpareMemory:
    """Counts the bytes of requests, and gives memory back a moment after enough of them came."""

    def __init__(self) -> None:
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def left_by(self, size: int) -> None:
        """Note that a request of `size` bytes was dealt with."""
        self._bytes += size
        if self._bytes >= _WORTH_BYTES and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_CALM_SECONDS, self._give_back)

    def close(self) -> None:
        """Cancel the giving back that is due, if there is one."""
        if self._timer is not None:
            self._timer.cancel()

    def _give_back(self) -> None:
        self._bytes = 0
        self._timer = None
        _trim()()


def expect_reads() -> None:
    """Have the C library keep what asyncio reads into, instead of asking the system each time.

    asyncio has room for 256 KB made for every word that comes. glibc maps and unmaps blocks of
    that size, three system calls and new pages for each, until a larger one has been freed.
    """
    bytes(_LARGER_THAN_A_READ)


@lru_cache(maxsize=1)
def _trim() -> Callable[[], object]:
    """Return what gives free memory back to the system; it does nothing where there is no way."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        # TypeError: Windows has no program whose symbols could be asked for.
        return lambda: None
    return lambda: trim(0)
