"""`cc-proxy demo`: the whole chain, shown at work, with no Ollama installed."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cc_proxy.app.cli import common
from cc_proxy.app.cli.claude import version
from cc_proxy.app.cli.models import verdicts
from cc_proxy.app.cli.output.result import ErrorItem, Result, show
from cc_proxy.app.cli.value_types import OneOf, WholeNumberFrom
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.cli.demo_session import DemoUpstream

NAME = "demo"


class DemoError(CcProxyError):
    """The demo cannot begin; `code` says why."""


@common.define(NAME)
@click.option("--claude-bin", metavar="PATH", help="The Claude Code to run.")
@click.option("--built-in-client", is_flag=True, help="Play the session without Claude Code.")
@click.option(
    "--upstream",
    type=OneOf(["practice", "auto"]),
    default="practice",
    show_default=True,
    help="Who answers; auto: your Ollama, if it answers and has a model that can use tools.",
)
@click.option("--instant", is_flag=True, help="Let the practice model take no time.")
@click.option("--serve-only", is_flag=True, help="Only serve the practice model, until Ctrl-C.")
@click.option(
    "--port", type=WholeNumberFrom(0, 65535), default=0, help="Its port, with --serve-only."
)
@click.option(
    "--engine",
    type=OneOf(["rules", "llama"]),
    default="rules",
    show_default=True,
    help="What reads the prompts, with --serve-only; llama: a real llama.cpp (needs xllamacpp).",
)
def command(  # noqa: PLR0913 - the flags
    shared: common.Common,
    *,
    claude_bin: str | None,
    built_in_client: bool,
    upstream: str,
    instant: bool,
    serve_only: bool,
    port: int,
    engine: Literal["rules", "llama"],
) -> Result:
    """Show a session on a practice model, which plays a script: no real model is asked.

    It has a proxy, a folder and a home of its own, and removes them afterwards.

    Example: cc-proxy demo --built-in-client
    """
    if serve_only and shared.json:
        raise click.UsageError(
            "Expected --serve-only or --json, found both: --serve-only never ends, --json prints"
            " one object."
        )
    # Not for `--help`: these bring aiohttp.
    from cc_proxy.app.cli import demo_session  # noqa: PLC0415
    from cc_proxy.app.practice.model.speed import INSTANT, LIFELIKE  # noqa: PLC0415

    speed = INSTANT if instant else LIFELIKE
    if serve_only:
        _run(demo_session.serve(port, speed, _write, engine))
        return Result(NAME)
    program = None if built_in_client else _claude(claude_bin)
    real, warnings = _upstream(shared, program) if upstream == "auto" else (None, ())
    plan = demo_session.DemoPlan(claude=program, upstream=real, speed=speed)
    quietly: list[str] = []
    data = _run(demo_session.play(plan, quietly.append if shared.json else _write))
    return Result(NAME, data=data, lines=tuple(quietly), warnings=warnings)


def _claude(named: str | None) -> str | None:
    found = version.locate(named or "claude")
    if named and found is None:
        raise DemoError(
            f"Expected Claude Code as {named!r}, found no such program.",
            code="claude_not_found",
            hint="Leave --claude-bin out: a client that cc-proxy brings along plays then.",
        )
    # It is started in a folder of its own, from which a relative path leads elsewhere.
    return str(Path(found).absolute()) if found else None


def _upstream(
    shared: common.Common, program: str | None
) -> tuple["DemoUpstream | None", tuple[ErrorItem, ...]]:
    from cc_proxy.app.cli.demo_session import find_upstream  # noqa: PLC0415 - not for `--help`

    loaded = shared.load()
    found, reason = asyncio.run(find_upstream(loaded, verdicts.results(shared)))
    if found is not None and program is None:
        reason = "A real model needs the real Claude Code, and there is no `claude` on the PATH."
    if found is None or program is None:
        return None, (ErrorItem("practice_instead", f"{reason} The practice model answers."),)
    return found, ()


def _write(line: str) -> None:
    show(Result(NAME, lines=(line,)), as_json=False)


def _run(work: Coroutine[Any, Any, dict[str, object]]) -> dict[str, object]:
    try:
        return asyncio.run(work)
    except asyncio.CancelledError as error:
        # SIGTERM ends it as Ctrl-C does: tidied up.
        raise KeyboardInterrupt from error
