"""An Ollama that was killed and comes back."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.errors import UpstreamUnreachableError
from cc_proxy.app.config import Ollama
from cc_proxy.app.upstreams.http.restarts import PATIENCE_SECONDS, PAUSE_SECONDS, Restarts
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.listing import from_version
from cc_proxy.tests.cli.conftest import free_port

_KEY = ConnectionKey("127.0.0.1", 11434, False, True, None, None, None)  # noqa: FBT003 - its order
REFUSED = aiohttp.ClientConnectorError(_KEY, ConnectionRefusedError())


def ollama() -> web.Application:
    async def version(_request: web.Request) -> web.Response:
        return web.json_response({"version": "0.33.0"})

    async def chat(_request: web.Request) -> web.Response:
        return web.Response(body=b'{"message":{"content":"hi"},"done":true}\n')

    app = web.Application()
    app.router.add_get("/api/version", version)
    app.router.add_post("/api/chat", chat)
    return app


async def said(client: OllamaClient) -> str:
    async with client.chat(b"{}") as batches:
        return "".join([c.message.content async for b in batches for c in b if c.message])


async def test_a_chat_waits_for_an_ollama_that_is_started_again() -> None:
    port = free_port()
    async with OllamaClient(f"http://127.0.0.1:{port}", api_key=None, silence_seconds=5) as client:
        async with TestServer(ollama(), port=port):
            assert await client.ask("/api/version", from_version) == "0.33.0"
        asked = asyncio.create_task(said(client))
        await asyncio.sleep(2 * PAUSE_SECONDS)
        assert not asked.done()
        async with TestServer(ollama(), port=port):
            assert await asked == "hi"


async def test_an_ollama_that_was_never_there_is_reported_at_once() -> None:
    sent = 0

    async def send() -> None:
        nonlocal sent
        sent += 1
        raise REFUSED

    with pytest.raises(aiohttp.ClientConnectorError):
        await Restarts("Ollama").send(send)
    assert sent == 1


async def test_one_that_stays_away_is_waited_for_once() -> None:
    tries = []

    async def send() -> None:
        tries.append(1)
        raise REFUSED

    restarts = Restarts("Ollama", patience_seconds=PAUSE_SECONDS)
    restarts.answered()
    with pytest.raises(aiohttp.ClientConnectorError):
        await restarts.send(send)
    assert len(tries) > 1
    tries.clear()
    with pytest.raises(aiohttp.ClientConnectorError):
        await restarts.send(send)
    assert len(tries) == 1


async def test_another_server_is_not_waited_for() -> None:
    async with TestServer(ollama()) as server:
        url = f"http://127.0.0.1:{server.port}"
        async with OllamaClient(url, api_key=None, silence_seconds=5) as client:
            assert await said(client) == "hi"
            client.use(Ollama(base_url=f"http://127.0.0.1:{free_port()}"))
            began = asyncio.get_running_loop().time()
            with pytest.raises(UpstreamUnreachableError):
                await said(client)
            assert asyncio.get_running_loop().time() - began < PATIENCE_SECONDS
