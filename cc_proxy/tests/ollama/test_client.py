"""The one HTTP client towards Ollama."""

import errno
import os
import socket

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.errors import UpstreamRefusedError, UpstreamUnreachableError
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.listing import from_version
from cc_proxy.tests.cli.conftest import free_port


async def test_a_connection_that_is_refused_is_said_in_words() -> None:
    async with OllamaClient(
        f"http://localhost:{free_port()}", api_key=None, silence_seconds=1
    ) as client:
        with pytest.raises(UpstreamUnreachableError, match=r" \(connection refused\)\.$"):
            await client.ask("/api/version", from_version)


@pytest.mark.posix_only("an event loop that asks a socket to connect")
async def test_the_reason_is_the_systems_own_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_way(*_: object) -> None:
        raise OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))

    monkeypatch.setattr(socket.socket, "connect", no_way)
    async with OllamaClient("http://127.0.0.1:9", api_key=None, silence_seconds=1) as client:
        with pytest.raises(UpstreamUnreachableError, match=os.strerror(errno.EHOSTUNREACH)):
            await client.ask("/api/version", from_version)


async def test_an_answer_that_is_not_ollamas_leads_to_the_address() -> None:
    async with (
        TestServer(web.Application()) as server,
        OllamaClient(f"http://127.0.0.1:{server.port}", api_key=None, silence_seconds=1) as client,
    ):
        with pytest.raises(UpstreamRefusedError) as refused:
            await client.ask("/api/version", from_version)
    assert refused.value.status == 404
    assert refused.value.hint == "Check OLLAMA_BASE_URL: it must point at an Ollama server."


async def test_a_login_in_the_address_counts_before_the_key() -> None:
    seen: list[str | None] = []

    async def version(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({"version": "0.32.15"})

    app = web.Application()
    app.router.add_get("/api/version", version)
    async with TestServer(app) as server:
        url = f"http://user:pass@127.0.0.1:{server.port}"
        async with OllamaClient(url, api_key="a-key", silence_seconds=1) as client:
            assert await client.ask("/api/version", from_version) == "0.32.15"
            assert "pass" not in client.shown_url
        async with OllamaClient(
            f"http://127.0.0.1:{server.port}", api_key="a-key", silence_seconds=1
        ) as client:
            await client.ask("/api/version", from_version)
    assert seen == ["Basic dXNlcjpwYXNz", "Bearer a-key"]
