"""`cc-proxy models recommend`: the models that fit into this machine's memory, and why."""

import asyncio
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from cc_proxy.app.addresses import is_loopback
from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.amounts import size
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import ErrorItem, Result
from cc_proxy.app.control_characters import one_line
from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.fitness.known_models import known_models
from cc_proxy.app.fitness.machine_memory import MachineMemory, find
from cc_proxy.app.fitness.memory_fit import MemoryFit, ModelNeeds, best_first, fit
from cc_proxy.app.gateway.storage.fitness_verdicts import is_unfit

if TYPE_CHECKING:
    from cc_proxy.app.cli.models.survey import Row, Survey
    from cc_proxy.app.config import LoadedConfig, Settings

_NAME = "models recommend"
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?([MGT])(i?)B?", re.IGNORECASE)
_POWERS = {"m": 2, "g": 3, "t": 4}
_WHERE = {
    "gpu": "of the GPU",
    "unified": "that CPU and GPU share",
    "ram": "of RAM (no GPU was found, so models run slowly)",
    "given": "as you say",
}


class RecommendError(CcProxyError):
    """Nothing can be recommended; `code` says why."""


class MemorySize(click.types.StringParamType):
    """An amount of memory, such as 24GB."""

    name = "size"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - a text becomes a number
        """Return the bytes."""
        found = _SIZE.fullmatch(str(value))
        if found is None or not float(found[1]):
            self.fail(f"Expected a size such as 24GB, found {str(value)!r}.", param, ctx)
        unit = (1024 if found[3] else 1000) ** _POWERS[found[2].lower()]
        return int(float(found[1]) * unit)


@define("recommend")
@click.option(
    "--memory",
    type=MemorySize(),
    metavar="SIZE",
    help="The memory for a model, such as 24GB, in place of this machine's.",
)
def command(common: Common, *, memory: int | None) -> Result:
    """Show which models fit into this machine's memory, with which window, and why.

    First those that are installed, by their own sizes: the weights, and the cache of the window
    by the model's architecture. Then models to pull, from a table that comes with cc-proxy. The
    memory is the GPU's, or what CPU and GPU share, or else the RAM.

    Example: cc-proxy models recommend --memory 24GB
    """
    from cc_proxy.app.cli.models import survey, verdicts  # noqa: PLC0415 - it brings aiohttp

    loaded = common.load()
    found = _memory(loaded, memory)
    tests, warnings = verdicts.for_choice(common)
    rows: tuple[Row, ...] | None = None
    try:
        with waiting("Asking Ollama about its models"):
            seen: Survey = asyncio.run(survey.survey(loaded.settings, verdicts.results(common)))
        rows = tuple(row for row in seen.rows if _can_work(row))
    except CcProxyError as error:  # the table needs no Ollama
        warnings = (*warnings, ErrorItem.of(error))
    answers, rows = rows is not None, rows or ()
    unfit = {row.name for row in rows if is_unfit(tests, row.pulled)}
    installed = best_first([fit(_needs(row), found.for_models) for row in rows])
    known = known_models()
    names = {row.name for row in rows}
    to_pull = best_first(
        [fit(one.needs, found.for_models) for one in known.models if one.name not in names]
    )
    best = next((one.needs.name for one in installed if _is_good(one, unfit)), None)
    best_to_pull = _best_to_pull(to_pull)
    return Result(
        _NAME,
        {
            "memory_bytes": found.total,
            "memory_for_models_bytes": found.for_models,
            "memory_kind": found.kind,
            "installed": [_data(one, unfit) for one in installed],
            "to_pull": [_data(one, set()) for one in to_pull],
            "to_pull_as_of": known.as_of,
            "recommended": best,
            "recommended_to_pull": best_to_pull,
        },
        (
            "Installed",
            *_installed_lines(installed, unfit, answers=answers),
            *_lines(found, to_pull, known.as_of, (best, best_to_pull)),
        ),
        warnings=warnings,
    )


def to_pull(loaded: "LoadedConfig") -> str | None:
    """Return the model of the table to pull for the models' machine; None if none is known."""
    try:
        found = _memory(loaded, None)
    except RecommendError:
        return None
    return _best_to_pull(
        best_first([fit(one.needs, found.for_models) for one in known_models().models])
    )


def _best_to_pull(fits: list[MemoryFit]) -> str | None:
    """Return the largest that fits, one that sees images only if no other does."""
    seeing = {one.name for one in known_models().models if "vision" in one.capabilities}
    names = [one.needs.name for one in fits if one.level == "fits"]
    return next((name for name in names if name not in seeing), names[0] if names else None)


def _memory(loaded: "LoadedConfig", given: int | None) -> MachineMemory:
    if given is not None:
        return MachineMemory(given, "given")
    host = urlsplit(_first_url(loaded.settings)).hostname or ""
    hint = "Say how much there is: cc-proxy models recommend --memory 24GB"
    if not is_loopback(host):
        text = f"The models run on {host}, whose memory cannot be seen from here."
        raise RecommendError(text, code="memory_unknown", hint=hint)
    found = find()
    if found is None:
        text = "The memory of this machine cannot be found out."
        raise RecommendError(text, code="memory_unknown", hint=hint)
    return found


def _first_url(settings: "Settings") -> str:
    """Return the address of the server that a request goes to by default."""
    for one in settings.upstreams.values():
        return one.url or one.urls[0]
    return settings.ollama.base_url


def _can_work(row: "Row") -> bool:
    return row.target is not None and row.pulled.is_local and row.target.model.can("tools")


def _needs(row: "Row") -> ModelNeeds:
    assert row.target is not None  # noqa: S101 - _can_work() has looked
    model = row.target.model
    return ModelNeeds.of(row.name, row.pulled.size, model.cache_bytes_per_token, model.max_context)


def _is_good(one: MemoryFit, unfit: set[str]) -> bool:
    return one.level != "too_large" and one.needs.name not in unfit


def _data(one: MemoryFit, unfit: set[str]) -> dict[str, object]:
    return {
        "name": one.needs.name,
        "fit": one.level,
        "context_window": one.window or None,
        "memory_bytes": one.takes,
        "weights_bytes": one.needs.weights,
        "cache_bytes_per_token": one.needs.per_token,
        "is_estimated": one.needs.is_estimated,
        "is_unfit": one.needs.name in unfit,
        "reason": one.reason,
    }


def _installed_lines(
    installed: list[MemoryFit], unfit: set[str], *, answers: bool
) -> Iterator[str]:
    if installed:
        yield from _table(installed, unfit)
    elif answers:
        yield "  none that can use tools"
    else:
        yield "  not known: Ollama does not answer"


def _lines(
    memory: MachineMemory,
    to_pull: list[MemoryFit],
    as_of: str,
    best: tuple[str | None, str | None],
) -> Iterator[str]:
    yield ""
    yield f"To pull (about; figures of {as_of})"
    yield from _table(to_pull, set())
    yield ""
    # Last, since the tables scroll the first lines out of a small terminal.
    room = size(memory.for_models)
    yield f"Memory: {size(memory.total)} {_WHERE[memory.kind]}, {room} for a model"
    mine, new = best
    if mine is not None:
        mine = one_line(mine)
        yield f"Recommended: {mine}; to see whether it is fit: cc-proxy models test {mine}"
    elif new is not None:
        yield f"Recommended: cc-proxy models pull {new}"
    else:
        yield "No model fits with the window that Claude Code needs; the first one comes nearest."


def _table(fits: list[MemoryFit], unfit: set[str]) -> Iterator[str]:
    width = max(len(one_line(one.needs.name)) for one in fits)
    for one in fits:
        window = f"{one.window:,}" if one.window else "none"
        about = "at most " if one.needs.is_estimated else ""
        reason = "unfit in your test" if one.needs.name in unfit else one.reason
        name = f"{one_line(one.needs.name):{width}}"
        yield f"  {name}  {about}{size(one.takes):>8}  window {window:>7}  {reason}"
