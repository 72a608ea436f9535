import logging
from collections.abc import AsyncIterator

import pytest

from cc_proxy.app.gateway.http.limits import Limits

from .stage import Stage, on_stage
from .upstream import RawUpstream


@pytest.fixture
def limits() -> Limits:
    """What a test sets, if the usual ones are too large for it."""
    return Limits()


@pytest.fixture
async def stage(caplog: pytest.LogCaptureFixture, limits: Limits) -> AsyncIterator[Stage]:
    """A gateway over a raw upstream; at the end it must be as good as new."""
    caplog.set_level(logging.INFO)
    async with RawUpstream() as upstream, on_stage(upstream, limits=limits) as stage:
        stage.logged = lambda: caplog.text
        yield stage
        await stage.is_well()
    assert "Traceback" not in caplog.text
    assert "internal error" not in caplog.text.lower()
