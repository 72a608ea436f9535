"""What an upstream may do to a chat, made of few words."""

import asyncio
import json
import zlib
from collections.abc import Callable

from .upstream import NDJSON, Exchange, Play, done, line

HALF = line("half")
PAGE = (
    b"<!DOCTYPE html><html><head><title>502\n Bad Gateway</title></head><body>"
    + b"<p>Sorry.</p>" * 50_000
    + b"</body></html>"
)
MEGABYTE = 1024 * 1024


def talk(letters: int) -> str:
    """Return words that do not repeat themselves, so that nobody takes them for a loop."""
    return "".join(f"word{number} " for number in range(letters // 5))[:letters]


def begins(then: Callable[[Exchange], object]) -> Play:
    """Send half an answer, and then something happens."""

    async def play(exchange: Exchange) -> None:
        await exchange.send(NDJSON)
        await exchange.chunk(HALF)
        # A reset may overtake what was sent before it.
        await asyncio.sleep(0.05)
        then(exchange)
        await exchange.gone()

    return play


def answers(status: int, body: bytes, *headers: str) -> Play:
    async def play(exchange: Exchange) -> None:
        await exchange.answer(status, body, *headers)

    return play


def answers_in_pieces(status: int, *pieces: bytes, length: int | None = None) -> Play:
    """Answer in packets of their own; with a `length` that is more, the rest never comes."""

    async def play(exchange: Exchange) -> None:
        size = length or sum(map(len, pieces))
        await exchange.send(f"HTTP/1.1 {status} Status\r\nContent-Length: {size}\r\n\r\n".encode())
        for piece in pieces:
            await asyncio.sleep(0.02)
            await exchange.send(piece)
        if length:
            await exchange.gone()

    return play


def streams(*pieces: bytes, pause: float = 0.002) -> Play:
    """Send pieces of an answer, each in a packet and a chunk of its own, and its proper end."""

    async def play(exchange: Exchange) -> None:
        await exchange.send(NDJSON)
        for piece in pieces:
            await exchange.chunk(piece)
            await asyncio.sleep(pause)
        await exchange.end()

    return play


def compressed(text: str) -> Play:
    """Send an answer that is gzip, a piece for each line."""
    packer = zlib.compressobj(wbits=31)
    lines = (line(text), done())
    pieces = [packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH) for part in lines]
    pieces.append(packer.flush())
    head = NDJSON.replace(b"Content-Type", b"Content-Encoding: gzip\r\nContent-Type")

    async def play(exchange: Exchange) -> None:
        await exchange.send(head)
        for piece in pieces:
            await exchange.chunk(piece)
        await exchange.end()

    return play


def ends(how: Callable[[Exchange], None]) -> Play:
    """Break the connection before the headers."""

    async def play(exchange: Exchange) -> None:
        how(exchange)
        await exchange.gone()

    return play


def refuses(status: int, text: str) -> Play:
    """Refuse as Ollama does."""
    return answers(status, json.dumps({"error": text}).encode())
