"""The answer as it comes in: what goes straight, what wakes who waits, and how long that takes."""

import asyncio
import errno
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.answer import ChatAnswer
from cc_proxy.app.chat.errors import UpstreamBrokeError, UpstreamStalledError
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.upstreams.http import incoming
from cc_proxy.app.upstreams.http.incoming import Incoming
from cc_proxy.app.upstreams.ollama.client import OllamaClient

SECONDS = 0.3
DONE = b'{"done": true, "done_reason": "stop"}\n'


def word(text: str) -> bytes:
    return json.dumps({"message": {"role": "assistant", "content": text}}).encode() + b"\n"


def said(batch: list[ChatChunk]) -> str:
    return "".join(chunk.message.content for chunk in batch if chunk.message)


@dataclass
class Upstream:
    """Writes what a test puts in; None ends the answer, an exception the connection."""

    pieces: asyncio.Queue[bytes | Exception | None] = field(default_factory=asyncio.Queue)
    connections: set[object] = field(default_factory=set)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport)
        response = web.StreamResponse()
        await response.prepare(request)
        while (piece := await self.pieces.get()) is not None:
            if isinstance(piece, Exception):
                assert request.transport is not None
                request.transport.abort()
                return response
            await response.write(piece)
        return response

    def say(self, *pieces: bytes | Exception | None) -> None:
        for piece in pieces:
            self.pieces.put_nowait(piece)


@asynccontextmanager
async def talking(seconds: float = 5.0) -> AsyncIterator[tuple[Upstream, OllamaClient]]:
    upstream = Upstream()
    app = web.Application()
    app.router.add_post("/api/chat", upstream.chat)
    async with TestServer(app) as server:
        url = f"http://127.0.0.1:{server.port}"
        async with OllamaClient(url, api_key=None, silence_seconds=seconds) as client:
            yield upstream, client


class Taker:
    """A shortcut that takes what does not begin with an exclamation mark."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.heard = asyncio.Event()

    def __call__(self, batch: list[ChatChunk]) -> bool:
        if batch[-1].done or said(batch).startswith("!"):
            return False
        self.taken.append(said(batch))
        self.heard.set()
        return True

    async def next(self) -> None:
        await asyncio.wait_for(self.heard.wait(), 60)
        self.heard.clear()


async def following(answer: ChatAnswer) -> list[ChatChunk]:
    return await anext(aiter(answer))


async def test_what_is_taken_wakes_nobody_and_all_else_comes_in_order() -> None:
    async with talking() as (upstream, client):
        upstream.say(word("first"))
        async with client.chat(b"{}") as answer:
            taker = Taker()
            answer.set_inline_consumer(taker)
            waited = [said(await following(answer))]
            rest = asyncio.create_task(following(answer))
            for text in ("one", "two"):
                upstream.say(word(text))
                await taker.next()
            upstream.say(word("!three"))
            waited.append(said(await rest))
            upstream.say(DONE, None)
            waited += [said(batch) async for batch in answer]
    assert (waited, taker.taken) == (["first", "!three", ""], ["one", "two"])


async def test_a_line_that_comes_in_two_pieces_goes_straight_when_it_is_whole() -> None:
    async with talking() as (upstream, client):
        upstream.say(word("first"))
        async with client.chat(b"{}") as answer:
            taker = Taker()
            answer.set_inline_consumer(taker)
            await following(answer)
            rest = asyncio.create_task(following(answer))
            line = word("cut")
            upstream.say(line[:9])
            await asyncio.sleep(0.05)
            assert not taker.taken
            upstream.say(line[9:])
            await taker.next()
            upstream.say(DONE, None)
            assert (await rest)[-1].done
    assert taker.taken == ["cut"]


async def test_what_a_shortcut_raises_is_raised_where_the_answer_is_waited_for() -> None:
    def shortcut(_batch: list[ChatChunk]) -> bool:
        raise ConnectionResetError("the client has left")

    async with talking() as (upstream, client):
        upstream.say(word("first"))
        async with client.chat(b"{}") as answer:
            answer.set_inline_consumer(shortcut)
            await following(answer)
            rest = asyncio.create_task(following(answer))
            await asyncio.sleep(0.05)
            upstream.say(word("second"))
            with pytest.raises(UpstreamBrokeError, match="the client has left"):
                await rest


@pytest.mark.parametrize("end", [None, ConnectionResetError()], ids=["ended", "cut"])
async def test_an_answer_that_stops_after_words_that_went_straight(end: Exception | None) -> None:
    async with talking() as (upstream, client):
        upstream.say(word("first"))
        async with client.chat(b"{}") as answer:
            taker = Taker()
            answer.set_inline_consumer(taker)
            await following(answer)
            rest = asyncio.create_task(following(answer))
            await asyncio.sleep(0)
            upstream.say(word("one"))
            await taker.next()
            upstream.say(end)
            with pytest.raises(StopAsyncIteration if end is None else UpstreamBrokeError):
                await rest


async def test_garbage_behind_words_leaves_them_in_order() -> None:
    async with talking() as (upstream, client):
        upstream.say(word("first"))
        async with client.chat(b"{}") as answer:
            taker = Taker()
            answer.set_inline_consumer(taker)
            heard = [said(await following(answer))]
            rest = asyncio.create_task(following(answer))
            await asyncio.sleep(0)
            upstream.say(word("one") + b"garbage\n", None)
            heard.append(said(await rest))
            with pytest.raises(UpstreamBrokeError, match="not its JSON"):
                await following(answer)
    assert (heard, taker.taken) == (["first", "one"], [])


async def test_the_next_chat_goes_over_the_same_connection() -> None:
    async with talking() as (upstream, client):
        for _ in range(3):
            upstream.say(word("first"), DONE, None)
            async with client.chat(b"{}") as answer:
                answer.set_inline_consumer(Taker())
                assert [batch async for batch in answer][-1][-1].done
    assert len(upstream.connections) == 1


async def test_a_wait_that_is_too_long_is_ended() -> None:
    loop = asyncio.get_running_loop()
    async with talking(SECONDS) as (upstream, client):
        upstream.say(word("first"))
        async with client.chat(b"{}") as answer:
            await following(answer)
            began = loop.time()
            with pytest.raises(UpstreamStalledError):
                await following(answer)
    assert loop.time() - began >= SECONDS


@pytest.mark.parametrize("straight", [False, True])
async def test_the_silence_is_counted_from_the_latest_word(*, straight: bool) -> None:
    loop = asyncio.get_running_loop()
    async with talking(SECONDS) as (upstream, client):
        upstream.say(word("first"))
        async with client.chat(b"{}") as answer:
            taker = Taker()
            if straight:
                answer.set_inline_consumer(taker)
            await following(answer)
            loop.call_later(SECONDS / 2, upstream.say, word("late"))
            heard = loop.time() + SECONDS / 2
            if not straight:
                assert said(await following(answer)) == "late"
            with pytest.raises(UpstreamStalledError):
                await following(answer)
    assert loop.time() - heard >= SECONDS
    assert taker.taken == (["late"] if straight else [])


async def test_time_in_which_nobody_asks_is_no_silence() -> None:
    async with talking(SECONDS / 3) as (upstream, client):
        upstream.say(word("first"))
        async with client.chat(b"{}") as answer:
            await following(answer)
            await asyncio.sleep(SECONDS)
            upstream.say(word("later"), DONE, None)
            assert "".join([said(batch) async for batch in answer]) == "later"


async def test_a_machine_that_has_gone_is_not_taken_for_a_runner_that_crashed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = Incoming.connection_lost

    def unanswered(incoming: Incoming, _exc: Exception | None) -> None:
        # What the system says of a connection whose other side answers no probe.
        lost(incoming, TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)))

    monkeypatch.setattr(Incoming, "connection_lost", unanswered)
    async with talking() as (upstream, client):
        upstream.say(word("one"), OSError())
        with pytest.raises(UpstreamBrokeError) as caught:
            await _all(client)
    assert "broke (it timed out: the other machine no longer answers)" in caught.value.message
    assert caught.value.hint is not None
    assert "network" in caught.value.hint
    assert "crashed" not in caught.value.hint


async def _all(client: OllamaClient) -> list[str]:
    async with client.chat(b"{}") as answer:
        return [said(batch) async for batch in answer]


async def test_an_answer_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "MAX_CHAT_BYTES", 2**20)
    async with talking() as (upstream, client):
        upstream.say(*[word("x" * 1000)] * 2000)
        async with client.chat(b"{}") as answer:
            with pytest.raises(UpstreamBrokeError, match="larger than 1 MiB"):
                [batch async for batch in answer]
