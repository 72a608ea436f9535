"""Faults on both sides, at random and by a seed, with what must come of each."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from cc_proxy.tests.linear.marks import MARKS

from .client import RawClient, request_bytes
from .plays import (
    HALF,
    PAGE,
    answers,
    answers_in_pieces,
    begins,
    compressed,
    ends,
    refuses,
    streams,
    talk,
)
from .upstream import HELLO, NDJSON, Exchange, Play, done, hello, line

BUSY = "server busy, please try again.  maximum pending requests exceeded"
DIED = b'{"error":"an error was encountered while running the model: unexpected EOF"}\n'
_PATIENCE_SECONDS = 500.0

_MEGABYTE = 1_000_000


def _asked(exchange: Exchange) -> str:
    """Return the words of a request, which its answer repeats: none may get another's."""
    messages = json.loads(exchange.body)["messages"]
    words = next(one["content"] for one in messages if one["role"] == "user")
    # A second try has words of cc-proxy's after them.
    return str(words).partition("\n")[0]


async def repeats(exchange: Exchange) -> None:
    """Answer with the words of the request, a few letters at a time."""
    words = _asked(exchange)
    pieces = (line(words[at : at + 3]) for at in range(0, len(words), 3))
    await streams(*pieces, done(), pause=0)(exchange)


async def sized(exchange: Exchange) -> None:
    """Answer with the words of the request, and as many letters as the request's number says."""
    words = _asked(exchange)
    size = 4 ** (int(words.rsplit(" ", 1)[1]) % 9)
    await streams(line(words), line("\n" + talk(size)), done(), pause=0)(exchange)


async def hostile(exchange: Exchange) -> None:
    """Answer with a run of a mark that models write around calls, in pieces of four letters."""
    mark = MARKS[int(_asked(exchange).rsplit(" ", 1)[1]) % len(MARKS)]
    text = (mark * 2_000)[:2_000]
    lines = b"".join(line(text[at : at + 4]) for at in range(0, len(text), 4))
    await streams(lines, done(), pause=0)(exchange)


async def no_http(exchange: Exchange) -> None:
    """Answer with what is no HTTP."""
    await exchange.send(b"\x16\x03\x01 hello\r\n\r\n")
    await exchange.gone()


async def goes_on(exchange: Exchange) -> None:
    """Send words for ever after the end."""
    await exchange.send(NDJSON)
    await exchange.chunk(line(_asked(exchange)) + done())
    while True:
        await exchange.chunk(line("more"))
        await asyncio.sleep(0.01)


# What the upstream may do, and whether the answer is whole in spite of it.
PLAYS: dict[str, tuple[Play, bool]] = {
    "hello": (hello, True),
    "repeats": (repeats, True),
    "sized": (sized, True),
    "hostile": (hostile, True),
    "in pieces": (streams(*(HELLO[at : at + 7] for at in range(0, len(HELLO), 7))), True),
    "gzip": (compressed("Hello"), True),
    "two ends": (streams(line("Hello"), done(), line("more"), done()), True),
    "plain text": (answers(200, HELLO, "Content-Type: text/plain"), True),
    "reset at once": (ends(Exchange.reset), False),
    "closed at once": (ends(Exchange.close), False),
    "reset": (begins(Exchange.reset), False),
    "closed": (begins(Exchange.close), False),
    "silent": (Exchange.gone, False),
    "stalls": (begins(lambda _: None), False),
    "garbage": (streams(HALF, b"\x00\xff\n"), False),
    "no end": (streams(HALF), False),
    "cut off": (streams(HALF, done()[:30]), False),
    "runner died": (streams(HALF, DIED), False),
    "web page": (answers(200, PAGE, "Content-Type: text/html"), False),
    "bad gateway": (answers(502, PAGE, "Content-Type: text/html"), False),
    "elsewhere": (answers(307, b"", "Location: /other"), False),
    "failed": (refuses(500, "out of memory"), False),
    "not allowed": (refuses(403, "no"), False),
    "too short": (answers_in_pieces(200, HALF, length=_MEGABYTE), False),
    "no HTTP": (no_http, False),
    "goes on": (goes_on, True),
}


# What a request asks for goes with tools, so that its text is searched for calls.
_READ = {
    "name": "Read",
    "description": "Reads.",
    "input_schema": {"type": "object", "properties": {"file_path": {"type": "string"}}},
}
_LARGE_SHARE = 0.05


def playing() -> Play:
    """Return what does as each request asks; one in ten is told once that there is no room."""
    latest_refused = 0

    async def play(exchange: Exchange) -> None:
        nonlocal latest_refused
        name, number = _asked(exchange).rsplit(" ", 1)
        if int(number) % 10 == 0 and int(number) > latest_refused:
            latest_refused = int(number)
            await refuses(503, BUSY)(exchange)
        else:
            await PLAYS[name][0](exchange)

    return play


_REPEATING = frozenset({"repeats", "sized", "goes on"})


def _text(got: bytes) -> str:
    """Return the text of an answer, streamed or not."""
    _, _, body = got.partition(b"\r\n\r\n")
    if b"event: " in body:
        deltas = [part.partition(b"\n")[0] for part in body.split(b"\ndata: ")]
        events = [json.loads(part) for part in deltas if b"text_delta" in part]
        return "".join(event["delta"]["text"] for event in events)
    answer = json.loads(body[body.find(b"{") : body.rfind(b"}") + 1])
    return "".join(block.get("text", "") for block in answer["content"])


def _is_cut(got: bytes) -> bool:
    """Return whether an answer of signs of life alone was cut: no client takes it for whole."""
    head, _, body = got.partition(b"\r\n\r\n")
    return b"chunked" in head and bool(body) and not body.replace(b"1\r\n \r\n", b"")


@dataclass
class Storm:
    """Sends requests to a gateway whose upstream plays `play`; what went wrong is in `wrong`."""

    port: int
    seed: int
    asked: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)  # noqa: S311 - the same storm for the same seed

    async def blow(self, requests: int, at_once: int) -> None:
        """Send so many requests, so many of them at once."""
        left = iter(range(requests))

        async def sends() -> None:
            for _ in left:
                await self._one()

        await asyncio.gather(*(sends() for _ in range(at_once)))

    async def _one(self) -> None:
        name = self._random.choice(list(PLAYS))
        leaves = self._random.random() < 0.25
        streamed = self._random.random() < 0.7
        patience = self._random.random() * 0.1
        self.asked += 1
        what = f"{name} {self.asked}"
        messages = [{"role": "user", "content": what}]
        is_large = self._random.random() < _LARGE_SHARE
        # No two are the same: what is kept of each must have an end.
        system = f"{self.asked} word " * (self._random.randrange(20_000) if is_large else 1)
        client = await RawClient.connect(self.port)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                head, body = request_bytes(
                    stream=streamed, tools=[_READ], system=system, messages=messages
                )
                closing = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
                if leaves:
                    await self._leave(client, closing + body, patience)
                    return
                await client.send(closing + body)
                self._judge(name, what, await client.rest())
        except TimeoutError:
            self.wrong.append(f"{what}: no answer in {_PATIENCE_SECONDS:g} seconds")
        except ConnectionError as error:
            self.wrong.append(f"{what}: {error}")
        finally:
            client.close()

    async def _leave(self, client: RawClient, request: bytes, patience: float) -> None:
        await client.send(request[: self._random.choice([100, len(request) - 5, len(request)])])
        await asyncio.sleep(patience)
        self.outcomes["client left"] += 1
        if self._random.random() < 0.5:
            client.reset()

    def _judge(self, name: str, what: str, got: bytes) -> None:
        whole = b"message_stop" in got or b'"stop_reason":"' in got
        error = b'"type":"error"' in got or _is_cut(got)
        ends = got.count(b"event: message_stop") + got.count(b"event: error")
        if ends > 1:
            self.wrong.append(f"{what}: {ends} ends: {got[-300:]!r}")
        if whole and name in _REPEATING and _text(got).partition("\n")[0] != what:
            self.wrong.append(f"{what}: another text: {_text(got)[:300]}")
        outcome = {(True, False): "whole", (False, True): "error"}.get((whole, error), "neither")
        self.outcomes[outcome] += 1
        if outcome != ("whole" if PLAYS[name][1] else "error"):
            self.wrong.append(f"{what}: {outcome}: {got[-300:]!r}")
