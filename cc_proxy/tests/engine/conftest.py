"""Two engines side by side: the rules, and a real llama.cpp server."""

from collections.abc import AsyncIterator

import pytest

from cc_proxy.app.practice.engine.base import PracticeEngine
from cc_proxy.app.practice.engine.llama import LlamaEngine
from cc_proxy.app.practice.engine.rules import RulesEngine
from cc_proxy.app.practice.model.speed import INSTANT

WINDOW = 32_768


async def reads(engine: PracticeEngine, text: bytes, says: bytes = b"") -> tuple[int, int, int]:
    """Have a text read and something said after it; return slot, tokens kept and tokens read."""
    reading = await engine.read(text, lambda _reused, _read: None)
    engine.keep(reading.slot, text + says)
    return reading.slot, reading.reused, reading.read


@pytest.fixture(params=[1, 2])
def parallel(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
async def llama(parallel: int) -> AsyncIterator[PracticeEngine]:
    engine = LlamaEngine(parallel)
    await engine.start(WINDOW)
    yield engine
    await engine.close()


@pytest.fixture
async def rules(parallel: int) -> PracticeEngine:
    engine = RulesEngine(INSTANT, parallel)
    await engine.start(WINDOW)
    return engine
