"""The two ends of a transfer: a large body on its way out, and an answer read to its end."""

import asyncio
import logging
from collections.abc import AsyncIterator

import aiohttp

from cc_proxy.app.upstreams.http import reasons

log = logging.getLogger(__name__)

PIECE_BYTES = 256 * 1024
DRAIN_SECONDS = 1.0
MAX_ERROR_BYTES = 64 * 1024
ERROR_SECONDS = 5.0


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body in pieces, so that sending it does not block the event loop."""
    for start in range(0, len(body), PIECE_BYTES):
        yield body[start : start + PIECE_BYTES]


async def error_text(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of an error, as far as it comes in a short time."""
    body = bytearray()
    try:
        async with asyncio.timeout(ERROR_SECONDS):
            while len(body) < MAX_ERROR_BYTES and (piece := await response.content.readany()):
                body += piece
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        # The status is known, and says more than how its text broke off.
        log.info("the text of an error %d is not whole: %s", response.status, reasons.reason(error))
    return bytes(body[:MAX_ERROR_BYTES])


async def drain(response: aiohttp.ClientResponse) -> None:
    """Wait for the end of an answer that is complete, so that its connection is used again.

    If there is no end but more, the connection is closed instead.
    """
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await response.content.read(1)
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        log.debug("a connection is not used again: %s", reasons.reason(error))
