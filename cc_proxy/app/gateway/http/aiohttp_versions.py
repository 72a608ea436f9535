"""The differences between aiohttp 3 and 4, where the server has to do with them."""

from collections.abc import Callable
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

F = TypeVar("F", bound=Callable[..., object])


def values_of(request: web.BaseRequest, name: str) -> list[str]:
    """Return the value of each header of this name, as it came.

    `headers.getall` returns values in aiohttp 3, and in 4 the parts of a list at its commas.
    """
    wanted = name.lower().encode()
    found = (value for known, value in request.raw_headers if known.lower() == wanted)
    return [value.decode("utf-8", "surrogateescape") for value in found]


def target_of(request: web.BaseRequest) -> str:
    """Return the target of a request as it came; aiohttp 4 drops scheme and host in `raw_path`."""
    target: str = request._message.path  # noqa: SLF001 - it has no other way
    return target


def middleware(handler: F) -> F:
    """Mark a middleware as `web.middleware` does, which is deprecated in aiohttp 4."""
    handler.__middleware_version__ = 1  # type: ignore[attr-defined]
    return handler


@middleware
async def _unreadable(request: web.Request, handler: Handler) -> web.StreamResponse:
    broken = request.pre_handler_error  # type: ignore[attr-defined]
    if broken is None:
        return await handler(request)
    return request.protocol.handle_error(request, broken.status, broken.__cause__, broken.text)


# aiohttp 4 gives the application what is no HTTP as well; 3 calls `handle_error` itself.
FIRST = [_unreadable] if hasattr(web.BaseRequest, "pre_handler_error") else []
