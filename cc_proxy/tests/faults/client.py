"""A client that can leave in the middle of a word: a raw socket."""

import asyncio
import json
import socket
import struct
from typing import Any

from .stage import KEY, body


def request_bytes(**fields: Any) -> tuple[bytes, bytes]:
    """Return the head and the body of a request."""
    data = json.dumps(body(**fields)).encode()
    head = (
        "POST /v1/messages?beta=true HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"X-Api-Key: {KEY}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode(), data


class RawClient:
    """One connection; use `connect()`. `buffer` is the size of its receive buffer in bytes."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def connect(cls, port: int, *, buffer: int | None = None) -> "RawClient":
        raw = socket.socket()
        raw.settimeout(0)
        if buffer is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
        return cls(raw)

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._raw, data)

    async def ask(self, **fields: Any) -> None:
        await self.send(b"".join(request_bytes(**fields)))

    async def receive(self, size: int = 65_536) -> bytes:
        """Return what comes next, at most `size` bytes; nothing at the end."""
        return await self._loop.sock_recv(self._raw, size)

    async def exactly(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end."""
        got = b""
        while len(got) < size and (piece := await self.receive(size - len(got))):
            got += piece
        return got

    async def rest(self) -> bytes:
        """Return everything up to the end of the connection."""
        got = b""
        while piece := await self.receive():
            got += piece
        return got

    def send_no_more(self) -> None:
        """Close one half: what comes can still be read."""
        self._raw.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close in an orderly way: FIN (RST if something was left unread)."""
        self._raw.close()

    def reset(self) -> None:
        """Close at once: RST."""
        self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._raw.close()
