"""The body of a request: as it was sent, in time, and not larger than it may be."""

import asyncio

from aiohttp import web

from cc_proxy.app.anthropic.errors import ApiError, invalid_request, overloaded
from cc_proxy.app.gateway.context import SHARED
from cc_proxy.app.gateway.http.limits import MIB, Limits

# How many bytes of a request's body are held.
_HELD = web.RequestKey("HELD", int)


async def read(request: web.Request) -> bytes:
    """Return the body of a request, which must be there in time.

    Its Content-Type is not asked for: clients that send JSON do not all say so.

    Raises:
        ApiError: 415 it is compressed, 413 it is too large, 408 it does not come, 400 it breaks off
            or is cut into chunks in a way that cannot be read, 529 too much of other requests is
            held.

    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", ""):
        raise ApiError(
            415,
            "invalid_request_error",
            f"Content-Encoding: expected a body that is not compressed, found {encoding[:50]!r}.",
            retry=False,
        )
    limits = request.app[SHARED].limits
    if (request.content_length or 0) > limits.body_bytes:
        raise too_large(limits)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _whole(request, limits)
    except TimeoutError as error:
        raise ApiError(
            408,
            "timeout_error",
            f"The body of the request did not come within {limits.body_seconds:g} seconds.",
        ) from error
    except web.RequestPayloadError as error:
        raise invalid_request("The body of the request is not in the chunks it says.") from error


async def _whole(request: web.Request, limits: Limits) -> bytes:
    # request.read() would keep the body as long as the answer.
    pieces, size = [], 0
    while piece := await request.content.readany():
        size += len(piece)
        if size > limits.body_bytes:
            raise too_large(limits)
        _hold(request, len(piece), limits)
        pieces.append(piece)
    return b"".join(pieces)


def _hold(request: web.Request, size: int, limits: Limits) -> None:
    shared = request.app[SHARED]
    if shared.held_body_bytes + size > limits.all_bodies_bytes:
        most = f"{limits.all_bodies_bytes / MIB:g}"
        raise overloaded(f"cc-proxy holds {most} MiB of requests that it has not sent on yet.")
    shared.held_body_bytes += size
    request[_HELD] = request.get(_HELD, 0) + size


def release(request: web.Request) -> None:
    """Count the body of a request as held no more; once is enough."""
    request.app[SHARED].held_body_bytes -= request.get(_HELD, 0)
    request[_HELD] = 0


def too_large(limits: Limits) -> ApiError:
    """413: the API's error for it."""
    most = f"{limits.body_bytes / MIB:g}"
    return ApiError(
        413, "request_too_large", f"The request is larger than {most} MiB.", retry=False
    )
