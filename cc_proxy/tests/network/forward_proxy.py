"""A company's HTTP proxy for tests: forwards http, tunnels for CONNECT, and may ask for a login."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_END = b"\r\n\r\n"


@dataclass
class ForwardProxy:
    """Where it listens, and the first lines of what it was asked.

    `login` is `user:password`; `reaches` has the names that only it knows, with their ports.
    `refuses` is the status with which it answers everything.
    """

    login: str = ""
    reaches: dict[str, int] = field(default_factory=dict)
    refuses: str = ""
    port: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, with the login."""
        return f"http://{self.login}{'@' if self.login else ''}127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["ForwardProxy"]:
        """Serve until the end of the block."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(_END)).decode()
        first, *headers = head.strip().split("\r\n")
        self.asked.append(first)
        given = dict(line.lower().split(": ", 1) for line in headers)
        wanted = "basic " + base64.b64encode(self.login.encode()).decode().lower()
        if self.login and given.get("proxy-authorization") != wanted:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        method, target, _ = first.split(" ")
        if method == "CONNECT":
            if self.refuses:
                writer.write(f"HTTP/1.1 {self.refuses}\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
                return
            host, _, port = target.rpartition(":")
            others = await self._connect(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            url = urlsplit(target)
            if self.refuses:
                page = "<html><title>Unable to connect</title>"
                head = f"HTTP/1.1 {self.refuses}\r\nContent-Length: {len(page)}\r\n\r\n"
                writer.write((head + page).encode())
                await writer.drain()
                return
            others = await self._connect(url.hostname or "", url.port or 80)
            rest = [line for line in headers if not line.lower().startswith("proxy-")]
            plain = [f"{method} {url.path} HTTP/1.1", *rest, "Connection: close"]
            others[1].write("\r\n".join(plain).encode() + _END)
        await asyncio.gather(_copy(reader, others[1]), _copy(others[0], writer))

    async def _connect(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.reaches.get(host, port))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
