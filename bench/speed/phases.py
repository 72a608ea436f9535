"""What is measured, round after round, each contender in its turn.

A noisy moment of the machine meets all of them. Each run of the load client has a time limit.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import click

from bench.speed.bodies import Body
from bench.speed.contenders import DIRECT, OURS, RELAY, Contender
from bench.speed.load import Answers, Load, Loader
from bench.speed.sheet import Sheet
from bench.speed.watcher import Watcher

SMALL, LARGE = 100_000, 2_000_000
FAST_CHUNKS = 20_000
PACED_CHUNKS, PACED_MS = 200, 20
STREAMS, MANY_STREAMS = 64, 512
# At the speed of a model, to find where one process ends.
KNEE_STREAMS = (250, 500, 1_000, 2_000)
KNEE_CHUNKS, KNEE_MS, KNEE_LATE_MS = 200, 50, 250
SIZES_MB = (1, 2, 4, 8, 16, 32)
LENGTHS = (100, 500, 1_000, 2_000)
# Long enough for all to have begun, and for memory to have been given back.
_IDLE_MS = 8_000
_SETTLE_SECONDS = 1.0
_REQUESTS = {SMALL: 100, LARGE: 15}
_SCALE_REQUESTS = 3
_SOAK_CONNECTIONS = 8
_MB = 1_000_000


@dataclass(frozen=True)
class Bench:
    """Everything that is measured goes into `sheet`."""

    direct: Contender
    others: Sequence[Contender]
    loader: Loader
    sheet: Sheet
    rounds: int
    soak_requests: int = 0

    def run(self, phases: Sequence[str]) -> None:
        """Measure the phases that are named, in the order of PHASES."""
        for contender in self.others:
            if contender.installed:
                self.sheet.add(contender.name, "installed_mb", contender.installed.megabytes)
                without = contender.installed.megabytes - contender.installed.bytecode
                self.sheet.add(contender.name, "installed_bare_mb", without)
                if contender.installed.extras is not None:
                    self.sheet.add(
                        contender.name, "installed_extras_mb", contender.installed.extras
                    )
                self.sheet.add(contender.name, "packages", contender.installed.packages)
        for name, phase in PHASES.items():
            if name in phases or name == "start":
                click.echo(f"{name} {time.strftime('%H:%M:%S')}", err=True)
                phase(self)

    def stop(self) -> None:
        """End every program."""
        for contender in (*self.others, self.direct):
            if contender.process:
                contender.process.stop()

    def _each(self, what: Callable[[Contender], None], *, direct: bool = True) -> None:
        for _ in range(self.rounds):
            for contender in (self.direct, *self.others) if direct else self.others:
                what(contender)

    def _load(self, contender: Contender, load: Load) -> tuple[Answers, float]:
        answers, cpu = self.loader.run(contender, load)
        if answers.errors:
            click.echo(f"  {contender.name} {load.model}: {answers.error}", err=True)
        return answers, cpu

    def _warm(self, contender: Contender) -> None:
        for body in (Body(SMALL), Body(plain=True)):
            self._load(contender, Load("bench-1x0", body, requests=5, connections=2))

    def _introduce(self, model: str) -> None:
        """Have everybody ask the upstream once what this model is."""
        load = Load(model, Body(plain=True))
        running = [self.loader.started(who, load) for who in (self.direct, *self.others)]
        for client in running:
            with client:
                client.communicate(timeout=load.limit_s)

    def start(self) -> None:
        """Start time, memory after it, `--help`; the last ones that start stay."""

        def measure(contender: Contender) -> None:
            started = contender.restart()
            if started is None or contender.process is None:
                return
            time.sleep(_SETTLE_SECONDS)
            self.sheet.add(contender.name, "start_s", started.wall_s)
            self.sheet.add(contender.name, "start_cpu_s", started.cpu_s)
            self.sheet.add(contender.name, "rss_start", contender.process.resident_mb())
            helped = contender.help_s()
            if helped is not None:
                self.sheet.add(contender.name, "help_s", helped)

        self._each(measure, direct=False)
        for contender in (self.direct, *self.others):
            self._warm(contender)

    def first_token(self) -> None:
        """Time to the first token and CPU per request, one after the other."""
        for size, name in ((SMALL, "small"), (LARGE, "large")):
            for new_front in (False, True):
                key = f"{name}_new" if new_front else name
                body = Body(size, new_front=new_front)
                load = Load("bench-1x0", body, requests=_REQUESTS[size])
                self._each(lambda who, load=load, key=key: self._time(who, load, key))  # type: ignore[misc]

    def _time(self, contender: Contender, load: Load, key: str) -> None:
        answers, cpu = self._load(contender, load)
        self.sheet.add(contender.name, f"ttft_{key}", *answers.ttft_ms)
        self.sheet.add(contender.name, f"cpu_{key}", cpu * 1000 / load.requests)
        self.sheet.add(contender.name, "errors", answers.errors)

    def fast_stream(self) -> None:
        """CPU per chunk when chunks come as fast as they are taken."""
        load = Load(f"bench-{FAST_CHUNKS}x0", Body(SMALL))

        def measure(contender: Contender) -> None:
            answers, cpu = self._load(contender, load)
            # The request itself costs as well.
            request = (self.sheet.median(contender.name, "cpu_small") or 0.0) / 1000
            each = (cpu - request) / FAST_CHUNKS * 1000
            self.sheet.add(contender.name, "stream_cpu", each)
            self.sheet.add(contender.name, "stream_rate", answers.chunks / answers.wall_s)
            self.sheet.add(contender.name, "errors", answers.errors)

        self._introduce(load.model)
        self._each(measure)

    def paced(self) -> None:
        """Many streams at the speed of a fast model."""
        self._paced(STREAMS, late_ms=50)

    def watched(self) -> None:
        """Run small requests and paced streams with `top` and `ui` open and closed, in turns."""
        ours = next((one for one in self.others if one.name == OURS), None)
        if ours is None:
            return
        streams = Load(f"bench-{PACED_CHUNKS}x{PACED_MS}", Body(SMALL), STREAMS, STREAMS)
        requests = Load("bench-1x0", Body(SMALL), requests=_REQUESTS[SMALL])
        self._introduce(streams.model)
        authorization = ours.headers[0].partition(": ")[2]
        for _ in range(self.rounds):
            for key in ("closed", "open"):
                looks = Watcher(ours.port, authorization) if key == "open" else nullcontext()
                with looks:
                    answers, cpu = self._load(ours, requests)
                    _, cpu_of_streams = self._load(ours, streams)
                self.sheet.add(OURS, f"{key}_ttft", *answers.ttft_ms)
                self.sheet.add(OURS, f"{key}_cpu", cpu * 1000 / requests.requests)
                self.sheet.add(OURS, f"{key}_cpu_streams", cpu_of_streams)

    def many(self) -> None:
        """Very many streams."""
        self._paced(MANY_STREAMS, late_ms=250)

    def knee(self) -> None:
        """More and more streams, each at the speed of a model."""
        model = f"bench-{KNEE_CHUNKS}x{KNEE_MS}"
        for streams in KNEE_STREAMS:
            self._paced(streams, KNEE_LATE_MS, model)

    def _paced(
        self, streams: int, late_ms: float, model: str = f"bench-{PACED_CHUNKS}x{PACED_MS}"
    ) -> None:
        load = Load(model, Body(SMALL), streams, streams, late_ms)

        def measure(contender: Contender) -> None:
            answers, cpu = self._load(contender, load)
            name = contender.name
            self.sheet.add(name, f"paced{streams}_cpu", cpu)
            self.sheet.add(name, f"paced{streams}_p99", answers.late_p99_ms)
            self.sheet.add(name, f"paced{streams}_max", answers.late_max_ms)
            self.sheet.add(name, f"paced{streams}_late", answers.late_over)
            self.sheet.add(name, f"paced{streams}_chunks", answers.chunks)
            self.sheet.add(name, "errors", answers.errors)

        self._introduce(model)
        self._each(measure)

    def loaded(self) -> None:
        """Memory after all that."""
        for contender in self.others:
            if contender.process:
                self.sheet.add(contender.name, "rss_load", contender.process.resident_mb())

    def idle(self) -> None:
        """Memory of a stream that has begun and is silent, in a process that is new."""
        model = f"bench-2x{_IDLE_MS}"

        def measure(contender: Contender) -> None:
            contender.restart()
            self._warm(contender)
            # The model is known then, and the code for a second chunk was run.
            self._load(contender, Load("bench-10x0", Body(plain=True), 10, 2))
            self._load(contender, Load(f"bench-2x{_IDLE_MS // 100}", Body(plain=True), 10, 2))
            for key, body in (("plain", Body(plain=True)), ("small", Body(SMALL))):
                self._idle(contender, Load(model, body, MANY_STREAMS, MANY_STREAMS), key)

        self._each(measure, direct=False)

    def _idle(self, contender: Contender, load: Load, key: str) -> None:
        if contender.process is None:
            return
        before = contender.process.resident_mb()
        with self.loader.started(contender, load) as running:
            # Between the first chunk and the second.
            time.sleep(_IDLE_MS / 1000 * 0.75)
            held = contender.process.resident_mb() - before
            running.communicate(timeout=load.limit_s)
        self.sheet.add(contender.name, f"idle_{key}_kb", held * 1000 / load.connections)

    def scale(self) -> None:
        """Cost by the size of a request, and by the length of a conversation."""
        for contender in self.others:
            if contender.name in (RELAY, OURS):
                contender.restart()
                self._warm(contender)
        bodies = {f"mb{size}": Body(size * _MB) for size in SIZES_MB}
        bodies |= {f"messages{length}": Body(messages=length) for length in LENGTHS}
        for key, body in bodies.items():
            load = Load("bench-1x0", body, requests=_SCALE_REQUESTS)

            def measure(contender: Contender, load: Load = load, key: str = key) -> None:
                if contender.name in (DIRECT, RELAY, OURS):
                    self._time(contender, load, key)

            self._each(measure)

    def soak(self) -> None:
        """Memory over very many requests: after a tenth of them, after half, and after all."""
        for contender in self.others:
            if contender.name != OURS or contender.process is None:
                continue
            contender.restart()
            self._warm(contender)
            for number in range(1, 11):
                for body, share in ((Body(plain=True), 0.9), (Body(SMALL), 0.1)):
                    requests = round(self.soak_requests / 10 * share)
                    load = Load("bench-3x0", body, requests, _SOAK_CONNECTIONS, limit_s=600)
                    answers, _ = self._load(contender, load)
                    self.sheet.add(OURS, "errors", answers.errors)
                # A moment for memory to be given back.
                time.sleep(2 * _SETTLE_SECONDS)
                self.sheet.add(OURS, f"soak{number}", contender.process.resident_mb())
            tenth, half, end = (self.sheet.median(OURS, f"soak{n}") or 0 for n in (1, 5, 10))
            self.sheet.add(OURS, "soak_growth", end - tenth)
            # What is remembered of prompts has a bound, which half of 100,000 requests reach.
            self.sheet.add(OURS, "soak_late_growth", end - half)


PHASES: dict[str, Callable[[Bench], None]] = {
    "start": Bench.start,
    "first-token": Bench.first_token,
    "fast-stream": Bench.fast_stream,
    "paced": Bench.paced,
    "watched": Bench.watched,
    "many": Bench.many,
    "knee": Bench.knee,
    "loaded": Bench.loaded,
    "idle": Bench.idle,
    "scale": Bench.scale,
    "soak": Bench.soak,
}
