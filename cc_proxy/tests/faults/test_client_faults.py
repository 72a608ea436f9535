"""Whatever a client does, the model stops when nobody listens, and nothing is left.

docs/reference/faults.md is the list of these.
"""

import asyncio
from collections.abc import Callable

import pytest

from cc_proxy.app.gateway.http.limits import Limits

from .client import RawClient, request_bytes
from .plays import streams, talk
from .stage import Stage, until
from .upstream import NDJSON, Exchange, done, line

MEGABYTE = 1024 * 1024
LEAVE = [RawClient.close, RawClient.reset]


async def waits(exchange: Exchange) -> None:
    """Read the prompt for as long as somebody is there."""
    await exchange.gone()


async def speaks(exchange: Exchange) -> None:
    """Write for as long as somebody is there."""
    await exchange.send(NDJSON)
    await exchange.chunk(line("half"))
    await exchange.gone()


async def stopped(stage: Stage) -> None:
    await until(lambda: stage.upstream.working == 0, 10)
    await until(lambda: stage.shared.requests_in_flight == 0, 10)


@pytest.mark.parametrize("leave", LEAVE)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
async def test_it_leaves_while_it_sends_the_headers(
    stage: Stage, leave: Callable[[RawClient], None], share: float
) -> None:
    head, _ = request_bytes()
    client = await RawClient.connect(stage.port)
    await client.send(head[: int(len(head) * share)])
    await asyncio.sleep(0.02)
    leave(client)
    await stopped(stage)
    assert stage.upstream.chats == 0


@pytest.mark.parametrize("leave", LEAVE)
async def test_it_leaves_while_it_sends_the_body(
    stage: Stage, leave: Callable[[RawClient], None]
) -> None:
    head, body = request_bytes()
    client = await RawClient.connect(stage.port)
    await client.send(head + body[:20])
    await until(lambda: stage.shared.requests_in_flight == 1)
    leave(client)
    await stopped(stage)
    assert stage.upstream.chats == 0


@pytest.mark.parametrize("leave", LEAVE)
@pytest.mark.parametrize("streamed", [True, False])
async def test_it_leaves_while_the_model_reads_the_prompt(
    stage: Stage,
    caplog: pytest.LogCaptureFixture,
    leave: Callable[[RawClient], None],
    *,
    streamed: bool,
) -> None:
    stage.upstream.play = waits
    client = await RawClient.connect(stage.port)
    await client.ask(stream=streamed)
    await until(lambda: stage.upstream.working == 1)
    leave(client)
    await stopped(stage)
    assert "client closed the connection" in caplog.text


@pytest.mark.parametrize("leave", LEAVE)
@pytest.mark.parametrize("streamed", [True, False])
async def test_it_leaves_in_mid_stream(
    stage: Stage,
    caplog: pytest.LogCaptureFixture,
    leave: Callable[[RawClient], None],
    *,
    streamed: bool,
) -> None:
    stage.upstream.play = speaks
    client = await RawClient.connect(stage.port)
    await client.ask(stream=streamed)
    await until(lambda: stage.upstream.working == 1)
    if streamed:
        assert await client.receive()
    else:
        await asyncio.sleep(0.1)
    leave(client)
    await stopped(stage)
    assert "client closed the connection" in caplog.text


@pytest.mark.parametrize("leave", LEAVE)
@pytest.mark.parametrize("streamed", [True, False])
async def test_it_leaves_at_every_point_of_the_answer(
    stage: Stage, leave: Callable[[RawClient], None], *, streamed: bool
) -> None:
    async def leaves_after(size: int) -> None:
        client = await RawClient.connect(stage.port)
        await client.ask(stream=streamed)
        assert len(await client.exactly(size)) == size
        leave(client)

    # The answer has some 467 bytes whole and 1,131 streamed, headers included.
    for size in range(0, 1110 if streamed else 450, 20):
        await leaves_after(size)
    await stopped(stage)


async def test_it_closes_only_its_sending_half(stage: Stage) -> None:
    # No client of the Messages API does this; a socket that says it is done counts as gone.
    stage.upstream.play = waits
    client = await RawClient.connect(stage.port)
    await client.ask(stream=True)
    await until(lambda: stage.upstream.working == 1)
    client.send_no_more()
    await stopped(stage)
    assert await client.rest() == b""
    client.close()


async def test_it_reads_slowly_or_not_at_all(stage: Stage) -> None:
    sent, wanted = 0, 200 * MEGABYTE
    words = line(talk(10_000))

    async def play(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.send(NDJSON)
        while sent < wanted:
            await exchange.chunk(words)
            sent += len(words)
        await exchange.chunk(done())
        await exchange.end()

    stage.upstream.play = play
    client = await RawClient.connect(stage.port, buffer=65_536)
    await client.ask(stream=True)
    await settled(lambda: sent)
    held = sent
    # What the four sockets on the way hold, and little more.
    assert held < 24 * MEGABYTE
    received = 0
    while received < held:
        received += len(await client.receive(MEGABYTE))
    # It goes on as the client reads.
    await until(lambda: sent > held)
    client.close()
    await stopped(stage)
    assert sent < wanted


QUICK = pytest.mark.parametrize("limits", [Limits(stall_seconds=0.5)], ids=["quick"])


@QUICK
async def test_it_stops_reading_for_good(stage: Stage) -> None:
    async def play(exchange: Exchange) -> None:
        await exchange.send(NDJSON)
        while True:
            await exchange.chunk(line(talk(10_000)))

    stage.upstream.play = play
    client = await RawClient.connect(stage.port, buffer=65_536)
    await client.ask(stream=True)
    await until(lambda: stage.upstream.working == 1)
    await stopped(stage)
    await until(lambda: stage.connections == 0)
    assert "the client has read nothing for 0.5 seconds: it is given up" in stage.logged()
    client.close()


@QUICK
async def test_it_does_not_fetch_an_answer_that_is_done(stage: Stage) -> None:
    words = line(talk(100_000))

    async def play(exchange: Exchange) -> None:
        await exchange.send(NDJSON)
        for _ in range(120):
            await exchange.chunk(words)
        await exchange.chunk(done())
        await exchange.end()

    stage.upstream.play = play
    client = await RawClient.connect(stage.port, buffer=65_536)
    await client.ask(stream=False)
    await until(lambda: stage.upstream.chats == 1)
    await stopped(stage)
    await until(lambda: stage.connections == 0)
    assert "the client has read nothing for 0.5 seconds: it is given up" in stage.logged()
    client.close()


@pytest.mark.parametrize("limits", [Limits(stall_seconds=1.5)], ids=["quick"])
async def test_it_reads_slowly_and_gets_all_of_it(stage: Stage) -> None:
    stage.upstream.play = streams(*[line(talk(100_000))] * 120, done(), pause=0)
    client = await RawClient.connect(stage.port, buffer=65_536)
    await client.ask(stream=True)
    received, end = 0, b""
    # For longer than it may read nothing; the sockets take up to 4 MB without a word to us.
    for _ in range(20):
        received += len(await client.exactly(MEGABYTE // 4))
        await asyncio.sleep(0.1)
    while piece := await client.receive(MEGABYTE):
        received, end = received + len(piece), (end + piece)[-5:]
        if end == b"0\r\n\r\n":
            break
    assert received > 12_000_000
    assert "given up" not in stage.logged()
    client.close()


@QUICK
async def test_it_stops_reading_while_only_the_signs_of_life_come(stage: Stage) -> None:
    # They are too few to fill the sockets, so nothing is held up, and the model may go on.
    stage.upstream.play = speaks
    client = await RawClient.connect(stage.port)
    await client.ask(stream=True)
    await until(lambda: stage.upstream.working == 1)
    await asyncio.sleep(1.2)
    assert stage.upstream.working == 1
    assert "given up" not in stage.logged()
    client.close()
    await stopped(stage)


async def settled(value: Callable[[], int]) -> None:
    """Wait until a value that has begun to grow has not grown for a while."""
    last, still = 0, 0
    async with asyncio.timeout(60):
        while still < 10:
            await asyncio.sleep(0.05)
            now = value()
            still = still + 1 if now and now == last else 0
            last = now


async def test_many_leave_at_once(stage: Stage) -> None:
    stage.upstream.play = speaks
    clients = [await RawClient.connect(stage.port) for _ in range(50)]
    for number, client in enumerate(clients):
        await client.ask(stream=number % 2 == 0)
    await until(lambda: stage.upstream.working == 50)
    for number, client in enumerate(clients):
        LEAVE[number % 3 == 0](client)
    await stopped(stage)
    assert stage.busy_connections == 0


async def test_it_asks_again_on_a_connection_that_was_kept(stage: Stage) -> None:
    client = await RawClient.connect(stage.port)
    for _ in range(3):
        await client.ask(stream=True)
        got = b""
        while not got.endswith(b"0\r\n\r\n"):
            got += await client.receive()
        assert b"Hello" in got
    client.close()
    assert stage.upstream.chats == 3
