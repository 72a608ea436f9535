"""The way to Ollama in a company: its proxy, its gateway's headers, its certificates."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web

from cc_proxy.app.chat.errors import UpstreamBrokeError, UpstreamError, UpstreamUnreachableError
from cc_proxy.app.chat.last_chunk import last_chunk
from cc_proxy.app.cli.doctor import upstream
from cc_proxy.app.config import Ollama, Settings, WebSearchSettings, load
from cc_proxy.app.practice.server import PracticeServer
from cc_proxy.app.search.client import SearchClient, SearchError
from cc_proxy.app.translate.web_search.offer import WebSearchTool
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.listing import from_version

from .forward_proxy import ForwardProxy

# A name that only the proxy knows, and that Ollama takes for its own host.
NAME = "gpu.internal"
SEARCH = WebSearchTool("web_search_20250305", "web_search")


async def version(**settings: Any) -> str:
    async with OllamaClient.configured(Ollama(timeout_seconds=20.0, **settings)) as client:
        return await client.ask("/api/version", from_version)


@pytest.fixture
async def practice() -> AsyncIterator[PracticeServer]:
    async with PracticeServer() as server:
        yield server


async def test_a_proxy_reaches_what_this_machine_does_not(practice: PracticeServer) -> None:
    url = f"http://{NAME}:11434"
    async with ForwardProxy(reaches={NAME: practice.port}).serving() as proxy:
        assert await version(base_url=url, proxy=proxy.url)
    assert proxy.asked == [f"GET {url}/api/version HTTP/1.1"]


async def test_none_and_auto_are_no_proxy(practice: PracticeServer) -> None:
    for proxy in ("none", "auto"):
        assert await version(base_url=practice.url, proxy=proxy)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_gets_its_login(
    practice: PracticeServer, scheme: str, tls: "Certificates"
) -> None:
    async with tls.serving() as port:
        reaches = {NAME: practice.port if scheme == "http" else port}
        async with ForwardProxy(login="me:hunter2", reaches=reaches).serving() as proxy:
            base_url = f"{scheme}://{NAME}"
            ca_file = str(tls.ca_file)
            assert await version(base_url=base_url, proxy=proxy.url, ca_file=ca_file)
            other = proxy.url.replace("hunter2", "wrong-password")
            with pytest.raises(
                UpstreamUnreachableError, match=r"asks for a login \(407\)"
            ) as caught:
                await version(base_url=base_url, proxy=other, ca_file=ca_file)
    assert "ollama.proxy: http://USER:PASSWORD@HOST:PORT" in str(caught.value.hint)
    assert "wrong-password" not in str(caught.value)


async def test_a_proxy_that_is_not_there_is_named_without_its_login() -> None:
    with pytest.raises(UpstreamUnreachableError, match="The HTTP proxy at") as caught:
        await version(base_url=f"http://{NAME}", proxy="http://me:hunter2@127.0.0.1:9")
    assert "connection refused" in caught.value.message
    assert f"NO_PROXY={NAME}" in str(caught.value.hint)
    assert "hunter2" not in caught.value.message


async def test_a_proxy_that_does_not_connect_says_why() -> None:
    async with ForwardProxy(refuses="403 Filtered").serving() as proxy:
        with pytest.raises(UpstreamUnreachableError, match=f"does not connect to {NAME}: 403 Filt"):
            await version(base_url=f"https://{NAME}", proxy=proxy.url)
    assert proxy.asked == [f"CONNECT {NAME}:443 HTTP/1.1"]


async def test_a_page_of_the_proxy_is_not_taken_for_ollama_s() -> None:
    async with ForwardProxy(refuses="500 Unable to connect").serving() as proxy:
        with pytest.raises(UpstreamUnreachableError, match="Unable to connect") as caught:
            await version(base_url=f"http://{NAME}", proxy=proxy.url)
    assert f"The HTTP proxy at {proxy.url} may have said so." in caught.value.message
    assert f"NO_PROXY={NAME}" in str(caught.value.hint)


class Certificates:
    """A company's own authority, and a server of its with TLS."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca_file)
        self.folder = folder

    def client(self) -> dict[str, str]:
        """Return the settings of a client's certificate and its key."""
        made = self.authority.issue_cert("me@example.com")
        cert, key = self.folder / "cert.pem", self.folder / "key.pem"
        made.cert_chain_pems[0].write_to_path(cert)
        made.private_key_pem.write_to_path(key)
        return {"client_cert": str(cert), "client_key": str(key)}

    @asynccontextmanager
    async def serving(self, *, asks_client: bool = False) -> AsyncIterator[int]:
        """Serve `/api/version` at 127.0.0.1 and gpu.internal; give the port."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert("127.0.0.1", NAME).configure_cert(context)
        if asks_client:
            self.authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED

        async def answer(_request: web.Request) -> web.Response:
            return web.json_response({"version": "0.32.15"})

        async def models(_request: web.Request) -> web.Response:
            return web.json_response({"data": [{"id": "m", "owned_by": "sglang"}]})

        app = web.Application()
        app.router.add_get("/api/version", answer)
        app.router.add_get("/v1/models", models)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


@pytest.fixture
def tls(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


async def test_an_own_authority_is_trusted_beside_the_system_s(tls: Certificates) -> None:
    async with tls.serving() as port:
        base_url = f"https://127.0.0.1:{port}"
        with pytest.raises(
            UpstreamUnreachableError, match="its certificate is not trusted"
        ) as caught:
            await version(base_url=base_url)
        assert "ollama.ca_file" in str(caught.value.hint)
        assert await version(base_url=base_url, ca_file=str(tls.ca_file)) == "0.32.15"


async def test_a_server_that_asks_for_a_certificate_gets_it(tls: Certificates) -> None:
    async with tls.serving(asks_client=True) as port:
        settings = {"base_url": f"https://127.0.0.1:{port}", "ca_file": str(tls.ca_file)}
        assert await version(**settings, **tls.client()) == "0.32.15"
        with pytest.raises(UpstreamBrokeError, match="Server disconnected") as caught:
            await version(**settings)
    assert "ollama.client_cert" in str(caught.value.hint)


async def test_a_file_that_has_gone_is_named(tls: Certificates) -> None:
    async with tls.serving() as port:
        settings: dict[str, Any] = {"base_url": f"https://127.0.0.1:{port}"}
        gone = tls.folder / "gone.pem"
        with pytest.raises(
            UpstreamUnreachableError, match="cannot be used: No such file"
        ) as caught:
            await version(**settings, ca_file=str(gone))
    assert str(gone) in str(caught.value.hint)


async def test_a_key_of_another_certificate_is_named(tls: Certificates) -> None:
    own, ca_file = tls.client(), str(tls.ca_file)
    with pytest.raises(UpstreamUnreachableError, match=r"cannot be used:.*key values mismatch"):
        await version(
            base_url="https://127.0.0.1:9", client_cert=ca_file, client_key=own["client_key"]
        )


async def test_own_headers_go_with_every_request(practice: PracticeServer) -> None:
    headers = {"X-Key": "hunter2-hunter2", "authorization": "Token t"}
    settings = Ollama(base_url=practice.url, headers=headers, api_key="k", timeout_seconds=20.0)
    async with OllamaClient.configured(settings) as client:
        await client.ask("/api/version", from_version)
        await client.generate(b'{"model": "practice", "stream": false}')
        body = b'{"model": "no-such-model", "messages": []}'
        with pytest.raises(UpstreamError):
            await last_chunk(client.chat(body), 1, "Ollama")
        async for _ in client.pull("qwen3:4b"):
            break
    records = practice.journal
    assert len(records) == 4
    for record in records:
        sent = {name.lower(): value for name, value in record.headers.items()}
        assert sent["x-key"] == "hunter2-hunter2"
        assert sent["authorization"] == "Token t"


async def test_a_value_that_a_server_repeats_is_not_shown() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"error": f"bad key {request.headers['X-Key']}"}, status=403)

    app = web.Application()
    app.router.add_get("/api/version", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        with pytest.raises(UpstreamError, match="bad key") as caught:
            await version(base_url=url, headers={"X-Key": "hunter2-hunter2"})
    finally:
        await runner.cleanup()
    assert "hunter2" not in caught.value.message


async def test_a_login_in_the_address_wins_over_a_header_for_it(practice: PracticeServer) -> None:
    url = practice.url.replace("://", "://me:secret@")
    assert await version(base_url=url, headers={"Authorization": "Token t"})
    (record,) = practice.journal
    assert record.headers["Authorization"].startswith("Basic ")


async def test_doctor_says_which_way_it_asked(practice: PracticeServer) -> None:
    async with ForwardProxy(reaches={NAME: practice.port}).serving() as proxy:
        environ = {
            "HOME": "/nowhere",
            "OLLAMA_BASE_URL": f"http://{NAME}:11434",
            "HTTP_PROXY": f"http://me:hunter2@127.0.0.1:{proxy.port}",
        }
        loaded = load(environ=environ)
        async with OllamaClient.configured(loaded.settings.ollama) as client:
            found, _version = await upstream.reach(loaded, client, None)
    assert found.status == "ok"
    assert found.detail.startswith(f"http://{NAME}:11434 answers through the HTTP proxy http://")
    assert found.detail.endswith(f"@127.0.0.1:{proxy.port} (environment HTTP_PROXY)")
    assert "hunter2" not in found.detail


async def test_doctor_names_a_proxy_that_fails() -> None:
    environ = {"OLLAMA_BASE_URL": f"http://{NAME}:11434", "HTTP_PROXY": "http://127.0.0.1:9"}
    loaded = load(environ=environ)
    async with OllamaClient.configured(loaded.settings.ollama) as client:
        (found,) = await upstream.reach(loaded, client, None)
    assert found.status == "fail"
    assert "The HTTP proxy at http://127.0.0.1:9 does not answer" in found.detail
    assert f"NO_PROXY={NAME}" in str(found.fix)


async def test_a_web_search_goes_through_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"results": [{"title": "A", "url": "https://a.example/"}]})

    app = web.Application()
    app.router.add_get("/search", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    where = WebSearchSettings(provider="searxng", url=f"http://{NAME}:8080", timeout_seconds=20.0)
    client = SearchClient(Settings(web_search=where))
    try:
        async with ForwardProxy(reaches={NAME: runner.addresses[0][1]}).serving() as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            found = await client.search("cats", SEARCH)
            monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1080")
            with pytest.raises(SearchError, match="not socks5"):
                await client.search("cats", SEARCH)
    finally:
        await client.close()
        await runner.cleanup()
    assert [one.url for one in found] == ["https://a.example/"]
