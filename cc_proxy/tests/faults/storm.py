"""Faults on both sides, at random and by a seed, with what must come of each."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from .client import RawClient, request_bytes
from .plays import HALF, PAGE, answers, begins, compressed, ends, refuses, streams
from .upstream import HELLO, Exchange, Play, done, hello, line

BUSY = "server busy, please try again.  maximum pending requests exceeded"
DIED = b'{"error":"an error was encountered while running the model: unexpected EOF"}\n'
_PATIENCE_SECONDS = 500.0

# What the upstream may do, and whether the answer is whole in spite of it.
PLAYS: dict[str, tuple[Play, bool]] = {
    "hello": (hello, True),
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
}


def playing() -> Play:
    """Return what does as each request asks; one in ten is told first that there is no room."""
    latest_refused = 0

    async def play(exchange: Exchange) -> None:
        nonlocal latest_refused
        asked = json.loads(exchange.body)["messages"][-1]["content"]
        name, number = asked.rsplit(" ", 1)
        if int(number) % 10 == 0 and int(number) > latest_refused:
            latest_refused = int(number)
            await refuses(503, BUSY)(exchange)
        else:
            await PLAYS[name][0](exchange)

    return play


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
        client = await RawClient.connect(self.port)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                head, body = request_bytes(
                    stream=streamed, messages=[{"role": "user", "content": what}]
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
        whole = b"message_stop" in got or b'"stop_reason":"end_turn"' in got
        error = b'"type":"error"' in got or _is_cut(got)
        outcome = {(True, False): "whole", (False, True): "error"}.get((whole, error), "neither")
        self.outcomes[outcome] += 1
        if outcome != ("whole" if PLAYS[name][1] else "error"):
            self.wrong.append(f"{what}: {outcome}: {got[-300:]!r}")
