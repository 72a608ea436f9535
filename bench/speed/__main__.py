"""`python -m bench` (or `bench speed`): measure, and write the figures down."""

import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bench.speed import contenders, install
from bench.speed.load import Loader
from bench.speed.phases import PHASES, Bench
from bench.speed.processes import DidNotStartError
from bench.speed.report import markdown
from bench.speed.sheet import Sheet

_RESULTS = Path(__file__).parents[1] / "RESULTS.md"
_FIGURE = Path(__file__).parent / "figure.png"
_STAT = Path("/proc/stat")
_QUIET = 0.1
_QUIET_SECONDS = 600
_LOOK_SECONDS = 4


@click.command()
@click.option("--peer", "peers", multiple=True, type=click.Choice(contenders.PEERS))
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 50))
@click.option("--phase", "phases", multiple=True, type=click.Choice(list(PHASES)))
@click.option("--wait/--no-wait", default=True, help="Wait until the machine has nothing to do.")
@click.option("--soak", default=0, help="Also: memory over this many requests.")
@click.option("--write", is_flag=True, help="Write bench/RESULTS.md and the figure.")
def main(  # noqa: PLR0913 - the flags
    *,
    peers: tuple[str, ...],
    rounds: int,
    phases: tuple[str, ...],
    wait: bool,
    soak: int,
    write: bool,
) -> None:
    """Measure what cc-proxy costs, in ratios to a relay that only copies bytes."""
    # What was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with TemporaryDirectory(prefix="speed-") as name:
        folder = Path(name)
        try:
            direct = contenders.stand_in(folder)
            others = contenders.all_of(direct.port, folder, peers)
            loader = Loader(install.native("loadgen"), folder)
        except install.InstallError as error:
            raise click.ClickException(str(error)) from error
        if wait:
            _wait_until_quiet()
        bench = Bench(direct, others, loader, Sheet(), rounds, soak)
        before = _busy_share()
        try:
            direct.restart()
            chosen = phases or tuple(name for name in PHASES if name not in {"soak", "knee"})
            bench.run((*chosen, "soak") if soak else chosen)
        except DidNotStartError as error:
            raise click.ClickException(str(error)) from error
        finally:
            bench.stop()
    text = markdown(bench, " ".join(sys.argv[1:]), before, pictured=write)
    if write:
        # Imported late: nothing else here needs it.
        from bench.speed.figure import draw  # noqa: PLC0415

        draw(bench, _FIGURE)
        _RESULTS.write_text(text, encoding="utf-8")
    else:
        click.echo(text)


def _wait_until_quiet() -> None:
    # Not the load average: it tells of the last minute, also when that is over.
    began = time.monotonic()
    while (busy := _busy_share()) >= _QUIET:
        if time.monotonic() - began > _QUIET_SECONDS:
            raise click.ClickException(
                f"Expected less than {_QUIET:.0%} of the processors busy, found {busy:.0%}:"
                " something else is running. Stop it, or give --no-wait."
            )


def _busy_share() -> float:
    idle, whole = _ticks()
    time.sleep(_LOOK_SECONDS)
    idle_after, whole_after = _ticks()
    return 1 - (idle_after - idle) / (whole_after - whole)


def _ticks() -> tuple[int, int]:
    """Return the idle time of all processors since the machine started, and all of it."""
    ticks = [int(field) for field in _STAT.read_text().splitlines()[0].split()[1:]]
    return ticks[3] + ticks[4], sum(ticks)


if __name__ == "__main__":
    main(prog_name="python -m bench speed")
