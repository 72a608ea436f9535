"""The figures as a page: a table, and what they say about the targets."""

import os
import platform
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.speed.contenders import DIRECT, OURS, RELAY
from bench.speed.phases import (
    KNEE_LATE_MS,
    KNEE_MS,
    KNEE_STREAMS,
    LENGTHS,
    MANY_STREAMS,
    PACED_CHUNKS,
    PACED_MS,
    SIZES_MB,
    STREAMS,
)
from bench.speed.phases import Bench as Measured
from bench.speed.sheet import Sheet
from bench.speed.targets import verdicts

_NOTES = Path(__file__).parent / "notes.md"
_MEMORY = Path("/proc/meminfo")
_CPU = Path("/proc/cpuinfo")

Figure = Callable[[Sheet, str], float | None]

_ABOUT = (
    "Measured by `python -m bench`: an upstream that answers at once, a load client, and"
    " between them, in turn, the *relay* (aiohttp, copies bytes, does nothing else: the floor),"
    " cc-proxy as it is installed, with everything on, and peers. All on 127.0.0.1. Figures are"
    " medians over the rounds; in brackets, how many times the relay's. CPU is user and system"
    " time of the process tree."
)
_READING = (
    "A request is the next turn of a conversation: its end is new, and what was before it was"
    " sent before. *Of a session that is new*: it differs from the first line on. A paced stream"
    f" has {PACED_CHUNKS} chunks, and all streams begin together. What is added is above the same"
    " conversation sent straight to the upstream in its own form."
)
_NO_SUCH = "-"


@dataclass(frozen=True)
class Row:
    """A line of the table; `figure` works it out for one contender."""

    title: str
    figure: Figure
    form: str = ".2f"
    ratio: bool = True


def median(what: str) -> Figure:
    """Return a figure: the median of what was measured."""
    return lambda sheet, name: sheet.median(name, what)


def added(what: str) -> Figure:
    """Return a figure: how much more than without anything in between."""
    return lambda sheet, name: sheet.above(name, DIRECT, what)


def _rows() -> list[Row]:
    rows = [
        Row("added time to first token, 100 KB, ms", added("ttft_small")),
        Row("… of a session that is new", added("ttft_small_new")),
        Row("added time to first token, 2 MB, ms", added("ttft_large")),
        Row("… of a session that is new", added("ttft_large_new")),
        Row("CPU per request, 100 KB, ms", median("cpu_small")),
        Row("… of a session that is new", median("cpu_small_new")),
        Row("CPU per request, 2 MB, ms", median("cpu_large")),
        Row("… of a session that is new", median("cpu_large_new")),
        Row("CPU per 1,000 chunks, one fast stream, s", median("stream_cpu"), ".4f"),
        Row("chunks a second, one fast stream", median("stream_rate"), ",.0f", ratio=False),
    ]
    paced = [(STREAMS, PACED_MS, 50), (MANY_STREAMS, PACED_MS, 250)]
    paced += [(streams, KNEE_MS, KNEE_LATE_MS) for streams in KNEE_STREAMS]
    for streams, pace, late in paced:
        what = f"{streams} streams at {pace} ms"
        rows += [
            Row(f"{what}: CPU, s", median(f"paced{streams}_cpu")),
            Row(f"{what}: p99 late, ms", median(f"paced{streams}_p99"), ".1f"),
            Row(f"{what}: latest chunk of all rounds, ms", _latest(streams), ".1f", ratio=False),
            Row(f"{what}: chunks later than {late} ms", _late(streams), ".2%", ratio=False),
        ]
    rows += [
        Row("time to first token, 100 KB, top closed, ms", median("closed_ttft"), ratio=False),
        Row("… top and ui open", median("open_ttft"), ratio=False),
        Row(
            f"{STREAMS} streams at {PACED_MS} ms, top closed: CPU, s",
            median("closed_cpu_streams"),
            ratio=False,
        ),
        Row("… top and ui open", median("open_cpu_streams"), ratio=False),
        Row("memory after start, MB", median("rss_start"), ".1f"),
        Row("memory after load, MB", median("rss_load"), ".1f"),
        Row("memory for each idle stream, KB", median("idle_plain_kb"), ".1f"),
        Row("… whose request has 100 KB", median("idle_small_kb"), ".1f"),
        Row("start, s", median("start_s")),
        Row("start, CPU s", median("start_cpu_s")),
        Row("`--help`, s", median("help_s"), ratio=False),
        Row("installed, MB", median("installed_mb"), ".1f", ratio=False),
        Row("… without byte code", median("installed_bare_mb"), ".1f", ratio=False),
        Row("… and with what reads PDFs", median("installed_extras_mb"), ".1f", ratio=False),
        Row(
            "soak: memory grown since a tenth of it, MB", median("soak_growth"), ".1f", ratio=False
        ),
        Row("… since half of it", median("soak_late_growth"), ".1f", ratio=False),
        Row("packages", median("packages"), ".0f", ratio=False),
        Row("requests that failed", _failed, ".0f", ratio=False),
    ]
    return rows


def _failed(sheet: Sheet, name: str) -> float | None:
    return sheet.total(name, "errors")


def _latest(streams: int) -> Figure:
    return lambda sheet, name: sheet.most(name, f"paced{streams}_max")


def _late(streams: int) -> Figure:
    one, other = f"paced{streams}_late", f"paced{streams}_chunks"
    return lambda sheet, name: sheet.share(name, one, other)


def markdown(
    measured: Measured, arguments: str, busy_before: float, *, pictured: bool = False
) -> str:
    """Return the page."""
    sheet, names = measured.sheet, [contender.name for contender in measured.others]
    rows = [[row.title, *(_cell(row, sheet, name) for name in names)] for row in _rows()]
    notes = _NOTES.read_text(encoding="utf-8") if _NOTES.exists() else ""
    return "\n".join(
        [
            "# What the proxy costs",
            "",
            _ABOUT,
            "",
            *_setting(measured, arguments, busy_before),
            "",
            *_table(["", *names], rows),
            *(["![times the relay's](speed/figure.png)", ""] if pictured else []),
            _READING,
            "",
            "## Targets",
            "",
            *_table(["target", "measured", ""], verdicts(sheet)),
            "## By size and by length",
            "",
            "The cost of a request by its size: CPU, and added time to the first token.",
            "",
            *_table(["", "CPU ms", "… a MB", "added ms", "relay: CPU ms"], _by_size(sheet)),
            *_table(["", "CPU ms", "… 100", "added ms", "relay: CPU ms"], _by_length(sheet)),
            notes,
        ]
    )


def _setting(measured: Measured, arguments: str, busy_before: float) -> list[str]:
    versions = [
        f"{contender.name} {contender.installed.version}"
        for contender in measured.others
        if contender.installed
    ]
    packages = ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "msgspec"))
    command = f"python -m bench {arguments}".strip()
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    machine = f"{_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB"
    return [
        f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, `{command}`, {measured.rounds} rounds",
        f"- {', '.join(versions)}; {packages}; Python {platform.python_version()}; {_commit()}",
        f"- {system}, {machine}; {busy_before:.0%} busy before",
    ]


def _cell(row: Row, sheet: Sheet, name: str) -> str:
    value = row.figure(sheet, name)
    if value is None:
        return _NO_SUCH
    shown = format(value, row.form)
    base = row.figure(sheet, RELAY)
    if not row.ratio or name == RELAY or not base or base < 0:
        return shown
    return f"{shown} ({value / base:.2f}x)"


def _by_size(sheet: Sheet) -> Iterable[list[str]]:
    return (_scaled(sheet, f"mb{size}", f"{size} MB", size) for size in SIZES_MB)


def _by_length(sheet: Sheet) -> Iterable[list[str]]:
    return (_scaled(sheet, f"messages{n}", f"{n:,} messages", n / 100) for n in LENGTHS)


def _scaled(sheet: Sheet, key: str, title: str, units: float) -> list[str]:
    cpu = sheet.median(OURS, f"cpu_{key}")
    each = None if cpu is None else cpu / units
    shown = (
        cpu,
        each,
        sheet.above(OURS, DIRECT, f"ttft_{key}"),
        sheet.median(RELAY, f"cpu_{key}"),
    )
    return [title, *(_NO_SUCH if value is None else f"{value:.2f}" for value in shown)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def _commit() -> str:
    folder = Path(__file__).parent
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - the git on PATH
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
    )
    return f"commit {done.stdout.strip()}" if done.returncode == 0 else "no commit"


def _processor() -> str:
    lines = _CPU.read_text().splitlines() if _CPU.exists() else []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, "unnamed processor")


def _memory_gb() -> float:
    return int(_MEMORY.read_text().split()[1]) * 1024 / 1e9
