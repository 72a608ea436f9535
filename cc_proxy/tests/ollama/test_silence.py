"""How long nothing may come."""

import asyncio
from unittest.mock import create_autospec

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol

from cc_proxy.app.ollama.silence import SilenceWatch

SECONDS = 0.3


@pytest.fixture
async def content() -> aiohttp.StreamReader:
    protocol = create_autospec(BaseProtocol, instance=True, connected=True)
    return aiohttp.StreamReader(protocol, 2**16, loop=asyncio.get_running_loop())


async def test_a_wait_that_is_too_long_is_ended(content: aiohttp.StreamReader) -> None:
    watch = SilenceWatch(content, SECONDS)
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await watch.read()
    assert asyncio.get_running_loop().time() - began >= SECONDS


async def test_the_silence_is_counted_from_the_latest_word(content: aiohttp.StreamReader) -> None:
    loop = asyncio.get_running_loop()
    watch = SilenceWatch(content, SECONDS)
    loop.call_later(SECONDS / 2, content.feed_data, b"word")
    assert await watch.read() == b"word"
    heard = loop.time()
    with pytest.raises(TimeoutError):
        await watch.read()
    assert loop.time() - heard >= SECONDS


async def test_time_in_which_nobody_asks_is_no_silence(content: aiohttp.StreamReader) -> None:
    watch = SilenceWatch(content, 0.05)
    await asyncio.sleep(0.15)
    content.feed_data(b"word")
    assert await watch.read() == b"word"
    content.feed_eof()
    assert await watch.read() == b""
    watch.end()


async def test_a_watch_that_has_ended_leaves_the_answer_alone(
    content: aiohttp.StreamReader,
) -> None:
    watch = SilenceWatch(content, 0.01)
    watch.end()
    asyncio.get_running_loop().call_later(0.1, content.feed_data, b"late")
    assert await watch.read() == b"late"
