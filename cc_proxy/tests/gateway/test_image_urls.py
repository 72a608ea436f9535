"""Images and documents that come as a URL: fetched if allowed, from the public internet alone."""

import asyncio
import base64
import ipaddress
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cc_proxy.app.config import ImageSettings
from cc_proxy.app.gateway.attachments import documents
from cc_proxy.app.gateway.attachments.documents import Attachments
from cc_proxy.app.gateway.attachments.fetching import IMAGE_TYPES, Fetcher, NotFetchedError, shown
from cc_proxy.app.gateway.attachments.public_addresses import is_public

from .conftest import Gateway, Upstream

PNG = b"\x89PNG\r\n\x1a\n and the rest"
NOTE = "[An image was here that could not be fetched.]"
ALLOWED = ImageSettings(fetch_urls=True, max_bytes=4096)
FILES = {
    "/image.png": ("image/png", PNG),
    "/page": ("text/html", b"<html>"),
    "/drawing.svg": ("image/svg+xml", b"<svg/>"),
    "/large": ("image/png", b"x" * 5000),
    "/empty": ("image/png", b""),
}
HOPS = {"/moved": "/image.png", "/round": "/round", "/to-file": "file:///etc/passwd"}


def anywhere(_address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return True


@dataclass
class Site:
    """A web site with an image, a document, and some traps."""

    pdf: bytes
    url: str = ""
    hits: list[str] = field(default_factory=list)
    status: int = 200

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.hits.append(request.path)
        if request.path in FILES:
            kind, body = FILES[request.path]
            return web.Response(body=body, content_type=kind, status=self.status)
        if request.path in HOPS:
            raise web.HTTPFound(HOPS[request.path])
        match request.path:
            case "/paper.pdf":
                return web.Response(body=self.pdf, content_type="application/pdf")
            case "/endless":
                response = web.StreamResponse(headers={"Content-Type": "image/png"})
                await response.prepare(request)
                while True:
                    await response.write(b"x" * 4096)
            case "/packed":
                headers = {"Content-Encoding": "gzip", "Content-Type": "image/png"}
                return web.Response(body=PNG, headers=headers)
            case "/to-nowhere":
                return web.Response(status=302)
            case "/slow":
                await asyncio.sleep(30)
        raise web.HTTPNotFound

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{path:.*}", self.answer)
        return app


@pytest.fixture
async def site(make_pdf: Callable[..., bytes]) -> AsyncIterator[Site]:
    site = Site(make_pdf("The answer is 42."))
    async with TestServer(site.app(), handler_cancellation=True) as server:
        site.url = str(server.make_url("")).rstrip("/")
        yield site


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    fetcher = Fetcher(ALLOWED, allowed=anywhere, seconds=0.5)
    yield fetcher
    await fetcher.close()


@pytest.fixture(autouse=True)
def a_model_that_sees(upstream: Upstream) -> None:
    upstream.capabilities = ("completion", "tools", "vision")


@pytest.fixture
def fetching(gateway: Gateway, fetcher: Fetcher) -> None:
    gateway.shared.attachments = Attachments(fetcher, gateway.shared.attachments.describer)


def image(url: str) -> dict[str, Any]:
    return {"type": "image", "source": {"type": "url", "url": url}}


async def sent(gateway: Gateway, upstream: Upstream, *content: dict[str, Any]) -> dict[str, Any]:
    status, answer, _ = await gateway.ask(messages=[{"role": "user", "content": list(content)}])
    assert status == 200, answer
    turn: dict[str, Any] = upstream.bodies[-1]["messages"][-1]
    return turn


@pytest.mark.usefixtures("fetching")
class TestAllowed:
    @pytest.mark.parametrize("path", ["/image.png", "/moved"])
    async def test_an_image_reaches_the_model(
        self, gateway: Gateway, upstream: Upstream, site: Site, path: str
    ) -> None:
        turn = await sent(gateway, upstream, image(site.url + path))
        assert turn["images"] == [base64.b64encode(PNG).decode()]

    async def test_an_image_inside_a_tool_result_reaches_the_model(
        self, gateway: Gateway, upstream: Upstream, site: Site
    ) -> None:
        content = [image(site.url + "/image.png")]
        block = {"type": "tool_result", "tool_use_id": "t", "content": content}
        turn = await sent(gateway, upstream, block)
        assert turn["images"] == [base64.b64encode(PNG).decode()]

    async def test_the_text_of_a_document_reaches_the_model(
        self, gateway: Gateway, upstream: Upstream, site: Site
    ) -> None:
        block = image(site.url + "/paper.pdf") | {"type": "document"}
        turn = await sent(gateway, upstream, block)
        assert "The answer is 42." in turn["content"]

    async def test_an_image_is_fetched_once_and_the_same_on_every_turn(
        self, gateway: Gateway, upstream: Upstream, site: Site
    ) -> None:
        block = image(site.url + "/image.png")
        first = await sent(gateway, upstream, block, block)
        site.status = 404
        assert await sent(gateway, upstream, block, block) == first
        assert len(site.hits) == 1

    async def test_a_failure_is_a_note_and_is_named_in_the_log_without_secrets(
        self, gateway: Gateway, upstream: Upstream, site: Site, caplog: Any
    ) -> None:
        url = site.url + "/missing.png?token=hunter2"
        turn = await sent(gateway, upstream, image(url))
        assert turn["content"] == NOTE
        assert " is left out: its server answered 404" in caplog.text
        assert "missing.png" not in caplog.text
        assert "hunter2" not in caplog.text

    async def test_a_failure_is_not_waited_for_again_on_every_turn(
        self, gateway: Gateway, upstream: Upstream, site: Site
    ) -> None:
        block = image(site.url + "/slow")
        await sent(gateway, upstream, block)
        await sent(gateway, upstream, block)
        assert len(site.hits) == 1

    async def test_a_failure_is_forgotten_after_some_time(
        self, gateway: Gateway, upstream: Upstream, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(documents, "FAILURE_SECONDS", 0.0)
        site.status = 500
        block = image(site.url + "/image.png")
        assert (await sent(gateway, upstream, block))["content"] == NOTE
        site.status = 200
        assert "images" in await sent(gateway, upstream, block)

    async def test_what_is_remembered_is_bounded(
        self, gateway: Gateway, upstream: Upstream, site: Site
    ) -> None:
        await sent(gateway, upstream, image(f"{site.url}/image.png?1"))
        cache = gateway.shared.attachments._fetched  # noqa: SLF001 - nothing else tells its size
        cache.max_bytes = cache.held_bytes + 1
        for number in (2, 1):
            await sent(gateway, upstream, image(f"{site.url}/image.png?{number}"))
        assert len(site.hits) == 3

    async def test_a_request_with_very_many_urls_gets_the_first_of_them(
        self, gateway: Gateway, upstream: Upstream, site: Site, caplog: Any
    ) -> None:
        blocks = [image(f"{site.url}/image.png?{number}") for number in range(25)]
        turn = await sent(gateway, upstream, *blocks)
        assert len(turn["images"]) == 20
        assert turn["content"].count(NOTE) == 5
        assert "25 URLs in one request: the first 20 count" in caplog.text

    async def test_nothing_is_fetched_for_a_model_that_cannot_see(
        self, gateway: Gateway, upstream: Upstream, site: Site
    ) -> None:
        upstream.capabilities = ("completion", "tools")
        turn = await sent(gateway, upstream, image(site.url + "/image.png"))
        assert turn["content"] == "[An image was here; this model cannot see images.]"
        assert site.hits == []

    @pytest.mark.parametrize("url", [None, 7, "", "://", "http://"])
    async def test_a_url_that_is_none_is_a_note(
        self, gateway: Gateway, upstream: Upstream, url: Any
    ) -> None:
        assert (await sent(gateway, upstream, image(url)))["content"] == NOTE


async def test_nothing_is_fetched_unless_the_user_allows_it(
    gateway: Gateway, upstream: Upstream, site: Site, caplog: Any
) -> None:
    turn = await sent(gateway, upstream, image(site.url + "/image.png"))
    assert turn["content"] == NOTE
    assert site.hits == []
    assert "images.fetch_urls is false" in caplog.text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/page", "found text/html"),
        ("/drawing.svg", "found image/svg+xml"),
        ("/paper.pdf", "found application/pdf"),
        ("/large", "larger than 4096 bytes"),
        ("/endless", "larger than 4096 bytes"),
        ("/packed", "compressed"),
        ("/empty", "it is empty"),
        ("/slow", "more than 0.5 seconds"),
        ("/round", "leads on more than 5 times"),
        ("/to-file", "expected a URL with http or https"),
        ("/to-nowhere", "its server answered 302"),
        ("/missing", "its server answered 404"),
    ],
)
async def test_what_is_no_image_is_refused_with_the_reason(
    fetcher: Fetcher, site: Site, path: str, words: str
) -> None:
    with pytest.raises(NotFetchedError, match=re.escape(words)):
        await fetcher.fetch(site.url + path, IMAGE_TYPES)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/a", "file:///etc/passwd", "data:image/png;base64,AA==", "//x/a", "a"]
)
async def test_only_http_is_fetched(fetcher: Fetcher, url: str) -> None:
    with pytest.raises(NotFetchedError, match="expected a URL with http or https"):
        await fetcher.fetch(url, IMAGE_TYPES)


async def test_a_user_name_in_a_url_is_refused(fetcher: Fetcher) -> None:
    with pytest.raises(NotFetchedError, match="user name"):
        await fetcher.fetch("http://user:hunter2@127.0.0.1/a", IMAGE_TYPES)


async def test_a_server_that_is_not_there_is_named(fetcher: Fetcher) -> None:
    with pytest.raises(NotFetchedError, match="cannot be reached"):
        await fetcher.fetch("http://127.0.0.1:9/a", IMAGE_TYPES)


async def test_names_that_are_never_found_hold_up_no_other_look_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_go = threading.Event()
    look_up = socket.getaddrinfo

    def stuck(host: str, *more: Any, **by_name: Any) -> Any:
        if host.endswith(".stuck.example"):
            let_go.wait(60)
        return look_up(host, *more, **by_name)

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    fetcher = Fetcher(ALLOWED, seconds=0.05)
    try:
        for number in range(40):
            with pytest.raises(NotFetchedError, match="took more than"):
                await fetcher.fetch(f"http://{number}.stuck.example/a", IMAGE_TYPES)
        # The event loop's own threads, which look up Ollama's host, are free.
        async with asyncio.timeout(60):
            assert await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80)
    finally:
        let_go.set()
        await fetcher.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",  # noqa: S104 - not bound here
        "2130706433",
        "127.1",
        "0x7f000001",
        "0177.0.0.1",
    ],
)
async def test_a_private_address_is_refused_however_it_is_written(site: Site, host: str) -> None:
    fetcher = Fetcher(ALLOWED, seconds=5)
    port = site.url.rpartition(":")[2]
    with pytest.raises(NotFetchedError):
        await fetcher.fetch(f"http://{host}:{port}/image.png", IMAGE_TYPES)
    await fetcher.close()
    assert site.hits == []


async def test_a_redirect_to_a_private_address_is_refused(site: Site) -> None:
    async with TestServer(site.app(), host="127.0.0.1") as inside:

        async def outward(_request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(str(inside.make_url("/image.png")))

        app = web.Application()
        app.router.add_get("/", outward)
        async with TestServer(app, host="127.0.0.2") as outside:
            fetcher = Fetcher(ALLOWED, allowed=lambda one: str(one) == "127.0.0.2", seconds=5)
            with pytest.raises(NotFetchedError, match=r"127\.0\.0\.1 is not a public address"):
                await fetcher.fetch(str(outside.make_url("/")), IMAGE_TYPES)
            await fetcher.close()
    assert site.hits == []


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - not bound here
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:0:0:0:0:0:f5ff:fffe",
    ],
)
def test_an_address_that_is_not_public_is_known(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_a_public_address_is_known(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://u:p@a.example/b?c=d#e", "https://a.example"),
        ("http://[", "a URL that is none"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, words: str) -> None:
    assert shown(url) == words
