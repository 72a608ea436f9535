"""Memory that large requests leave behind is given back."""

import asyncio
import ctypes
import subprocess
import sys
from collections.abc import Callable

import pytest

from cc_proxy.app.gateway import spare_memory
from cc_proxy.app.gateway.spare_memory import SpareMemory

ENOUGH = 8 * 1024 * 1024


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> asyncio.Queue[str]:
    told: asyncio.Queue[str] = asyncio.Queue()

    def trim() -> Callable[[], object]:
        return lambda: told.put_nowait("given back")

    monkeypatch.setattr(spare_memory, "_trim", trim)
    monkeypatch.setattr(spare_memory, "_CALM_SECONDS", 0.02)
    return told


async def test_it_is_given_back_once_after_enough_was_used(
    given_back: asyncio.Queue[str],
) -> None:
    spare = SpareMemory()
    for _ in range(10):
        spare.left_by(ENOUGH // 5)
    await asyncio.wait_for(given_back.get(), 60)
    await asyncio.sleep(0.1)
    assert given_back.empty()
    spare.left_by(ENOUGH)
    await asyncio.wait_for(given_back.get(), 60)


async def test_small_requests_and_a_proxy_that_ends_give_nothing_back(
    given_back: asyncio.Queue[str],
) -> None:
    spare = SpareMemory()
    spare.left_by(ENOUGH - 1)
    spare.left_by(1)
    spare.close()
    await asyncio.sleep(0.1)
    assert given_back.empty()


def test_there_is_always_something_to_call() -> None:
    spare_memory._trim()()  # noqa: SLF001 - what it does is the system's; that it works is ours


_C_LIBRARY = ctypes.CDLL(None) if sys.platform == "linux" else None
# Says how many blocks are mapped, as its fourth number (malloc.h of glibc 2.33 and later).
_COUNTS = """
import ctypes
from cc_proxy.app.gateway import spare_memory

class Told(ctypes.Structure):
    _fields_ = [(f"n{number}", ctypes.c_size_t) for number in range(10)]

told = ctypes.CDLL(None).mallinfo2
told.restype = Told

def mapped_by(size):
    before = told().n3
    room = bytes(size)
    return told().n3 - before

READ, REQUEST = 256 * 1024, 2 * 1024 * 1024
first = mapped_by(READ), mapped_by(REQUEST)
spare_memory.keep_for_later()
print(*first, mapped_by(READ), mapped_by(REQUEST))
"""

if hasattr(_C_LIBRARY, "mallinfo2"):

    def test_room_for_a_read_and_for_a_request_is_not_mapped_anew_each_time() -> None:
        ran = subprocess.run(
            [sys.executable, "-c", _COUNTS], capture_output=True, text=True, check=True
        )
        assert ran.stdout == "1 1 0 0\n"
