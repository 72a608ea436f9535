"""`python -m bench engines`: real engines behind cc-proxy, and the cost of a word."""

import asyncio
import platform
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bench.engines import hugging_face, turns, words
from cc_proxy.tests.upstreams.openai.llama import serving

_RESULTS = Path(__file__).parent / "RESULTS.md"
_NOTES = Path(__file__).parent / "notes.md"
_WINDOW = 65_536
_LLAMA = "llama-server"
_HEAD = (
    "| engine | requests | tokens read | last prompt | read / last | at most"
    " | of a second session's prompt read | at most |"
)


@click.command()
@click.option(
    "--url",
    "urls",
    multiple=True,
    metavar="NAME=URL",
    help="Also a session on this server, which has the model that --write-model writes.",
)
@click.option("--rounds", default=5, show_default=True, help="Rounds of words; 0 for none.")
@click.option("--llama/--no-llama", default=True, help="A session on a llama-server.")
@click.option(
    "--write-model",
    type=click.Path(path_type=Path),
    help="Write the model that plays the session into this folder, for vLLM, and end.",
)
@click.option("--write", is_flag=True, help=f"Write {_RESULTS.name} beside this program.")
def main(
    *, urls: tuple[str, ...], rounds: int, llama: bool, write_model: Path | None, write: bool
) -> None:
    """Play a session of the real Claude Code on real engines, and measure a word."""
    if write_model is not None:
        hugging_face.write(write_model, turns.SCRIPTS)
        return
    with TemporaryDirectory(prefix="engines-") as name:
        text = asyncio.run(_measured(Path(name), urls, rounds, llama=llama))
    if write:
        _RESULTS.write_text(text, encoding="utf-8")
    else:
        click.echo(text)


async def _measured(folder: Path, urls: tuple[str, ...], rounds: int, *, llama: bool) -> str:
    cost = await words.measured(folder, rounds) if rounds else None
    rows: list[tuple[str, turns.Metered]] = []
    if llama:
        async with serving(folder, window=_WINDOW, scripts=turns.SCRIPTS) as url:
            rows.append((_LLAMA, await turns.metered(folder / _LLAMA, url)))
    for number, named in enumerate(urls):
        title, _, url = named.partition("=")
        rows.append((title, await turns.metered(folder / str(number), url)))
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    lines = ["# Real engines behind cc-proxy", "", f"`python -m bench engines`: {machine}.", ""]
    if rows:
        lines += [_HEAD, "|---|--:|--:|--:|--:|--:|--:|--:|"]
        lines += [
            f"| {title} | {one.requests} | {one.read:,} | {one.last:,} | {one.factor:.4f} | 1.02"
            f" | {one.second:.1%} | 25% |"
            for title, one in rows
        ]
    if cost is not None:
        lines += [
            "",
            "| a word, CPU of cc-proxy | microseconds | ratio | at most |",
            "|---|--:|--:|--:|",
            f"| through Ollama's API | {cost.ollama:.1f} | 1 | |",
            f"| through `kind: openai` | {cost.openai:.1f} | {cost.ratio:.2f} | 1.5 |",
        ]
    return "\n".join([*lines, "", _NOTES.read_text(encoding="utf-8").strip(), ""])


if __name__ == "__main__":
    main()
