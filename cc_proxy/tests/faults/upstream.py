"""An Ollama that can do what no HTTP library would: a raw socket, played by hand."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

_SHOW = {
    "capabilities": ["completion", "tools"],
    "model_info": {"llama.context_length": 131072},
    "parameters": "",
    "details": {"family": "llama"},
}
_QUESTIONS: dict[str, Any] = {
    "/api/version": {"version": "0.32.15"},
    "/api/tags": {"models": []},
    "/api/ps": {"models": []},
    "/api/show": _SHOW,
}
NDJSON = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def line(content: str = "", **more: Any) -> bytes:
    message = {"role": "assistant", "content": content} | more.pop("message", {})
    whole = {"model": "m", "message": message, "done": False} | more
    return json.dumps(whole, ensure_ascii=False).encode() + b"\n"


def done(**more: Any) -> bytes:
    counts = {"prompt_eval_count": 11, "eval_count": 3}
    return line(done=True, done_reason="stop", **(counts | more))


HELLO = line("Hello") + done()


@dataclass
class Exchange:
    """One chat request; `turn` is how many requests its connection has seen, this one included."""

    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader
    body: bytes
    turn: int

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        """Send a piece of a chunked answer."""
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self) -> None:
        await self.send(b"0\r\n\r\n")

    async def answer(self, status: int, body: bytes, *headers: str) -> None:
        """Send a whole answer of known length."""
        head = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}", *headers]
        await self.send("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    async def gone(self) -> None:
        """Wait until the other side has left, as Ollama watches for it."""
        await self.reader.read()

    def close(self) -> None:
        """Close in an orderly way: FIN."""
        self.writer.close()

    def reset(self) -> None:
        """Close at once: RST."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Play = Callable[[Exchange], Awaitable[None]]


async def hello(exchange: Exchange) -> None:
    """Answer as Ollama does when all is well."""
    await exchange.send(NDJSON)
    await exchange.chunk(line("Hello"))
    await exchange.chunk(done())
    await exchange.end()


@dataclass
class RawUpstream:
    """Answers questions by itself; `play` decides what happens to a chat.

    `working` is how many chats are being answered now, `chats` how many there were, `open` how
    many connections there are.
    """

    play: Play = hello
    questions: dict[str, Any] = field(default_factory=lambda: dict(_QUESTIONS))
    chats: int = 0
    working: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        return len(self._open)

    async def start(self) -> Self:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, backlog=4096
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """End as a process ends: every connection breaks."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        while self._open:  # noqa: ASYNC110 - each leaves the set as its handler ends
            await asyncio.sleep(0.01)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        turn = 0
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                body = await reader.readexactly(_length(head))
                turn += 1
                await self._answer(head.split(" ", 2)[1], Exchange(writer, reader, body, turn))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        finally:
            self._open.discard(writer)

    async def _answer(self, path: str, exchange: Exchange) -> None:
        if path == "/api/chat":
            self.chats += 1
            self.working += 1
            try:
                await self.play(exchange)
            finally:
                self.working -= 1
            return
        found = self.questions[path]
        if callable(found):
            await found(exchange)
        else:
            await exchange.answer(200, json.dumps(found).encode())


def _length(head: str) -> int:
    for field_line in head.split("\r\n"):
        name, _, value = field_line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0
