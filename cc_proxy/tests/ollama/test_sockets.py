"""A machine that has gone is told from a model that is silent."""

import errno
import socket

import aiohttp
import pytest
from aiohttp import web

from cc_proxy.app.upstreams.http import client as module
from cc_proxy.app.upstreams.http import reasons
from cc_proxy.app.upstreams.http.sockets import GONE_SECONDS, watched
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.listing import from_version

TCP = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 1))


def test_the_system_asks_after_the_other_side_within_a_minute() -> None:
    with watched(TCP) as made:
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if not hasattr(socket, "TCP_KEEPIDLE"):
            return
        idle, between, probes = (
            made.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
        )
        assert idle + between * probes == GONE_SECONDS


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        (aiohttp.ClientOSError(errno.ETIMEDOUT, "Connection timed out"), True),
        (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), True),
        (OSError(errno.EHOSTUNREACH, "No route to host"), True),
        (TimeoutError(), False),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), False),
        (aiohttp.ServerDisconnectedError(), False),
    ],
)
def test_what_the_system_has_found_is_told_from_our_own_patience(
    error: Exception, *, gone: bool
) -> None:
    assert reasons.is_gone(error) is gone


async def test_every_connection_to_ollama_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []

    def recorded(address: tuple[object, ...]) -> socket.socket:
        made.append(watched(address))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(module, "watched", recorded)
    app = web.Application()
    app.router.add_get("/api/version", _version)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with OllamaClient(url, api_key=None, silence_seconds=5) as client:
            assert await client.ask("/api/version", from_version) == "1.2.3"
    finally:
        await runner.cleanup()
    assert len(made) == 1


async def _version(_: web.Request) -> web.Response:
    return web.json_response({"version": "1.2.3"})
