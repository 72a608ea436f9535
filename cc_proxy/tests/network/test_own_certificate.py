"""https on the port of cc-proxy: beside plain HTTP of this machine, and with the same limits."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient

from cc_proxy.app.config import Server
from cc_proxy.app.gateway.http.connections import Connection, protocol_factory
from cc_proxy.app.gateway.http.limits import Limits
from cc_proxy.app.gateway.http.tls import ServerTls, TlsEntry
from cc_proxy.tests.faults.client import RawClient, request_bytes
from cc_proxy.tests.faults.plays import streams, talk
from cc_proxy.tests.faults.stage import KEY, Stage, on_stage, until
from cc_proxy.tests.faults.upstream import NDJSON, Exchange, RawUpstream, done, line

MEGABYTE = 1024 * 1024
# How the first record of TLS begins, and a length of which nothing comes.
BEGUN = b"\x16\x03\x01\x02\x00"


class Files:
    """A certificate of an authority, in files that can be renewed."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.server = Server(
            tls_certificate=str(folder / "cert.pem"), tls_key=str(folder / "key.pem")
        )
        self.renew()

    def renew(self) -> None:
        made = self.authority.issue_cert("127.0.0.1", "gpu.example")
        made.private_key_pem.write_to_path(str(self.server.tls_key))
        made.cert_chain_pems[0].write_to_path(str(self.server.tls_certificate))

    def trusting(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def tls(files: Files) -> ServerTls:
    return ServerTls(files.server)


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
async def stage(
    caplog: pytest.LogCaptureFixture, tls: ServerTls, limits: Limits
) -> AsyncIterator[Stage]:
    caplog.set_level(logging.INFO)
    async with RawUpstream() as upstream, on_stage(upstream, limits=limits, tls=tls) as stage:
        stage.logged = lambda: caplog.text
        yield stage
        # Over plain HTTP, on the same port.
        await stage.is_well()
    assert not tls.entering
    assert "Traceback" not in caplog.text
    assert "exception" not in caplog.text.lower()


def sdk(stage: Stage, files: Files) -> AsyncAnthropic:
    return AsyncAnthropic(
        base_url=f"https://127.0.0.1:{stage.port}",
        api_key=KEY,
        max_retries=0,
        http_client=DefaultAsyncHttpxClient(verify=files.trusting(), trust_env=False),
    )


async def opened(
    stage: Stage, files: Files, **more: Any
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", stage.port, ssl=files.trusting(), **more)


def shown(writer: asyncio.StreamWriter) -> str:
    """Return the serial number of the certificate that a connection was shown."""
    found = writer.get_extra_info("peercert")
    return str(found["serialNumber"])


async def test_the_sdk_works_over_https(stage: Stage, files: Files) -> None:
    async with sdk(stage, files) as client:
        short = await client.messages.create(
            model="m", max_tokens=100, messages=[{"role": "user", "content": "hi"}]
        )
        assert [block.type for block in short.content] == ["text"]
        # More than one record of TLS.
        async with client.messages.stream(
            model="m", max_tokens=100, messages=[{"role": "user", "content": "word " * 50_000}]
        ) as stream:
            assert await stream.get_final_text() == "Hello"
    await until(lambda: stage.connections == 0)


async def test_a_renewed_certificate_is_for_new_connections(
    stage: Stage, files: Files, tls: ServerTls
) -> None:
    begun, more = asyncio.Event(), asyncio.Event()

    async def play(exchange: Exchange) -> None:
        await exchange.send(NDJSON)
        await exchange.chunk(line("one "))
        begun.set()
        await more.wait()
        await exchange.chunk(line("two") + done())
        await exchange.end()

    stage.upstream.play = play
    reader, writer = await opened(stage, files)
    before = shown(writer)
    writer.write(b"".join(request_bytes(stream=True)))
    await begun.wait()
    files.renew()
    tls.use(files.server)
    _, fresh = await opened(stage, files)
    assert shown(fresh) != before
    fresh.close()
    more.set()
    answer = await reader.readuntil(b"message_stop")
    assert b"two" in answer
    writer.close()


async def test_files_that_do_not_belong_together_change_nothing(
    files: Files, tls: ServerTls, caplog: pytest.LogCaptureFixture
) -> None:
    before = tls.context
    files.authority.issue_cert("127.0.0.1").private_key_pem.write_to_path(str(files.server.tls_key))
    tls.use(files.server)
    assert tls.context is before
    assert "the certificate cannot be read" in caplog.text
    tls.use(Server())
    assert (tls.is_on, tls.context) == (False, None)


@pytest.mark.parametrize("limits", [Limits(header_seconds=0.3)], ids=["quick"])
@pytest.mark.parametrize(
    "sent", [b"", BEGUN, b"\x16" * 2000, b"\x16\x03\x01\x00\x05hello" * 9, BEGUN + b"\x01\x00"]
)
async def test_a_handshake_that_does_not_end_costs_nothing_lasting(
    stage: Stage, tls: ServerTls, sent: bytes
) -> None:
    client = await RawClient.connect(stage.port)
    await until(lambda: len(tls.entering) == 1)
    await client.send(sent)
    with contextlib.suppress(ConnectionError):
        await client.rest()  # an alert of TLS, or nothing
    await until(lambda: not tls.entering)
    assert stage.connections == 0
    client.close()


async def test_a_client_that_leaves_within_its_handshake_is_forgotten(
    stage: Stage, tls: ServerTls
) -> None:
    client = await RawClient.connect(stage.port)
    await client.send(BEGUN)
    await until(lambda: len(tls.entering) == 1)
    client.reset()
    await until(lambda: not tls.entering)


@pytest.mark.parametrize("limits", [Limits(keyless_connections=3)], ids=["few"])
async def test_handshakes_that_hang_make_room(
    stage: Stage, files: Files, tls: ServerTls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cc_proxy.app.gateway.http.connections._GRACE_SECONDS", 0)
    clients = [await RawClient.connect(stage.port) for _ in range(9)]
    for client in clients[-3:]:
        await client.send(BEGUN)
    await until(lambda: len(tls.entering) == 3)
    _, writer = await opened(stage, files)
    writer.close()
    for client in clients:
        client.close()


@pytest.mark.parametrize("limits", [Limits(header_seconds=0.3)], ids=["quick"])
async def test_a_client_without_the_key_cannot_put_off_its_end(
    stage: Stage, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asyncio.constants.SSL_SHUTDOWN_TIMEOUT", 3600)
    with socket.create_connection(("127.0.0.1", stage.port)) as raw:
        secured = await asyncio.to_thread(
            files.trusting().wrap_socket, raw, server_hostname="127.0.0.1"
        )
        with secured:  # it reads nothing, so it never answers the end of TLS
            await until(lambda: stage.connections == 1)
            await until(lambda: stage.connections == 0)


@pytest.mark.parametrize("limits", [Limits(connections=2)], ids=["two"])
async def test_handshakes_are_among_the_connections_that_are_too_many(
    stage: Stage, tls: ServerTls
) -> None:
    hanging = [await RawClient.connect(stage.port) for _ in range(2)]
    await until(lambda: len(tls.entering) == 2)
    await stage.unharmed()  # the oldest has made room
    assert len(tls.entering) <= 1
    for client in hanging:
        client.close()


@pytest.mark.parametrize("limits", [Limits(stall_seconds=0.5)], ids=["quick"])
async def test_a_client_that_reads_nothing_is_given_up(stage: Stage, files: Files) -> None:
    async def play(exchange: Exchange) -> None:
        await exchange.send(NDJSON)
        while True:
            await exchange.chunk(line(talk(10_000)))

    stage.upstream.play = play
    with socket.create_connection(("127.0.0.1", stage.port)) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        secured = await asyncio.to_thread(
            files.trusting().wrap_socket, raw, server_hostname="127.0.0.1"
        )
        with secured:
            secured.sendall(b"".join(request_bytes(stream=True)))
            await until(lambda: stage.upstream.working == 1)
            await until(lambda: stage.connections == 0)
    assert "the client has read nothing for 0.5 seconds: it is given up" in stage.logged()


async def test_a_client_that_reads_slowly_gets_everything(stage: Stage, files: Files) -> None:
    stage.upstream.play = streams(*[line(talk(100_000))] * 50, done(), pause=0)
    reader, writer = await opened(stage, files, limit=65_536)
    writer.write(b"".join(request_bytes(stream=True)))
    received, end = 0, b""
    for _ in range(5):
        received += len(await reader.readexactly(MEGABYTE // 8))
        await asyncio.sleep(0.1)
    while not end.endswith(b"0\r\n\r\n"):
        piece = await reader.read(MEGABYTE)
        assert piece
        received, end = received + len(piece), (end + piece)[-5:]
    assert received > 5_000_000
    writer.close()


class FakeTransport(asyncio.Transport):
    """A connection between two addresses, and what was done to it."""

    def __init__(self, peer: str, own: str) -> None:
        super().__init__({"peername": (peer, 50000), "sockname": (own, 3456)})
        self.written = b""
        self.ended = self.aborted = False
        self.protocol: asyncio.BaseProtocol | None = None

    def write(self, data: Any) -> None:
        self.written += data

    def write_eof(self) -> None:
        self.ended = True

    def abort(self) -> None:
        self.aborted = True

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol


class Plain(asyncio.Protocol):
    """The protocol that goes on with plain HTTP."""

    def __init__(self) -> None:
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data


@pytest.mark.parametrize(
    ("peer", "own", "is_taken"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.9", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", True),
        ("192.168.1.5", "192.168.1.5", True),  # bound to this address alone, and asked from here
        ("192.168.1.6", "192.168.1.5", False),
        ("fd00::2", "fd00::1", False),
        ("::ffff:192.168.1.6", "::ffff:192.168.1.5", False),
    ],
)
async def test_plain_http_is_for_this_machine_alone(
    tls: ServerTls, caplog: pytest.LogCaptureFixture, peer: str, own: str, *, is_taken: bool
) -> None:
    transport, plain = FakeTransport(peer, own), Plain()
    entry = TlsEntry(tls, Limits(), {}, lambda: plain)
    entry.connection_made(transport)
    entry.data_received(b"GET / HTTP/1.1\r\n")
    if is_taken:
        assert transport.protocol is plain
        assert plain.received == b"GET / HTTP/1.1\r\n"
        assert transport.written == b""
        return
    assert transport.written.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Expected https, found plain HTTP from another machine." in transport.written
    assert transport.ended
    assert f"plain HTTP from {peer} is refused" in caplog.text
    written = transport.written
    entry.data_received(b"x-api-key: secret\r\n\r\n")
    assert (transport.written, plain.received) == (written, b"")
    await until(lambda: transport.aborted)
    assert not tls.entering


async def test_without_a_certificate_a_connection_takes_no_detour() -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    assert runner.server is not None
    made = protocol_factory(runner.server, Limits(), ServerTls(Server()))()
    assert isinstance(made, Connection)
    await runner.cleanup()
