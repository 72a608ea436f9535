"""`cc-proxy models show`: one model, and who reads its tool calls."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import click

from cc_proxy.app.chat.errors import UpstreamRefusedError
from cc_proxy.app.chat.model_names import same_model
from cc_proxy.app.cli.common import Common, define, model_names
from cc_proxy.app.cli.models import verdicts
from cc_proxy.app.cli.output.amounts import size
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import Result, aligned
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.chat.models import ModelCard, ModelInfo
    from cc_proxy.app.chat.target import Target
    from cc_proxy.app.config import Settings
    from cc_proxy.app.gateway.storage.fitness_verdicts import PastTests

_NAME = "models show"
CallReader = Literal["parser", "go_template", "jinja_template", "server", "none"]


class ModelShowError(CcProxyError):
    """A model cannot be shown; `code` says why."""


@define("show")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=model_names)
def command(common: Common, *, name: str | None) -> Result:
    """Show one model: its window, and who reads its tool calls.

    NAME is a model of Ollama's or an alias; without it the default model is shown. Ollama reads
    the calls of a model with a parser of its own, by the model's Go template, or with llama.cpp's
    parser for Jinja templates; cc-proxy reads what they leave in the text.

    Example: cc-proxy models show qwen3-coder:30b
    """
    settings, tests = common.load().settings, verdicts.results(common)
    with waiting("Asking Ollama about the model"):
        target, pulled = _asked(settings, name, tests)
    return Result(_NAME, _data(target, pulled), tuple(_lines(target, pulled)))


def _asked(
    settings: "Settings", name: str | None, tests: "PastTests"
) -> tuple["Target", "ModelCard | None"]:
    from cc_proxy.app.anthropic.errors import ApiError  # noqa: PLC0415 - not for `--help`
    from cc_proxy.app.chat.model_names import ANY_CLAUDE  # noqa: PLC0415 - not for `--help`
    from cc_proxy.app.cli.models import survey  # noqa: PLC0415 - it brings aiohttp

    try:
        target, pulled = asyncio.run(survey.find(settings, name or ANY_CLAUDE, tests))
    except UpstreamRefusedError as error:
        hint = error.hint or "cc-proxy models"
        raise ModelShowError(error.message, code="model_refused", hint=hint) from error
    except ApiError as error:
        raise ModelShowError(error.message, code="no_model", hint="cc-proxy models") from error
    return target, next((one for one in pulled if same_model(one.name, target.model.name)), None)


def call_reader(model: "ModelInfo") -> CallReader:
    """Return what in Ollama reads the calls of a model."""
    if not model.can("tools"):
        return "none"
    if model.parser:
        return "parser"
    if not model.template:
        return "server"
    return "jinja_template" if model.template == "jinja" else "go_template"


def _data(target: "Target", pulled: "ModelCard | None") -> dict[str, object]:
    model = target.model
    return {
        "name": model.name,
        "size_bytes": pulled.size if pulled else None,
        "family": model.family or None,
        "capabilities": sorted(model.capabilities),
        "context_window": target.window,
        "max_context_window": model.max_context,
        "call_reader": call_reader(model),
        "parser": model.parser or None,
        "call_formats": sorted(model.call_formats),
    }


def _lines(target: "Target", pulled: "ModelCard | None") -> Iterator[str]:
    model = target.model
    window = f"{target.window:,} tokens"
    if model.max_context and model.max_context != target.window:
        window += f" of {model.max_context:,}"
    rows = [
        ("Model", model.name),
        ("Family", model.family or "not known"),
        ("Size", size(pulled.size) if pulled and pulled.size else "not known"),
        ("Window", window),
        ("Can", ", ".join(sorted(model.capabilities - {"completion"})) or "text"),
        ("Calls", _reader(model)),
    ]
    if model.can("tools"):
        formats = ", ".join(sorted(model.call_formats))
        rows.append(("Formats", formats or "not known: cc-proxy treats all marks alike"))
    yield from aligned(rows)


def _reader(model: "ModelInfo") -> str:
    match call_reader(model):
        case "parser":
            return f"read by Ollama's parser {model.parser}"
        case "go_template":
            return "read by Ollama, by the marks in the model's Go template"
        case "server":
            return "read by the server, which does not say how"
        case "jinja_template":
            return "read by llama.cpp, by the model's Jinja template"
        case _:
            return "none: the model cannot use tools"
