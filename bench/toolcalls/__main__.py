"""`python -m bench.toolcalls`: the calls that get through, and the texts that are left alone."""

import platform
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

from bench.toolcalls import cases
from bench.toolcalls import engine as llama
from bench.toolcalls.cases import Case, Tools
from bench.toolcalls.judge import Verdict, judge
from cc_proxy.app.chat.call_formats import KNOWN_FORMATS

_RESULTS = Path(__file__).parent / "RESULTS.md"
_NOTES = Path(__file__).parent / "notes.md"
_COLUMNS = ("exact", "missed", "wrong", "litter", "kept", "executed", "bent")
_CORPORA: dict[str, tuple[Callable[[], list[Case]], Callable[[], Tools]]] = {
    "sample": (cases.sample, cases.tools),
    "fresh": (cases.fresh, cases.tools),
    "heldout": (cases.heldout, cases.tools),
    "heldout2": (cases.second, cases.tools),
    "own": (cases.own, cases.own_tools),
}


@click.command()
@click.option("--failures", is_flag=True, help="List the cases that are not as wanted.")
@click.option("--tier", default="", help="Only this tier: main, wish, look or maimed.")
@click.option("--half", type=click.IntRange(0, 1), help="Only this half, in the list of failures.")
@click.option("--write", is_flag=True, help=f"Write {_RESULTS.name} beside this program.")
@click.option(
    "--engine", is_flag=True, help="Rows of the sample with a real llama.cpp too; takes minutes."
)
@click.argument("corpora", nargs=-1, type=click.Choice([*_CORPORA]))
def main(  # noqa: PLR0913 - the options
    *,
    failures: bool,
    tier: str,
    half: int | None,
    write: bool,
    engine: bool,
    corpora: tuple[str, ...],
) -> None:
    """Judge the sample of fresh outputs, the cases written after it, and the own corpus."""
    lines = [
        "| corpus | tier | half | cases | " + " | ".join(_COLUMNS) + " | as wanted |",
        "|---|---|---|--:|" + "--:|" * len(_COLUMNS) + "--:|",
    ]
    for corpus in corpora or tuple(_CORPORA):
        load, load_tools = _CORPORA[corpus]
        tools = load_tools()
        chosen = [case for case in load() if tier in {"", case.tier}]
        for label, formats in ((corpus, frozenset()), (f"{corpus}, own marks", KNOWN_FORMATS)):
            judged = [(case, judge(case, tools, formats)) for case in chosen]
            lines += _rows(label, judged)
            if failures:
                _list(judged, half)
        if engine and corpus == "sample":
            part = [case for case in chosen if llama.takes_part(case)]
            part = [case for case in part if case.tier in {"main", "look"}]
            judged = list(llama.verdicts(part, tools))
            lines += _rows(f"{corpus}, llama.cpp", judged)
            if failures:
                _list(judged, half)
    table = "\n".join(lines)
    click.echo(table)
    if write:
        head = f"# Tool calls\n\n`python -m bench toolcalls`, Python {platform.python_version()}.\n"
        _RESULTS.write_text(f"{head}\n{table}\n\n{_NOTES.read_text('utf-8')}", "utf-8")


def _rows(corpus: str, judged: list[tuple[Case, Verdict]]) -> list[str]:
    rows = []
    for tier in dict.fromkeys(case.tier for case, _ in judged):
        for half in (0, 1):
            outcomes = [v.outcome for case, v in judged if case.tier == tier and case.half == half]
            if not outcomes:
                continue
            counts = Counter(outcomes)
            good = {"look": ("kept",), "maimed": ("kept", "exact")}.get(tier, ("exact",))
            said = len(outcomes) - counts["bent"]
            wanted = 100 * sum(counts[outcome] for outcome in good) / max(said, 1)
            figures = " | ".join(str(counts[name] or "") for name in _COLUMNS)
            rows.append(
                f"| {corpus} | {tier} | {half} | {len(outcomes)} | {figures} | {wanted:.1f} % |"
            )
    return rows


def _list(judged: list[tuple[Case, Verdict]], half: int | None) -> None:
    good = {"look": {"kept"}, "maimed": {"kept", "exact"}}
    for case, verdict in judged:
        fine = verdict.outcome in good.get(case.tier, {"exact"})
        if not fine and half in {None, case.half}:
            click.echo(f"--- {case.tier} {verdict.outcome} (half {case.half}): {case.name}")
            click.echo(case.text or str(case.native))
            click.echo(f"=> {verdict.seen}\n")


if __name__ == "__main__":
    main()
