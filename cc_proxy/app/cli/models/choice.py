"""The question for a model, asked if neither configuration nor flag names one."""

import asyncio
from typing import TYPE_CHECKING

import click

from cc_proxy.app.chat.model_names import ANY_CLAUDE, full_name
from cc_proxy.app.cli.models import verdicts
from cc_proxy.app.cli.output.amounts import size
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import ErrorItem, Result, note, show
from cc_proxy.app.cli.value_types import WholeNumberFrom
from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.gateway.storage.fitness_verdicts import fit_names, is_unfit, unfit_test

if TYPE_CHECKING:
    from cc_proxy.app.cli.common import Common
    from cc_proxy.app.cli.models.survey import Row, Survey
    from cc_proxy.app.config import LoadedConfig

_NAME = "claude"
UNFIT_MARK = "unfit in your test"


def choose_model(common: "Common", loaded: "LoadedConfig", *, may_ask: bool) -> str | None:
    """Return the model that is chosen; None where there is nothing to choose.

    That is so with a default in the configuration, and with one able model. With none, one is
    pulled. Without a terminal to ask at, or if `may_ask` is False, of several it is the one that
    the proxy would take: what runs unattended goes on, and stderr says with what. A model that
    `models test` found unfit is taken only if there is no other, and never in silence.

    Raises:
        UpstreamError: Ollama cannot be asked which models there are.
        PullError: there is none, and the one that was chosen cannot be had.

    """
    from cc_proxy.app.config import resolve_model  # noqa: PLC0415 - see common.Common

    if resolve_model(loaded.settings.aliases, ANY_CLAUDE) is not None:
        return None
    from cc_proxy.app.cli.models import survey  # noqa: PLC0415 - it brings aiohttp

    tests, troubles = verdicts.for_choice(common)
    if troubles:
        show(Result(_NAME, warnings=troubles), as_json=False)
    with waiting("Asking Ollama about its models"):
        found = asyncio.run(survey.survey(loaded.settings, verdicts.results(common)))
    able = [
        row
        for row in found.rows
        if row.pulled.is_local and row.target and row.target.model.can("tools")
    ]
    unfit = {row.name for row in able if is_unfit(tests, row.pulled)}
    may_ask = may_ask and common.may_ask()
    if not able and may_ask:
        note("Ollama has no model that can use tools.")
        return _pulled(loaded)
    if not able or (len(able) == 1 and not unfit):
        return None
    if not may_ask:
        return _taken(found, able, unfit)
    if len(able) == 1:
        return _only_unfit(loaded, able[0].name)
    name = _asked(found, able, unfit)
    if click.confirm("Use it from now on?", default=False, err=True):
        _remember(common, loaded, name)
    return name


def unfit_default(common: "Common", loaded: "LoadedConfig", name: str) -> ErrorItem | None:
    """Return a warning if `models test` found the default model `name` unfit, in this version.

    It names the command that chooses another model: one that passed its test, if there is one.
    """
    tests, _ = verdicts.for_choice(common)  # `models` says what is wrong with the file
    if full_name(name) not in tests:
        return None
    from cc_proxy.app.cli.models import survey  # noqa: PLC0415 - it brings aiohttp

    try:
        pulled = asyncio.run(survey.pulled(loaded.settings))
    except CcProxyError:  # the session itself says what is wrong with Ollama
        return None
    test = unfit_test(tests, pulled, name)
    if test is None:
        return None
    others = fit_names(tests, pulled)
    text = f"{name} was {UNFIT_MARK} ({test.passed} of {test.runs} runs passed)"
    hint = f"cc-proxy claude --model {others[0] if others else 'NAME'}"
    hint += "" if others else " (the names: cc-proxy models)"
    return ErrorItem("model_unfit", f"{text}; to use another model: {hint}")


def _pulled(loaded: "LoadedConfig") -> str:
    from cc_proxy.app.cli.models import pull, recommend  # noqa: PLC0415 - see common.Common

    note("Ollama can pull one, which takes a while.")
    note("Which ones fit your machine: cc-proxy models recommend (Ctrl-C: none)")
    name: str = click.prompt("Pull", default=recommend.to_pull(loaded), err=True)
    pull.pull(loaded.settings, name)
    return name


def _only_unfit(loaded: "LoadedConfig", name: str) -> str:
    note(f"{name} is the only model that can use tools, and it was {UNFIT_MARK}.")
    if click.confirm("Use it all the same?", default=False, err=True):
        return name
    return _pulled(loaded)


def _taken(found: "Survey", able: list["Row"], unfit: set[str]) -> str:
    name = next((row.name for row in able if found.is_default(row)), able[0].name)
    others = ", ".join(_marked(row.name, unfit) for row in able if row.name != name)
    also = f"; there is also {others}" if others else ""
    note(
        f"No model is configured, so Claude Code gets {_marked(name, unfit)}{also}."
        " To have another one: --model NAME, or aliases.default in the configuration"
    )
    return name


def _best(found: "Survey", able: list["Row"], unfit: set[str]) -> str | None:
    """Return the one to take unless somebody says otherwise; None if all are unfit."""
    fit = (row.name for row in able if row.name not in unfit and found.is_default(row))
    return next(fit, None)


def _marked(name: str, unfit: set[str]) -> str:
    return f"{name} ({UNFIT_MARK})" if name in unfit else name


def _asked(found: "Survey", able: list["Row"], unfit: set[str]) -> str:
    note("Which model is Claude Code to work with?")
    width = max(len(row.name) for row in found.rows)
    numbers = {row.name: number for number, row in enumerate(able, 1)}
    for row in found.rows:
        number = numbers.get(row.name, "")
        window = f"{row.target.window:>9,} tokens" if row.target else f"{'?':>9}"
        remark = "" if row.name in numbers else "   cannot use tools"
        remark = f"   {UNFIT_MARK}" if row.name in unfit else remark
        note(f"  {number:>2}  {row.name:{width}}  {size(row.pulled.size):>9}  {window}{remark}")
    best = _best(found, able, unfit)
    default = None if best is None else numbers[best]
    number = click.prompt(
        "Number", type=WholeNumberFrom(1, len(able)), default=default, show_default=True, err=True
    )
    name: str = able[number - 1].name
    return name


def _remember(common: "Common", loaded: "LoadedConfig", model: str) -> None:
    from cc_proxy.app.cli import reload  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.cli.config import edit  # noqa: PLC0415 - as above
    from cc_proxy.app.config import file_locations  # noqa: PLC0415 - as above

    path = file_locations.file_to_write(common.sources())
    try:
        edit.set_default(path, model)
    except CcProxyError as error:  # the choice still applies to this session
        show(Result(_NAME, warnings=(ErrorItem.of(error),)), as_json=False)
        return
    note(f"{model} is aliases.default in {path} now.")
    # A proxy that runs read the file before the person's answer was in it.
    if troubles := reload.apply_written(common, loaded):
        show(Result(_NAME, warnings=troubles), as_json=False)
