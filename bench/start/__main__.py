"""`python -m bench.start`: the time of `--help` and of a start, as ratios to `python -c pass`."""

import functools
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bench.speed import install

_RESULTS = Path(__file__).parent / "RESULTS.md"
_BASE = "python -c pass"
# Beside them, what a server cannot do without, and what this one is made of: the least that a
# start can come to.
_FLOORS = {
    "python -c 'import asyncio'": "import asyncio",
    "python -c 'import aiohttp.web'": "import aiohttp.web",
}
# What was promised, as ratios to the base.
_TARGETS = {"cc-proxy --help": 4.0, "cc-proxy --version": 4.0, "cc-proxy start": 12.0}


@click.command()
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(3, 500))
@click.option("--write", is_flag=True, help=f"Write {_RESULTS.name} beside this program.")
def main(*, rounds: int, write: bool) -> None:
    """Measure an installed cc-proxy, each thing in its turn, round after round."""
    try:
        installed = install.cc_proxy()
    except install.InstallError as error:
        raise click.ClickException(str(error)) from error
    with TemporaryDirectory(prefix="start-") as home:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "CC_PROXY_PORT": "0",
            # Nobody listens there, and that is known at once.
            "OLLAMA_BASE_URL": "http://127.0.0.1:9",
        }
        command = installed.command
        things: dict[str, Callable[[], float]] = {
            _BASE: lambda: _seconds([str(installed.python), "-c", "pass"], environ),
            **{
                name: functools.partial(_seconds, [str(installed.python), "-c", code], environ)
                for name, code in _FLOORS.items()
            },
            "cc-proxy --help": lambda: _seconds([*command, "--help"], environ),
            "cc-proxy --version": lambda: _seconds([*command, "--version"], environ),
            "cc-proxy start": lambda: _start_seconds(command, environ),
        }
        taken: dict[str, list[float]] = {name: [] for name in things}
        # The first round writes bytecode, and is not counted.
        for number in range(rounds + 1):
            for name, measure in things.items():
                seconds = measure()
                if number:
                    taken[name].append(seconds)
    text = _markdown(taken, installed.version)
    if write:
        _RESULTS.write_text(text, encoding="utf-8")
    else:
        click.echo(text)


def _seconds(command: list[str], environ: Mapping[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=dict(environ), stdout=subprocess.PIPE, check=True)  # noqa: S603
    return time.perf_counter() - began


def _start_seconds(command: tuple[str, ...], environ: Mapping[str, str]) -> float:
    """Return the time of `start`, which ends once the new process has answered `/health`."""
    began = time.perf_counter()
    started = subprocess.run(  # noqa: S603 - our own program
        [*command, "start", "--json"], env=dict(environ), capture_output=True, check=True
    )
    seconds = time.perf_counter() - began
    if json.loads(started.stdout)["data"]["already_running"]:
        raise click.ClickException("Expected a new process, found one that ran already.")
    subprocess.run(  # noqa: S603 - as above
        [*command, "stop"], env=dict(environ), capture_output=True, check=True
    )
    return seconds


def _markdown(taken: Mapping[str, list[float]], version: str) -> str:
    base = statistics.median(taken[_BASE])
    quickest = min(taken[_BASE])
    about = (
        f"`python -m bench.start`: cc-proxy {version} as pip installs it, {platform.system()}"
        f" {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" {len(taken[_BASE])} rounds. `start` ends when the new process has answered `/health`."
    )
    lines = [
        "# What it takes to begin",
        "",
        about,
        "",
        "| | median | quickest | ratio of medians | ratio of quickest | at most |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, seconds in taken.items():
        median, least = statistics.median(seconds), min(seconds)
        target = f"{_TARGETS[name]:g}" if name in _TARGETS else ""
        lines.append(
            f"| `{name}` | {median * 1000:.0f} ms | {least * 1000:.0f} ms | {median / base:.1f}"
            f" | {least / quickest:.1f} | {target} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
