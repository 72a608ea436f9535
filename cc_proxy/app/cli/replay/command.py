"""`cc-proxy replay`."""

from pathlib import Path

import click

from cc_proxy.app.cli.common import Common, define, model_names
from cc_proxy.app.cli.output.result import FAILED, ErrorItem, Result, note
from cc_proxy.app.cli.replay.asking import ask, refusal
from cc_proxy.app.cli.replay.capture_file import exchanges
from cc_proxy.app.cli.replay.comparison import captured_side, replayed_side, row, table
from cc_proxy.app.cli.top.source import connect
from cc_proxy.app.cli.value_types import NumberFrom

NAME = "replay"


@define(NAME)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--model",
    required=True,
    metavar="NAME",
    shell_complete=model_names,
    help="The model to ask; a name or an alias.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Ask only the first N requests.")
@click.option(
    "--timeout-seconds",
    type=NumberFrom(1, 86_400),
    default=900.0,
    show_default=True,
    help="The longest wait for an answer.",
)
def command(
    common: Common, *, file: Path, model: str, limit: int | None, timeout_seconds: float
) -> Result:
    """Send the requests of a capture to another model, and compare the two.

    Each request of FILE is asked as it was, one after the other; the answers change nothing on
    your machine, since no tool is run. The table shows calls, tokens and speeds of both models.

    Example: cc-proxy replay capture.jsonl --model qwen3:4b
    """
    known = exchanges(file)[:limit]
    if not known:
        text = f"Expected requests with their answers in {file}, found none."
        item = ErrorItem("capture_empty", text, "Capture a session: cc-proxy capture start")
        return Result(NAME, errors=(item,), exit_code=FAILED)
    source, _ = connect(common)
    state, found = source.state, []
    if refused := refusal(state.host, state.port, source.key, model):
        item = ErrorItem("model_unusable", refused, "cc-proxy models shows the names.")
        return Result(NAME, errors=(item,), exit_code=FAILED)
    for number, one in enumerate(known, 1):
        note(f"{number} of {len(known)}: {one.request.id}")
        found.append(
            ask(
                state.host,
                state.port,
                source.key,
                one,
                model=model,
                timeout_seconds=timeout_seconds,
            )
        )
    sides = captured_side(known), replayed_side(model, known, found)
    data = {
        "file": str(file),
        "requests": [row(*pair) for pair in zip(known, found, strict=True)],
        "captured": sides[0],
        "replayed": sides[1],
    }
    errors = [one.error for one in found if one.error]
    lines = tuple(table(*sides))
    failed = tuple(
        ErrorItem("request_failed", f"{len(errors)} of {len(found)} failed; the first: {first}")
        for first in errors[:1]
    )
    if len(errors) == len(found):
        return Result(NAME, data, lines, errors=failed, exit_code=FAILED)
    return Result(NAME, data, lines, warnings=failed)
