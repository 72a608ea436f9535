"""`python -m bench.soak`: let cc-proxy work for long, and see what is left."""

import asyncio
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bench.soak import phases
from bench.soak.phases import Report
from bench.soak.subject import Subject
from cc_proxy.tests.faults import storm
from cc_proxy.tests.faults.upstream import RawUpstream

_RESULTS = Path(__file__).parent / "RESULTS.md"
_ROOT = Path(__file__).parents[2]
_NAMES = ("streams", "requests", "slow", "faults")
_SILENCE_SECONDS = 2.0
_LONG_SILENCE_SECONDS = 300.0

Phase = Callable[[Subject, RawUpstream], Awaitable[Report]]


@click.command()
@click.option("--phase", "names", multiple=True, type=click.Choice(_NAMES))
@click.option("--streams", default=1_000, show_default=True, type=click.IntRange(1))
@click.option("--requests", default=100_000, show_default=True, type=click.IntRange(1_000))
@click.option("--minutes", default=10.0, show_default=True, type=click.FloatRange(0.1))
@click.option("--seed", default=6, show_default=True, help="Of the storm of faults.")
@click.option("--write", is_flag=True, help=f"Write {_RESULTS.name} beside this program.")
def main(  # noqa: PLR0913 - one for each option
    *,
    names: tuple[str, ...],
    streams: int,
    requests: int,
    minutes: float,
    seed: int,
    write: bool,
) -> None:
    """Soak cc-proxy; the exit code is 1 if something did not hold."""
    _allow_files(2 * streams + 200)

    async def storms(subject: Subject, upstream: RawUpstream) -> Report:
        upstream.play = storm.playing()
        return await phases.faults(subject, upstream, storm.Storm(subject.port, seed), minutes)

    todo: dict[str, Phase] = {
        "streams": partial(phases.streams, count=streams),
        "requests": partial(phases.requests, count=requests),
        "slow": phases.slow_readers,
        "faults": storms,
    }
    reports = []
    with TemporaryDirectory(prefix="soak-") as folder:
        for name in names or _NAMES:
            silence = _SILENCE_SECONDS if name == "faults" else _LONG_SILENCE_SECONDS
            report = asyncio.run(_run(todo[name], Path(folder) / name, silence))
            reports.append(report)
            click.echo(_shown(report))
    if write:
        _RESULTS.write_text(_heading() + "\n".join(map(_shown, reports)), encoding="utf-8")
    sys.exit(any(report.broken for report in reports))


async def _run(phase: Phase, folder: Path, silence_seconds: float) -> Report:
    async with RawUpstream() as upstream:
        subject = Subject(upstream.port, folder, silence_seconds)
        subject.start()
        try:
            report = await phase(subject, upstream)
            await phases.nothing_left(report, subject, upstream)
        finally:
            subject.stop()
    return report


def _allow_files(wanted: int) -> None:
    """Let this program, the clients and the upstream in one, open so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise click.ClickException(
            f"{wanted} open files are needed, and {hard} are allowed: raise the hard limit"
            f" (`ulimit -Hn {wanted}` as root), or ask for fewer --streams."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _shown(report: Report) -> str:
    rows = [f"| {name} | {value} |" for name, value in report.figures.items()]
    held = [f"- **did not hold:** {what}" for what in report.broken] or ["Everything held."]
    return "\n".join([f"## {report.name}", "", "| | |", "|---|--:|", *rows, "", *held, ""])


def _heading() -> str:
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    command = "python -m bench.soak " + " ".join(sys.argv[1:])
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - the git of whoever runs this
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
    ).stdout.strip()
    return (
        "# What is left after a long day\n\n"
        f"Measured by `{command.strip()}`: cc-proxy as a process of its own, and in another one the"
        " clients and the upstream, on 127.0.0.1. Memory is the resident memory of cc-proxy; MB are"
        " 10^6 bytes.\n\n"
        f"- {when}, commit {commit}, Python {platform.python_version()},"
        f" {platform.system()} {platform.machine()}, {os.cpu_count()} cores\n\n"
    )


if __name__ == "__main__":
    main()
