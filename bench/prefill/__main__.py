"""`python -m bench.prefill`: play the sessions and write down what they made the model read."""

import asyncio
from dataclasses import replace
from pathlib import Path

import click

from bench.prefill.cases import CASES, Case, Measured
from bench.prefill.report import Row, markdown
from bench.prefill.rows import compared
from bench.prefill.stage import Setting, stage

_RESULTS = Path(__file__).parent / "RESULTS.md"


@click.command()
@click.option("--case", "names", multiple=True, help="Only this case; may be repeated.")
@click.option("--row", "row_names", multiple=True, help="Only this row of the first table.")
@click.option("--client", type=click.Choice(["current", "older"]), help="Only this Claude Code.")
@click.option("--naive/--no-naive", default=True, help="Without the protections as well.")
@click.option("--breaks", is_flag=True, help="Show where prefixes broke.")
@click.option("--write", is_flag=True, help=f"Write {_RESULTS.name} beside this program.")
@click.option(
    "--keep",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder for the bodies that Claude Code sends (of naive runs).",
)
def main(  # noqa: PLR0913 - the flags
    *,
    names: tuple[str, ...],
    row_names: tuple[str, ...],
    client: str | None,
    naive: bool,
    breaks: bool,
    write: bool,
    keep: Path | None,
) -> None:
    """Play real Claude Code sessions and measure what they make a model read again."""
    rows = []
    steps = []
    if not names:
        steps = asyncio.run(compared(client or "current", row_names))
    for case in () if row_names else CASES:
        for setting in case.settings:
            if (names and case.name not in names) or client not in (None, setting.client):
                continue
            click.echo(f"{case.name}, {setting.client}, {setting.model}", err=True)
            played = asyncio.run(_played(case, setting, naive=naive, keep=keep))
            if breaks:
                _show_breaks(played)
            rows += played
    text = markdown(rows, steps)
    if write:
        _RESULTS.write_text(text, encoding="utf-8")
    else:
        click.echo(text)


async def _played(case: Case, setting: Setting, *, naive: bool, keep: Path | None) -> list[Row]:
    measured = await _measured(case, setting, None)
    # A profile is a protection of its own; and nothing but cc-proxy has a process to restart.
    if not naive or setting.profile != "full" or case.name == "restart":
        return [Row(case.name, setting, one, None) for one in measured]
    others = await _measured(case, replace(setting, protected=False), keep)
    return [
        Row(case.name, setting, one, other) for one, other in zip(measured, others, strict=True)
    ]


async def _measured(case: Case, setting: Setting, keep: Path | None) -> list[Measured]:
    async with stage(setting, keep) as made:
        return await case.play(made)


def _show_breaks(rows: list[Row]) -> None:
    for row in rows:
        for broken in row.measured.breaks:
            click.echo(
                f"  {row.measured.what}, request {broken.number}: byte {broken.place} of"
                f" {broken.known} known\n    was {broken.before!r}\n    now {broken.now!r}"
            )


if __name__ == "__main__":
    main()
