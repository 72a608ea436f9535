"""`cc-proxy models pull`."""

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

import click

from cc_proxy.app.cli.common import Common, define, model_names
from cc_proxy.app.cli.output.amounts import size
from cc_proxy.app.cli.output.result import Result, note
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.cli.output.progress import Download
    from cc_proxy.app.config import Settings

_NAME = "models pull"
# Ollama 0.32's words for a model that its registry does not have, and for a name that is none.
_UNKNOWN = "file does not exist"
_INVALID = "invalid model name"


class PullError(CcProxyError):
    """A model cannot be pulled; `code` says why."""


@define("pull")
@click.argument("name", metavar="NAME", shell_complete=model_names)
def command(common: Common, *, name: str) -> Result:
    """Have Ollama download a model, or the newer version of one.

    NAME is a model of Ollama's, or an alias. What a broken download has brought is kept: the
    same command goes on from there.

    Example: cc-proxy models pull qwen3-coder:30b
    """
    from cc_proxy.app.config import resolve_model  # noqa: PLC0415 - see common.Common

    settings = common.load().settings
    model = resolve_model(settings.aliases, name)
    if model is None:
        raise PullError(
            f"Expected a model of Ollama's, found {name}: no alias says what stands for it.",
            code="no_alias",
            exit_code=2,
            hint="Name the model, as in: cc-proxy models pull qwen3-coder:30b",
        )
    server, _, rest = model.partition("/")
    if rest and server in settings.upstreams:
        raise PullError(
            f"Expected a model of Ollama's, found {model}: {server} is another server.",
            code="not_ollama",
            exit_code=2,
            hint=f"Start {server} with that model.",
        )
    # The name of the upstream is no part of the name in Ollama's registry.
    model = model.removeprefix("ollama/")
    began = time.monotonic()
    fetched = pull(settings, model)
    is_alias = model != name.removeprefix("ollama/")
    told = f"{model}, which {name} stands for," if is_alias else model
    return Result(
        _NAME,
        {
            "name": model,
            "size_bytes": fetched,
            "seconds": round(time.monotonic() - began, 3),
        },
        (f"{told} is pulled ({size(fetched)}).",),
    )


def pull(settings: "Settings", model: str) -> int:
    """Have Ollama download a model, with progress on stderr; return how many bytes it has.

    Raises:
        PullError, UpstreamError: it cannot be had.

    """
    from cc_proxy.app.cli.output.progress import Download  # noqa: PLC0415 - see common.Common

    shown = Download()
    try:
        return asyncio.run(_pull(settings, model, shown))
    except KeyboardInterrupt:
        shown.close()
        note(f"What has come is kept; to go on from there: cc-proxy models pull {model}")
        raise
    finally:
        shown.close()


async def _pull(settings: "Settings", model: str, shown: "Download") -> int:
    from cc_proxy.app.chat.errors import UpstreamRefusedError  # noqa: PLC0415
    from cc_proxy.app.upstreams.ollama.client import OllamaClient  # noqa: PLC0415 - aiohttp
    from cc_proxy.app.upstreams.ollama.pull import PullLine, summed  # noqa: PLC0415

    layers: dict[str, PullLine] = {}
    try:
        async with (
            OllamaClient.configured(settings.ollama) as ollama,
            aclosing(ollama.pull(model)) as lines,
        ):
            async for line in lines:
                if line.digest:
                    layers[line.digest] = line
                    shown.amount(*summed(layers.values()))
                else:
                    shown.status(line.status)
    except UpstreamRefusedError as error:
        raise _refused(model, error.text, has_part=bool(layers)) from error
    return summed(layers.values())[1]


def _refused(model: str, text: str, *, has_part: bool) -> PullError:
    if _UNKNOWN in text:
        return PullError(
            f"Expected {model} in Ollama's registry, found no such model.",
            code="model_unknown",
            hint="The names are at https://ollama.com/library; a tag follows a colon: qwen3:4b",
        )
    if _INVALID in text:
        return PullError(
            f"Expected the name of a model, such as qwen3:4b, found {model!r}.",
            code="invalid_name",
            exit_code=2,
            hint="The names are at https://ollama.com/library; a tag follows a colon: qwen3:4b",
        )
    again = f"cc-proxy models pull {model}"
    return PullError(
        f"Ollama could not pull {model}: {text}",
        code="pull_failed",
        hint=(f"What has come is kept; to go on from there: {again}" if has_part else again),
    )
