"""`cc-proxy models`: what is there to answer, and how well it suits Claude Code."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cc_proxy.app.cli import models_pull, report
from cc_proxy.app.cli.amounts import size
from cc_proxy.app.cli.common import Common, define_group
from cc_proxy.app.cli.result import ErrorItem, Result

if TYPE_CHECKING:
    from cc_proxy.app.cli.json_data import Model
    from cc_proxy.app.cli.model_survey import Row, Survey
    from cc_proxy.app.config import Loaded
    from cc_proxy.app.ollama.models import LoadedModel

_NAME = "models"
# Claude Code starts with 12,000 to 25,000 tokens and compacts 33,000 below its window.
_SMALL_WINDOW = 65_536
_HEADER = ("", "MODEL", "SIZE", "WINDOW", "CAN", "IN MEMORY")


@define_group(_NAME, models_pull.command)
def command(common: Common) -> Result:
    """Show the models: what they can do, their windows, and what the aliases point to.

    Asks Ollama itself, so it does not matter whether the proxy runs.

    Example: cc-proxy models --json
    """
    from cc_proxy.app.cli.progress import waiting  # noqa: PLC0415 - see common.Common

    loaded = common.load()
    with waiting("Asking Ollama about its models"):
        found = asyncio.run(_survey(loaded))
    return Result(
        _NAME,
        {
            "upstream": {"url": found.url, "version": found.version},
            "default_model": found.default,
            "aliases": [vars(alias) for alias in found.aliases],
            "models": [_data(found, row) for row in found.rows],
        },
        tuple(_lines(found)),
        warnings=(*_warnings(found), *report.other_settings(common, loaded)),
    )


async def _survey(loaded: "Loaded") -> "Survey":
    from cc_proxy.app.cli import model_survey  # noqa: PLC0415 - it brings aiohttp

    async with model_survey.client(loaded.settings) as ollama:
        return await model_survey.survey(loaded.settings, ollama)


def _data(found: "Survey", row: "Row") -> "Model":
    target, loaded = row.target, row.loaded
    return {
        "name": row.name,
        "size_bytes": row.pulled.size,
        "capabilities": sorted(target.model.capabilities) if target else None,
        "context_window": target.window if target else None,
        "max_context_window": target.model.max_context if target else None,
        "is_default": found.is_default(row),
        "loaded": None
        if loaded is None
        else {
            "context_window": loaded.context_length,
            "size_bytes": loaded.size,
            "vram_bytes": loaded.size_vram,
            "cpu_bytes": max(loaded.size - loaded.size_vram, 0),
        },
        "trouble": row.trouble,
    }


def _lines(found: "Survey") -> Iterator[str]:
    yield f"Ollama {found.version} at {found.url}"
    yield ""
    if found.rows:
        yield from _table([_HEADER, *(_cells(found, row) for row in found.rows)])
    else:
        yield "No model is pulled."
    if found.default is not None:
        yield ""
        yield f"* answers for every Claude model without an alias of its own: {found.default}"
    if found.aliases:
        yield ""
        yield "Aliases"
        width = max(len(alias.name) for alias in found.aliases)
        for alias in found.aliases:
            note = "" if alias.pulled else "  (not pulled)"
            yield f"  {alias.name:{width}}  ->  {alias.model}{note}"


def _cells(found: "Survey", row: "Row") -> tuple[str, ...]:
    target = row.target
    mark = "*" if found.is_default(row) else ""
    if target is None:
        return mark, row.name, size(row.pulled.size), "?", "?", _memory(row.loaded)
    most = target.model.max_context
    window = f"{target.window:,}"
    if most is not None and most != target.window:
        window += f" of {most:,}"
    able = ", ".join(sorted(target.model.capabilities - {"completion"})) or "text"
    return mark, row.name, size(row.pulled.size), window, able, _memory(row.loaded)


def _memory(loaded: "LoadedModel | None") -> str:
    if loaded is None:
        return "no"
    if loaded.size_vram <= 0:
        return f"{size(loaded.size)}, CPU"
    if loaded.size_vram >= loaded.size:
        return f"{size(loaded.size)}, GPU"
    spilled = loaded.size - loaded.size_vram
    return f"{size(loaded.size_vram)} GPU + {size(spilled)} CPU"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _warnings(found: "Survey") -> Iterator[ErrorItem]:
    if found.trouble is not None:
        yield ErrorItem("no_default_model", found.trouble, "cc-proxy models pull qwen3-coder:30b")
    for model in dict.fromkeys(alias.model for alias in found.aliases if not alias.pulled):
        yield ErrorItem(
            "alias_not_pulled",
            f"An alias points to {model}, which is not pulled.",
            f"cc-proxy models pull {model}",
        )
    for row in found.rows:
        if row.trouble is not None:
            text = f"{row.name} cannot be asked what it can do: {row.trouble}"
            yield ErrorItem("model_unusable", text, f"cc-proxy models pull {row.name}")
    yield from _no_tools(
        row for row in found.rows if row.target and not row.target.model.can("tools")
    )
    yield from _small(row for row in found.rows if row.target and row.target.model.can("tools"))
    yield from _other_windows(found.rows)


def _no_tools(rows: Iterable["Row"]) -> Iterator[ErrorItem]:
    if names := ", ".join(row.name for row in rows):
        yield ErrorItem(
            "no_tools",
            f"Claude Code works with tools, and these models have none: {names}.",
            "Use one that has `tools` in the column CAN.",
        )


def _small(rows: Iterable["Row"]) -> Iterator[ErrorItem]:
    for row in rows:
        if row.target is None or row.target.window >= _SMALL_WINDOW:
            continue
        window, most = row.target.window, row.target.model.max_context
        text = f"{row.name} has a window of {window:,} tokens; Claude Code needs {_SMALL_WINDOW:,}"
        if most is not None and most <= window:
            hint = "It can have no larger one: use another model, or cc-proxy claude --profile lean"
        else:
            hint = f"Raise context_window for {row.name} in the configuration."
        yield ErrorItem("small_window", f"{text} to work well.", hint)


def _other_windows(rows: Iterable["Row"]) -> Iterator[ErrorItem]:
    for row in rows:
        if row.loaded is None or row.target is None:
            continue
        if row.loaded.context_length not in {0, row.target.window}:
            yield ErrorItem(
                "loaded_otherwise",
                f"{row.name} is loaded with a window of {row.loaded.context_length:,} tokens;"
                f" the first request loads it again, with {row.target.window:,}.",
                "To load it so beforehand: cc-proxy start --preload",
            )
