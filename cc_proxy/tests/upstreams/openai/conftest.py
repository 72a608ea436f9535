"""A real llama.cpp server, and an upstream that asks it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cc_proxy.app.config import UpstreamSettings
from cc_proxy.app.upstreams.openai.upstream import OpenAIUpstream
from cc_proxy.tests.upstreams.openai.llama import serving


@pytest.fixture
async def upstream(tmp_path: Path) -> AsyncIterator[OpenAIUpstream]:
    async with (
        serving(tmp_path, slots=3) as url,
        OpenAIUpstream("local", UpstreamSettings(url=url)) as found,
    ):
        yield found
