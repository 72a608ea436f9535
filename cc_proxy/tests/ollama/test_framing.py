"""One HTTP chunk by itself, and an answer that comes in chunks and packets of any size."""

import asyncio
import itertools
import json
from types import SimpleNamespace

import pytest
from aiohttp.client_proto import ResponseHandler
from hypothesis import given
from hypothesis import strategies as st

from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.upstreams.http.framing import whole_lines
from cc_proxy.app.upstreams.http.incoming import Incoming
from cc_proxy.app.upstreams.ollama.reading import LineReader

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def line(text: str) -> bytes:
    return json.dumps({"message": {"role": "assistant", "content": text}}).encode() + b"\n"


@pytest.mark.parametrize("lines", [b"{}\n", line("x" * 300), line("\r\n"), b"{}\n{}\n", b"\n"])
def test_one_whole_chunk_of_whole_lines_is_held(lines: bytes) -> None:
    assert whole_lines(chunk(lines)) == lines


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"0\r\n\r\n", id="the last chunk"),
        pytest.param(chunk(b"{}"), id="a line without its end"),
        pytest.param(chunk(b"{}\n")[:-1], id="its end is to come"),
        pytest.param(chunk(b"{}\n") + chunk(b"{}\n"), id="two"),
        pytest.param(chunk(b"{}\n") + b"0\r\n\r\n", id="the last chunk behind it"),
        pytest.param(b"4\r\n{}\n\r\n", id="longer than it says"),
        pytest.param(b"2\r\n{}\n\r\n", id="shorter than it says"),
        pytest.param(b"03\r\n{}\n\r\n", id="a zero before its size"),
        pytest.param(b"3;a=b\r\n{}\n\r\n", id="an extension"),
        pytest.param(b"A\r\n" + b"a" * 9 + b"\n\r\n", id="a size in capitals"),
        pytest.param(b"+3\r\n{}\n\r\n", id="a sign before its size"),
        pytest.param(b"{}\n\r\n", id="no size"),
        pytest.param(b"\r\n{}\n\r\n", id="an empty size"),
    ],
)
def test_anything_else_is_left_to_the_parser(data: bytes) -> None:
    assert whole_lines(data) is None


class Transport(asyncio.Transport):
    """Knows who is told of what comes, and sends nothing."""

    def __init__(self, protocol: asyncio.BaseProtocol) -> None:
        super().__init__()
        self._protocol = protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol


async def answering() -> tuple[Transport, Incoming]:
    loop = asyncio.get_running_loop()
    protocol = ResponseHandler(loop)
    transport = Transport(protocol)
    protocol.connection_made(transport)
    protocol.set_response_params(read_until_eof=True)
    protocol.data_received(HEAD)
    _, content = await protocol.read()
    response = SimpleNamespace(content=content, connection=SimpleNamespace(protocol=protocol))
    return transport, Incoming(response, LineReader(), "Ollama", 60)  # type: ignore[arg-type] # all it asks


async def heard(packets: list[bytes]) -> tuple[str, int]:
    """Return what an answer in these packets says, and how many batches went straight."""
    transport, incoming = await answering()
    said: list[str] = []
    straight = 0

    def take(batch: list[ChatChunk]) -> None:
        said.extend(chunk.message.content for chunk in batch if chunk.message)

    def shortcut(batch: list[ChatChunk]) -> bool:
        nonlocal straight
        if any(chunk.message is None or "!" in chunk.message.content for chunk in batch):
            return False
        take(batch)
        straight += 1
        return True

    async def read() -> None:
        while found := await incoming.read():
            batch, trouble = found
            assert trouble is None
            take(batch)

    incoming.shortcut = shortcut
    reading = asyncio.create_task(read())
    for packet in packets:
        await asyncio.sleep(0)
        protocol = transport.get_protocol()
        assert isinstance(protocol, asyncio.Protocol)
        protocol.data_received(packet)
    await asyncio.wait_for(reading, 60)
    incoming.end()
    return "".join(said), straight


async def test_words_that_come_one_by_one_go_straight_after_the_first() -> None:
    words = ["one ", "two ", "é\n ", "!three ", "four ", "five"]
    packets = [*(chunk(line(word)) for word in words), b"0\r\n\r\n"]
    assert await heard(packets) == ("".join(words), 5)


@given(
    words=st.lists(st.text(max_size=8), min_size=1, max_size=12),
    chunk_ends=st.sets(st.integers(1, 400)),
    packet_ends=st.sets(st.integers(1, 600)),
    whole=st.booleans(),
)
def test_what_is_said_does_not_depend_on_how_it_is_cut(
    *, words: list[str], chunk_ends: set[int], packet_ends: set[int], whole: bool
) -> None:
    chunks = [line(word) for word in words]
    if not whole:
        chunks = cut(b"".join(chunks), chunk_ends)
    packets = [*map(chunk, chunks), b"0\r\n\r\n"]
    if not whole:
        packets = cut(b"".join(packets), packet_ends)
    said, _ = asyncio.run(heard(packets))
    assert said == "".join(words)


def cut(data: bytes, ends: set[int]) -> list[bytes]:
    places = [0, *sorted(end for end in ends if end < len(data)), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(places)]
