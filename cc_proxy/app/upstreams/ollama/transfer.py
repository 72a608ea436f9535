"""The two ends of a transfer: a large body on its way out, and an answer read to its end."""

import asyncio
import logging
from collections.abc import AsyncIterator

import aiohttp

from cc_proxy.app.upstreams.ollama import reasons

log = logging.getLogger(__name__)

PIECE_BYTES = 256 * 1024
DRAIN_SECONDS = 1.0


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body in pieces, so that sending it does not block the event loop."""
    for start in range(0, len(body), PIECE_BYTES):
        yield body[start : start + PIECE_BYTES]


async def drain(response: aiohttp.ClientResponse) -> None:
    """Wait for the end of an answer that is complete, so that its connection is used again.

    If there is no end but more, the connection is closed instead.
    """
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await response.content.read(1)
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        log.debug("the connection to Ollama is not used again: %s", reasons.reason(error))
