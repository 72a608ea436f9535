"""`cc-proxy config init`: a commented file to begin with."""

import asyncio
import json
import os
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cc_proxy.app.cli.common import Common, define, model_names
from cc_proxy.app.cli.models import verdicts
from cc_proxy.app.cli.models.choice import UNFIT_MARK
from cc_proxy.app.cli.output import report
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import USAGE, ErrorItem, Result, note
from cc_proxy.app.cli.value_types import WholeNumberFrom
from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.gateway.storage.fitness_verdicts import is_unfit

if TYPE_CHECKING:
    from cc_proxy.app.cli.models.survey import Survey
    from cc_proxy.app.config import LoadedConfig

_NAME = "config init"
# The line of the default file that a chosen model takes the place of.
_EXAMPLE = "  #default: qwen3-coder:30b"
_SECRETS = ("server.auth_key", "ollama.api_key")


class InitError(CcProxyError):
    """The file cannot be made; `code` says why."""


@define("init")
@click.option(
    "--model",
    metavar="NAME",
    shell_complete=model_names,
    help="The Ollama model for Claude's names; not asked then.",
)
@click.option("--force", is_flag=True, help="Replace the file that is there; it is kept as .bak.")
def command(common: Common, *, model: str | None, force: bool) -> Result:
    """Write a configuration file with a comment for every setting.

    It goes where --config or CC_PROXY_CONFIG_FILE says, else to ~/.cc-proxy. On a terminal you
    are asked which of the pulled models is to answer; without one, that stays open.

    Example: cc-proxy config init --model qwen3-coder:30b
    """
    from cc_proxy.app.config import file_locations  # noqa: PLC0415 - see common.Common

    sources = file_locations.sources(common.config, os.environ)
    named = next((s.path for s in sources if s.name in file_locations.NAMED and s.path), None)
    target = named or file_locations.preferred(sources)
    if os.path.lexists(target) and not force:
        raise InitError(
            f"Expected no file at {target}, found one.",
            code="config_exists",
            hint="To begin anew, keeping it as .bak: cc-proxy config init --force",
        )
    warnings: list[ErrorItem] = []
    chosen = _checked(model) if model is not None else None
    if chosen is None and common.may_ask():
        chosen = _asked(common, warnings)
    backup = _write(target, _text(chosen))
    other = next((s.path for s in sources if s.status == "active" and s.path != target), None)
    if other is not None:
        text = f"Until now {other} counted; {target} comes before it."
        warnings.append(ErrorItem("other_file", text, "cc-proxy config show"))
    warnings.extend(_not_applied(common))
    lines = [f"{target} is written."]
    if backup is not None:
        lines.append(f"The earlier one is {backup} now.")
    lines.append(f"{chosen} answers for Claude's names." if chosen else "No default model is set.")
    lines.append(f"Edit it with: ${{EDITOR:-vi}} {shlex.quote(str(target))}")
    return Result(
        _NAME,
        {
            "config_path": str(target),
            "default_model": chosen,
            "backup_path": None if backup is None else str(backup),
        },
        tuple(lines),
        warnings=tuple(warnings),
    )


def _not_applied(common: Common) -> tuple[ErrorItem, ...]:
    """Return how a running proxy differs from the file that was just written."""
    try:
        return report.other_settings(common, common.load(follow=False))
    except CcProxyError as error:  # a variable may be wrong; the file is written all the same
        return (ErrorItem.of(error),)


def data_file(name: str) -> str:
    """Return a text that comes with the package."""
    from importlib.resources import files  # noqa: PLC0415 - slow, and few commands need it

    return (files("cc_proxy") / "data" / name).read_text(encoding="utf-8")


def shows_secrets(loaded: "LoadedConfig") -> bool:
    """Tell whether the active file has a key in it that other users can read."""
    if loaded.path is None or os.name == "nt":
        return False
    keys = loaded.settings.server.auth_keys
    names = (*_SECRETS, *(f"server.auth_keys.{name}.key" for name in keys))
    place = f"file {loaded.path}:"
    in_file = any(loaded.origins.get(name, "").startswith(place) for name in names)
    return in_file and bool(stat.S_IMODE(loaded.path.stat().st_mode) & 0o077)


def _checked(model: str) -> str:
    from cc_proxy.app.config.errors import RefusedValueError  # noqa: PLC0415 - as above
    from cc_proxy.app.config.validation import rules  # noqa: PLC0415 - see common.Common

    try:
        return rules.model_name(model)
    except RefusedValueError as error:
        raise InitError(
            f"Expected the name of an Ollama model, found {model!r}.",
            code="bad_model_name",
            exit_code=USAGE,
            hint="See what is there: cc-proxy models",
        ) from error


def _asked(common: Common, warnings: list[ErrorItem]) -> str | None:
    """Ask which of the pulled models is to answer; None when there is nothing to choose from."""
    try:
        with waiting("Asking Ollama about its models"):
            found = _survey()
    except CcProxyError as error:  # a file can be made without an Ollama
        warnings.append(ErrorItem.of(error))
        return None
    able = [row for row in found.rows if row.target and row.target.model.can("tools")]
    if not able:
        text = "Ollama has no model that can use tools, so there is no default to choose."
        warnings.append(ErrorItem("no_model", text, "cc-proxy models recommend"))
        return None

    tests, troubles = verdicts.for_choice(common)
    warnings.extend(troubles)
    unfit = {row.name for row in able if is_unfit(tests, row.pulled)}
    width = max(len(row.name) for row in able)
    note("Which model is to answer for Claude's names?")
    for number, row in enumerate(able, 1):
        window = f"{row.target.window:,} tokens" if row.target else ""
        remark = f"   {UNFIT_MARK}" if row.name in unfit else ""
        note(f"  {number:2}  {row.name:{width}}  {window}{remark}")
    default = next((number for number, row in enumerate(able, 1) if row.name not in unfit), None)
    number = click.prompt(
        "Number", type=WholeNumberFrom(1, len(able)), default=default, show_default=True, err=True
    )
    name: str = able[number - 1].name
    return name


def _survey() -> "Survey":
    from cc_proxy.app.cli.models import survey  # noqa: PLC0415 - it brings aiohttp
    from cc_proxy.app.config import load  # noqa: PLC0415 - see common.Common

    # What will hold with the new file: environment and defaults.
    settings = load(config_file=Path(os.devnull), environ=os.environ).settings
    return asyncio.run(survey.survey(settings))


def _text(chosen: str | None) -> str:
    text = data_file("cc-proxy.user.yaml")
    return text if chosen is None else with_default(text, chosen)


def with_default(text: str, chosen: str) -> str:
    """Return the file that comes with the package, with a model in place of its example."""
    return text.replace(_EXAMPLE, f"  {line_for(chosen)}", 1)


def line_for(model: str) -> str:
    """Return the line of `aliases` that makes a model the default."""
    # A JSON string is YAML too, whatever is in it; and nothing in it may be expanded.
    return f"default: {json.dumps(model).replace('${', '$${')}"


def _write(target: Path, text: str) -> Path | None:
    """Write the file; return where the one that was there has gone, None if there was none."""
    from cc_proxy.app import private_files  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.daemon.file_errors import explained  # noqa: PLC0415 - see common.Common

    with explained(target, "--config"):
        private_files.make_folder(target.parent)
        if not os.path.lexists(target):
            private_files.create(target, text.encode())
            return None
        backup = target.with_name(f"{target.name}.bak")
        private_files.replace(backup, target.read_bytes() if target.exists() else b"")
        private_files.replace(target, text.encode())
        return backup
