"""Which model Claude Code gets when no configuration and no flag says it: the person does."""

import asyncio
import os
from typing import TYPE_CHECKING

import click

from cc_proxy.app.cli.output.amounts import size
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import ErrorItem, Result, note, show
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.cli.common import Common
    from cc_proxy.app.cli.models.survey import Row, Survey
    from cc_proxy.app.config import Loaded

_NAME = "claude"
_USUAL = "qwen3-coder:30b"


def chosen(common: "Common", loaded: "Loaded", *, may_ask: bool) -> str | None:
    """Return the model that is chosen; None where there is nothing to choose.

    That is so with a default in the configuration, and with one able model. With none, one is
    pulled. Without a terminal to ask at, or if `may_ask` is False, of several it is the one that
    the proxy would take: what runs unattended goes on, and stderr says with what.

    Raises:
        UpstreamError: Ollama cannot be asked which models there are.
        PullError: there is none, and the one that was chosen cannot be had.

    """
    from cc_proxy.app.config import resolve_model  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.config.aliases import ANY_CLAUDE  # noqa: PLC0415 - as above

    if resolve_model(loaded.settings.aliases, ANY_CLAUDE) is not None:
        return None
    from cc_proxy.app.cli.models import survey  # noqa: PLC0415 - it brings aiohttp

    with waiting("Asking Ollama about its models"):
        found = asyncio.run(survey.survey(loaded.settings))
    able = [
        row
        for row in found.rows
        if row.pulled.is_local and row.target and row.target.model.can("tools")
    ]
    may_ask = may_ask and common.may_ask()
    if not able and may_ask:
        return _pulled(loaded)
    if len(able) < 2:  # noqa: PLR2004 - a choice is between two
        return None
    if not may_ask:
        return _taken(found, able)
    name = _asked(found, able)
    if click.confirm("Use it from now on?", default=False, err=True):
        _remember(common, name)
    return name


def _pulled(loaded: "Loaded") -> str:
    from cc_proxy.app.cli.models import pull  # noqa: PLC0415 - see common.Common

    note("Ollama has no model that can use tools. It can pull one, which takes a while.")
    note("Which one fits your machine: https://ollama.com/search?c=tools (Ctrl-C: none)")
    name: str = click.prompt("Pull", default=_USUAL, err=True)
    pull.pull(loaded.settings, name)
    return name


def _taken(found: "Survey", able: list["Row"]) -> str:
    name = next((row.name for row in able if found.is_default(row)), able[0].name)
    others = ", ".join(row.name for row in able if row.name != name)
    note(
        f"No model is configured, so Claude Code gets {name}; there is also {others}."
        " To have another one: --model NAME, or aliases.default in the configuration"
    )
    return name


def _asked(found: "Survey", able: list["Row"]) -> str:
    note("Which model is Claude Code to work with?")
    width = max(len(row.name) for row in found.rows)
    numbers = {row.name: number for number, row in enumerate(able, 1)}
    for row in found.rows:
        number = numbers.get(row.name, "")
        window = f"{row.target.window:>9,} tokens" if row.target else f"{'?':>9}"
        unable = "" if row.name in numbers else "   cannot use tools"
        note(f"  {number:>2}  {row.name:{width}}  {size(row.pulled.size):>9}  {window}{unable}")
    default = next((numbers[row.name] for row in able if found.is_default(row)), 1)
    number = click.prompt(
        "Number", type=click.IntRange(1, len(able)), default=default, show_default=True, err=True
    )
    return able[number - 1].name


def _remember(common: "Common", model: str) -> None:
    from cc_proxy.app.cli.config import edit  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.config import places  # noqa: PLC0415 - as above

    sources = places.sources(common.config, os.environ)
    path = places.file_to_write(sources)
    try:
        edit.set_default(path, model)
    except CcProxyError as error:  # the choice holds for this session all the same
        show(Result(_NAME, warnings=(ErrorItem.of(error),)), as_json=False)
        return
    note(f"{model} is aliases.default in {path} now.")
