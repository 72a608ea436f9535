"""The port outlives what asyncio gives it up for on Windows."""

import asyncio
import errno
from typing import Any

import pytest

from cc_proxy.app.gateway.http.listening import listening

HOST = "127.0.0.1"


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
    async with listening(asyncio.Protocol, HOST, 0) as (host, port):
        # As asyncio.proactor_events has it: first it tells, and then it closes.
        (given_up,) = made[0].sockets
        loop.call_exception_handler({"message": "Accept failed on a socket", "socket": given_up})
        made[0].close()
        async with asyncio.timeout(10):
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


async def test_an_address_of_another_machine_is_told_by_its_number_on_every_python() -> None:
    with pytest.raises(OSError, match="address") as caught:
        async with listening(asyncio.Protocol, "192.0.2.1", 0):
            raise AssertionError("it is bound")
    assert caught.value.errno == errno.EADDRNOTAVAIL


async def test_a_port_that_is_taken_meanwhile_is_told(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    async with listening(asyncio.Protocol, HOST, 0), asyncio.timeout(10):
        taken = await loop.create_server(asyncio.Protocol, HOST, 0)
        context = {"message": "Accept failed on a socket", "socket": taken.sockets[0]}
        loop.call_exception_handler(context)
        while "cc-proxy restart" not in caplog.text:  # noqa: ASYNC110 - nothing else tells
            await asyncio.sleep(0.01)
        taken.close()
