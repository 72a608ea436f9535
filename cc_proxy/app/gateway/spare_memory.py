"""Giving memory back that large requests have left behind.

Between what lives as long as a stream there are the holes that its request was read, translated
and sent in. The C library keeps them for later; a hundred streams that only wait would hold
the requests of all of them. glibc can be told; others (macOS, musl) do without.
"""

import asyncio
import ctypes
from collections.abc import Callable
from functools import lru_cache
from typing import cast

# Not worth the milliseconds for less.
_WORTH_BYTES = 8 * 1024 * 1024
_CALM_SECONDS = 1.0
# mallopt's numbers of what is mapped by itself and of what is kept when free, each with its bytes.
_MAPPED, _MAPPED_BYTES = -3, 32 * 1024 * 1024
_KEPT, _KEPT_BYTES = -1, 64 * 1024 * 1024


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


def keep_for_later() -> None:
    """Have the C library keep what was used once, until it is given back here.

    asyncio has room for 256 KB made for every word that comes, and a request of 2 MB is copied
    some four times. By itself glibc maps and unmaps each of those: system calls and new pages,
    a quarter of what such a request takes.
    """
    mallopt = _of_the_c_library("mallopt")
    mallopt(_MAPPED, _MAPPED_BYTES)
    mallopt(_KEPT, _KEPT_BYTES)


@lru_cache(maxsize=1)
def _trim() -> Callable[[], object]:
    """Return what gives free memory back to the system; it does nothing where there is no way."""
    trim = _of_the_c_library("malloc_trim")
    return lambda: trim(0)


def _of_the_c_library(name: str) -> Callable[..., object]:
    try:
        return cast("Callable[..., object]", getattr(ctypes.CDLL(None), name))
    except (AttributeError, OSError, TypeError):
        # TypeError: Windows has no program whose symbols could be asked for.
        return lambda *_: None
