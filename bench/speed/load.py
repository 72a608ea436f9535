"""One run of the load client against one contender."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.speed import bodies
from bench.speed.bodies import Body
from bench.speed.contenders import Contender

_SPARE_SECONDS = 15


class Answers(msgspec.Struct):
    """What the load client saw; times in milliseconds, `late_*` after each chunk was due."""

    ok: int
    errors: int
    error: str
    chunks: int
    wall_s: float
    late_over: int
    ttft_ms: list[float]
    late_p50_ms: float = 0.0
    late_p99_ms: float = 0.0
    late_max_ms: float = 0.0


@dataclass(frozen=True)
class Load:
    """What is asked: `requests` in all, over `connections`, each scripted by the model's name.

    `bench-<chunks>x<ms>` answers with so many chunks, one every so many milliseconds. A chunk
    counts as late after `late_ms`. It ends after `limit_s`, whatever is still open.
    """

    model: str
    body: Body
    requests: int = 1
    connections: int = 1
    late_ms: float = 50.0
    limit_s: float = 60.0


@dataclass(frozen=True)
class Loader:
    """The load client, and where it keeps its requests."""

    program: Path
    folder: Path

    def run(self, contender: Contender, load: Load) -> tuple[Answers, float]:
        """Run it; return what it saw, and the CPU seconds that the contender took."""
        before = contender.cpu_s()
        seconds = load.limit_s + _SPARE_SECONDS
        with self.started(contender, load) as running:
            try:
                said, _ = running.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                running.kill()
                raise
        return msgspec.json.decode(said, type=Answers), contender.cpu_s() - before

    def started(self, contender: Contender, load: Load) -> subprocess.Popen[bytes]:
        """Start it and do not wait."""
        model = contender.model.format(load.model)
        request = bodies.write(load.body, model, contender.form, self.folder)
        command = [str(self.program), str(contender.port), contender.path, str(request), "-u"]
        command += ["-n", str(load.requests), "-c", str(load.connections), "-e", contender.end]
        command += ["-t", str(load.limit_s), "-l", str(load.late_ms)]
        for header in (*contender.headers, "anthropic-version: 2023-06-01"):
            command += ["-H", header]
        return subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
