"""The way to a server with OpenAI's API in a company: as the one to Ollama."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.errors import UpstreamBrokeError, UpstreamUnreachableError
from cc_proxy.app.config import UpstreamSettings
from cc_proxy.app.upstreams.openai.upstream import OpenAIUpstream

from .forward_proxy import ForwardProxy
from .test_way_to_ollama import NAME, Certificates


async def models(**settings: Any) -> list[str]:
    async with OpenAIUpstream("gpu", UpstreamSettings(**settings)) as upstream:
        return [card.name for card in await upstream.models()]


@pytest.fixture
def tls(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    """A server with one model, named as the header `X-Team` of the question."""

    async def answer(request: web.Request) -> web.Response:
        named = {"id": request.headers.get("X-Team", "none"), "owned_by": "vllm"}
        return web.json_response({"data": [named], "version": "0.32.0"})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    found = TestServer(app)
    async with found:
        yield found


async def test_a_proxy_and_headers_are_used(server: TestServer) -> None:
    assert server.port is not None
    async with ForwardProxy(reaches={NAME: server.port}).serving() as proxy:
        found = await models(url=f"http://{NAME}", proxy=proxy.url, headers={"X-Team": "blue"})
    assert found == ["blue"]
    assert proxy.asked[0] == f"GET http://{NAME}/v1/models HTTP/1.1"


async def test_a_proxy_that_is_away_is_named_with_the_key_to_change() -> None:
    with pytest.raises(UpstreamUnreachableError, match="The HTTP proxy at") as caught:
        await models(url=f"http://{NAME}", proxy="http://me:hunter2@127.0.0.1:9")
    assert "set upstreams.gpu.proxy to none" in str(caught.value.hint)
    assert "hunter2" not in caught.value.message


async def test_an_authority_and_a_client_s_certificate_are_used(tls: Certificates) -> None:
    async with tls.serving(asks_client=True) as port:
        url = f"https://127.0.0.1:{port}"
        with pytest.raises(UpstreamUnreachableError, match="not trusted") as untrusted:
            await models(url=url)
        with pytest.raises(UpstreamBrokeError) as unknown:
            await models(url=url, ca_file=str(tls.ca_file))
        assert await models(url=url, ca_file=str(tls.ca_file), **tls.client()) == ["m"]
    assert "upstreams.gpu.ca_file in cc-proxy.user.yaml" in str(untrusted.value.hint)
    assert "upstreams.gpu.client_cert" in str(unknown.value.hint)


async def test_a_certificate_that_went_away_is_named_with_its_server(tls: Certificates) -> None:
    with pytest.raises(UpstreamUnreachableError, match="The certificates for gpu cannot be used"):
        await models(url="https://127.0.0.1:9", ca_file=str(tls.folder / "gone.pem"))
