"""The port outlives what asyncio gives it up for on Windows."""

import asyncio
import errno
import socket
from typing import Any

import pytest

from cc_proxy.app.gateway.http.listening import listening

HOST = "127.0.0.1"


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


async def test_a_port_that_asyncio_gave_up_is_opened_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    made: list[asyncio.Server] = []
    create = loop.create_server

    async def noted(*arguments: Any, **more: Any) -> asyncio.Server:
        made.append(await create(*arguments, **more))
        return made[-1]

    monkeypatch.setattr(loop, "create_server", noted)
    async with listening(asyncio.Protocol, HOST, 0) as (host, port, _):
        # As asyncio.proactor_events has it: first it tells, and then it closes.
        (given_up,) = made[0].sockets
        loop.call_exception_handler({"message": "Accept failed on a socket", "socket": given_up})
        made[0].close()
        async with asyncio.timeout(60):
            while len(made) < 2:  # noqa: ASYNC110 - nothing else tells
                await asyncio.sleep(0)
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
        assert "listening again" in caplog.text
        loop.call_exception_handler({"message": "something else"})
        assert "something else" in caplog.text
    assert loop.get_exception_handler() is None
    with pytest.raises(ConnectionError):
        await asyncio.open_connection(host, port)


async def is_open(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


@needs_ipv6
async def test_localhost_is_both_addresses() -> None:
    async with listening(asyncio.Protocol, "localhost", 0) as (host, port, shadowed):
        assert (host, shadowed) == (HOST, False)
        assert await is_open(HOST, port)
        assert await is_open("::1", port)
    assert not await is_open("::1", port)


@needs_ipv6
async def test_another_program_on_ipv6_is_reported_and_keeps_nobody_from_ipv4() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        async with listening(asyncio.Protocol, "localhost", port) as bound:
            assert bound == (HOST, port, True)
            assert await is_open(HOST, port)


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
async def test_without_ipv6_localhost_is_the_address_of_ipv4(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    loop = asyncio.get_running_loop()
    create = loop.create_server

    async def without_ipv6(protocol: Any, host: str, *arguments: Any, **more: Any) -> Any:
        if ":" in host:
            raise OSError(number, "no IPv6")
        return await create(protocol, host, *arguments, **more)

    monkeypatch.setattr(loop, "create_server", without_ipv6)
    async with listening(asyncio.Protocol, "localhost", 0) as bound:
        assert (bound.host, bound.shadowed) == (HOST, False)
        assert await is_open(HOST, bound.port)


@needs_ipv6
@pytest.mark.parametrize("every", ["::", "0:0:0:0:0:0:0:0"])
async def test_every_address_of_ipv6_is_those_of_ipv4_too(every: str) -> None:
    async with listening(asyncio.Protocol, every, 0) as (_, port, _):
        assert await is_open("::1", port)
        assert await is_open(HOST, port)
    assert not await is_open(HOST, port)


@needs_ipv6
async def test_a_port_that_is_taken_on_ipv4_is_not_half_free() -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=str(port)) as caught:
            async with listening(asyncio.Protocol, "::", port):
                raise AssertionError("it is bound")
    assert caught.value.errno == errno.EADDRINUSE


async def test_a_named_address_is_that_one_alone() -> None:
    async with listening(asyncio.Protocol, HOST, 0) as (_, port, _):
        assert not await is_open("::1", port)


async def test_an_address_of_another_machine_is_told_by_its_number_on_every_python() -> None:
    with pytest.raises(OSError, match="address") as caught:
        async with listening(asyncio.Protocol, "192.0.2.1", 0):
            raise AssertionError("it is bound")
    assert caught.value.errno == errno.EADDRNOTAVAIL


async def test_a_port_that_is_taken_meanwhile_is_told(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    async with listening(asyncio.Protocol, HOST, 0), asyncio.timeout(60):
        taken = await loop.create_server(asyncio.Protocol, HOST, 0)
        context = {"message": "Accept failed on a socket", "socket": taken.sockets[0]}
        loop.call_exception_handler(context)
        while "cc-proxy restart" not in caplog.text:  # noqa: ASYNC110 - nothing else tells
            await asyncio.sleep(0.01)
        taken.close()


@pytest.mark.posix_only("a limit on open files")
async def test_more_connections_than_open_files_fill_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    import resource  # noqa: PLC0415 - Windows has none

    class Hello(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transport.write(b"hello")

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with listening(Hello, "127.0.0.1", 0) as bound:
        # What the client opens counts too: its sockets are made before the limit falls.
        clients = [socket.socket() for _ in range(60)]
        try:
            highest = max(client.fileno() for client in clients)
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 10, hard))
            for client in clients:
                client.setblocking(False)  # noqa: FBT003 - socket's own
                client.connect_ex((bound.host, bound.port))
            await asyncio.sleep(2.5)  # two retries of asyncio's
            told = [text for text in caplog.messages if "no further connection" in text]
            assert len(told) == 1
            assert len(caplog.messages) < 10
            for client in clients[:40]:
                client.close()
            clients[-1].setblocking(True)  # noqa: FBT003 - socket's own
            clients[-1].settimeout(10)
            assert await asyncio.to_thread(clients[-1].recv, 5) == b"hello"
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for client in clients:
                client.close()
