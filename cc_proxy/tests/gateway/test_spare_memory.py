"""Memory that large requests leave behind is given back."""

import asyncio
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
    await asyncio.wait_for(given_back.get(), 5)
    await asyncio.sleep(0.1)
    assert given_back.empty()
    spare.left_by(ENOUGH)
    await asyncio.wait_for(given_back.get(), 5)


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
