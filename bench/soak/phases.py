"""What is asked of cc-proxy, each with its figures and with what must hold at the end."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import linear_regression

from bench.soak.subject import Subject
from cc_proxy.tests.faults.client import RawClient, request_bytes
from cc_proxy.tests.faults.storm import Storm
from cc_proxy.tests.faults.upstream import NDJSON, Exchange, RawUpstream, done, hello, line

_CHUNKS = 50
_CHUNK_SECONDS = 0.1
_ALL_HERE_SECONDS = 120.0
_WORKERS = 16
_SAMPLES = 50
_SLOW_READERS = 100
_SLOW_SECONDS = 90.0
_STILL_SECONDS = 3.0
# An answer's text is kept to its end, a word an object, and what the sockets hold is kept so, too.
_MOST_MB_A_SLOW_READER = 12.0
_MOST_MB_A_STREAM = 0.25
# The second half of the run: what is learned once, and remembered, has been learned by then.
_MOST_SLOPE_MB = 2.0
_MOST_GROWTH_MB = 10.0
_SPARE_FILES = 8
_STORM_AT_ONCE = 64
_STORM_BATCH = 1_000


@dataclass
class Report:
    """The figures of one phase, and what did not hold."""

    name: str
    figures: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def holds(self, what: str, *, true: bool) -> None:
        """Note something that must be true."""
        if not true:
            self.broken.append(what)


async def streams(subject: Subject, upstream: RawUpstream, count: int) -> Report:
    """Open so many streams, all at the same time, and read each to its end."""
    report = Report(f"{count:,} concurrent streams")
    memory, files = subject.resident_mb, subject.open_files()
    all_here = asyncio.Event()

    async def play(exchange: Exchange) -> None:
        name = json.loads(exchange.body)["messages"][-1]["content"]
        if upstream.working == count:
            all_here.set()
        await all_here.wait()
        await exchange.send(NDJSON)
        for number in range(_CHUNKS):
            await exchange.chunk(line(f"{name}:{number} "))
            await asyncio.sleep(_CHUNK_SECONDS)
        await exchange.chunk(done())
        await exchange.end()

    upstream.play = play
    began, cpu = time.monotonic(), subject.cpu_s
    asking = [asyncio.create_task(_text_of(subject.port, f"s{number}")) for number in range(count)]
    try:
        async with asyncio.timeout(_ALL_HERE_SECONDS):
            await all_here.wait()
    except TimeoutError:
        report.broken.append(f"only {upstream.working} of {count} streams were open at once")
        all_here.set()
    opened = time.monotonic() - began
    peak_memory, peak_files = subject.resident_mb, subject.open_files()
    texts = await asyncio.gather(*asking)
    wrong = [
        text
        for number, text in enumerate(texts)
        if text != "".join(f"s{number}:{chunk} " for chunk in range(_CHUNKS))
    ]
    right = count - len(wrong)
    report.figures = {
        "all open after, s": f"{opened:.1f}",
        "whole and in order": f"{right:,} of {count:,}",
        "open files: before, most": f"{files}, {peak_files:,}",
        "memory: before, all open, after, MB": (
            f"{memory:.1f}, {peak_memory:.1f}, {subject.resident_mb:.1f}"
        ),
        "memory for each open stream, KB": f"{(peak_memory - memory) * 1000 / count:.0f}",
        "CPU, s": f"{subject.cpu_s - cpu:.1f}",
    }
    report.broken += [f"a stream was neither whole nor in order: {text}" for text in wrong[:3]]
    report.holds(
        f"at most {_MOST_MB_A_STREAM} MB a stream",
        true=peak_memory - memory <= _MOST_MB_A_STREAM * count,
    )
    return report


async def requests(subject: Subject, upstream: RawUpstream, count: int) -> Report:
    """Ask so many times, each a session of its own, every second one streamed."""
    report = Report(f"{count:,} requests")
    upstream.play = hello
    numbers = iter(range(count))
    samples: list[tuple[int, float]] = []
    failed = 0

    async def asks() -> None:
        nonlocal failed
        client = await RawClient.connect(subject.port)
        for number in numbers:
            words = [{"role": "user", "content": f"Request {number}."}]
            await client.ask(stream=number % 2 == 0, messages=words)
            if b"Hello" not in await _one_answer(client):
                failed += 1
            if number % (count // _SAMPLES) == 0:
                samples.append((number, subject.resident_mb))
        client.close()

    began, cpu = time.monotonic(), subject.cpu_s
    await asyncio.gather(*(asks() for _ in range(_WORKERS)))
    took = time.monotonic() - began
    late = [sample for sample in samples if sample[0] >= count / 2]
    slope = linear_regression([n for n, _ in late], [mb for _, mb in late]).slope * 100_000
    report.figures = {
        "failed": str(failed),
        "requests a second": f"{count / took:,.0f}",
        "CPU per request, ms": f"{(subject.cpu_s - cpu) * 1000 / count:.2f}",
        "memory at 0, 10, 25, 50, 75, 100 %, MB": ", ".join(_at(samples, count)),
        "slope of the second half, MB per 100,000 requests": f"{slope:+.2f}",
    }
    report.holds("every request is answered", true=failed == 0)
    report.holds(f"a slope of at most {_MOST_SLOPE_MB} MB", true=slope <= _MOST_SLOPE_MB)
    return report


async def slow_readers(subject: Subject, upstream: RawUpstream) -> Report:
    """Have an upstream that never ends, and clients that read nothing."""
    report = Report(f"{_SLOW_READERS} clients that do not read")
    sent = 0
    words = line("word " * 2000)

    async def play(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.send(NDJSON)
        while True:
            await exchange.chunk(words)
            sent += len(words)

    upstream.play = play
    memory = subject.resident_mb
    clients = [await RawClient.connect(subject.port, buffer=65_536) for _ in range(_SLOW_READERS)]
    for client in clients:
        await client.ask(stream=True)
    held, end = -1, time.monotonic() + _SLOW_SECONDS
    while sent != held and time.monotonic() < end:
        held = sent
        await asyncio.sleep(_STILL_SECONDS)
    held, peak = sent, subject.resident_mb
    await asyncio.sleep(_STILL_SECONDS)
    report.figures = {
        "taken from the upstream for each, MB": f"{held / 1e6 / _SLOW_READERS:.1f}",
        "… in the three seconds after that, MB": f"{(sent - held) / 1e6 / _SLOW_READERS:.1f}",
        "memory: before, after, MB": f"{memory:.1f}, {peak:.1f}",
        "memory for each, KB": f"{(peak - memory) * 1000 / _SLOW_READERS:.0f}",
    }
    report.holds("the upstream is held back", true=sent == held)
    report.holds(
        f"at most {_MOST_MB_A_SLOW_READER} MB a client",
        true=peak - memory <= _MOST_MB_A_SLOW_READER * _SLOW_READERS,
    )
    for client in clients:
        client.close()
    return report


async def faults(subject: Subject, upstream: RawUpstream, storm: Storm, minutes: float) -> Report:
    """Let a storm of faults blow for so many minutes; the upstream must play `storm.playing()`."""
    report = Report(f"faults on both sides for {minutes:g} minutes, seed {storm.seed}")
    end = time.monotonic() + minutes * 60
    memory = [(0, subject.resident_mb)]
    files = [subject.open_files()]
    while time.monotonic() < end and not storm.wrong:
        await storm.blow(_STORM_BATCH, _STORM_AT_ONCE)
        await subject.settled()
        memory.append((storm.asked, subject.resident_mb))
        files.append(subject.open_files() - upstream.open)
    outcomes = ", ".join(f"{name} {count:,}" for name, count in sorted(storm.outcomes.items()))
    growth = memory[-1][1] - memory[len(memory) // 2][1]
    report.figures = {
        "requests": f"{storm.asked:,}",
        "outcomes": outcomes,
        "not as they should be": str(len(storm.wrong)),
        "memory at 0, 10, 25, 50, 75, 100 %, MB": ", ".join(_at(memory, storm.asked)),
        "open files but for idle connections to the upstream: first, most, last": (
            f"{files[0]}, {max(files)}, {files[-1]}"
        ),
    }
    report.broken += storm.wrong[:5]
    report.holds(
        f"at most {_MOST_GROWTH_MB} MB of growth in the second half", true=growth <= _MOST_GROWTH_MB
    )
    return report


async def nothing_left(report: Report, subject: Subject, upstream: RawUpstream) -> None:
    """Check what must hold after every phase."""
    health = await subject.settled()
    await asyncio.sleep(0.5)
    files, idle = subject.open_files(), upstream.open
    report.figures["left: in flight, queued, at the upstream"] = (
        f"{health['requests_in_flight']}, {health['queued']}, {upstream.working}"
    )
    report.figures["left: open files, idle connections to the upstream among them"] = (
        f"{files}, {idle}"
    )
    report.holds("nothing in flight", true=not health["requests_in_flight"])
    report.holds("nothing queued", true=not health["queued"])
    report.holds("no model at work", true=not upstream.working)
    report.holds("no file left open", true=files - idle <= subject.files_at_start + _SPARE_FILES)
    report.broken += [f"in the log: {text}" for text in subject.faults()[:5]]


async def _text_of(port: int, name: str) -> str:
    """Return the text of a stream, or what came in its place."""
    client = await RawClient.connect(port)
    head, body = request_bytes(stream=True, messages=[{"role": "user", "content": name}])
    await client.send(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + body)
    try:
        got = await client.rest()
    except ConnectionError as error:
        return str(error)
    finally:
        client.close()
    return "".join(_deltas(got)) or got[-300:].decode(errors="replace")


def _deltas(answer: bytes) -> Iterator[str]:
    for raw in answer.split(b"\n"):
        if raw.startswith(b"data: ") and b"text_delta" in raw:
            yield json.loads(raw.removeprefix(b"data: "))["delta"]["text"]


async def _one_answer(client: RawClient) -> bytes:
    """Return one answer of a connection that stays open."""
    got = await client.receive()
    while b"\r\n\r\n" not in got:
        got += await client.receive()
    head, _, body = got.partition(b"\r\n\r\n")
    _, marked, length = head.lower().partition(b"content-length:")
    if marked:
        size = int(length.split(b"\r\n", 1)[0])
        return body + await client.exactly(size - len(body))
    while not body.endswith(b"\r\n0\r\n\r\n"):
        body += await client.receive()
    return body


def _at(samples: list[tuple[int, float]], count: int) -> Iterator[str]:
    for share in (0.0, 0.1, 0.25, 0.5, 0.75, 1.0):
        _, memory = min(samples, key=lambda sample: abs(sample[0] - share * count))
        yield f"{memory:.1f}"
