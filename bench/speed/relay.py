"""The floor: an aiohttp proxy that copies bytes and does nothing else.

python relay.py PORT UPSTREAM_URL
"""

import sys
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

_UPSTREAM = web.AppKey("_UPSTREAM", aiohttp.ClientSession)
_URL = web.AppKey("_URL", str)
_TEXT = "text/plain"
_MAX_BODY_BYTES = 1 << 28


async def _relay(request: web.Request) -> web.StreamResponse:
    async with request.app[_UPSTREAM].request(
        request.method,
        request.app[_URL] + request.path_qs,
        data=await request.read(),
        headers={"Content-Type": "application/json"},
    ) as answer:
        kind = answer.headers.get("Content-Type", _TEXT)
        out = web.StreamResponse(status=answer.status, headers={"Content-Type": kind})
        await out.prepare(request)
        async for piece in answer.content.iter_any():
            await out.write(piece)
        await out.write_eof()
        return out


async def _session(app: web.Application) -> AsyncIterator[None]:
    app[_UPSTREAM] = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
    )
    yield
    await app[_UPSTREAM].close()


def main(port: int, url: str) -> None:
    """Relay everything that comes to `port` to `url`, until a signal."""
    app = web.Application(client_max_size=_MAX_BODY_BYTES)
    app[_URL] = url.rstrip("/")
    app.router.add_route("*", "/{path:.*}", _relay)
    app.cleanup_ctx.append(_session)
    # As many as connect at once here; aiohttp's own limit is 128.
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, backlog=4096)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
