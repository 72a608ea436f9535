"""`cc-proxy models test --auto`: a model as the safety check of Claude Code's auto mode."""

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from cc_proxy.app import private_files
from cc_proxy.app.chat.model_names import full_name
from cc_proxy.app.cli.claude import version
from cc_proxy.app.cli.doctor.model import own_gateway
from cc_proxy.app.cli.models import survey, verdicts
from cc_proxy.app.cli.output.progress import Steps
from cc_proxy.app.cli.output.result import ErrorItem, Result, aligned
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.fitness.auto_mode.measuring import AutoModeResult, measure
from cc_proxy.app.fitness.auto_mode.recording import record

if TYPE_CHECKING:
    from cc_proxy.app.chat.models import ModelCard
    from cc_proxy.app.cli.common import Common
    from cc_proxy.app.config import LoadedConfig
    from cc_proxy.app.daemon.paths import Paths

FILE = "auto-mode-tests.json"
_VERSION = 1
_MOST_BYTES = 1024 * 1024
_SHOWN = 40


class AutoModeError(CcProxyError):
    """A model cannot be used for auto mode; `code` says why."""


class KeptAutoTest(msgspec.Struct, frozen=True):
    """The latest measurement of a model: when (UTC, ISO 8601), which version, how often right."""

    tested_at: str
    digest: str
    harmless_right: int
    harmless: int
    harmful_right: int
    harmful: int

    @property
    def in_words(self) -> str:
        """The figures as a sentence says them."""
        return (
            f"right about {self.harmless_right} of {self.harmless} harmless and"
            f" {self.harmful_right} of {self.harmful} harmful actions"
        )


class _Kept(msgspec.Struct):
    version: int
    models: dict[str, KeptAutoTest]


def kept_tests(paths: "Paths") -> dict[str, KeptAutoTest]:
    """Return the measurements by their models' full names; none where the file is no use."""
    try:
        body = private_files.read(paths.state_dir / FILE, limit=_MOST_BYTES)
        kept = msgspec.json.decode(body, type=_Kept)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):  # it is measured anew
        return {}
    return kept.models if kept.version == _VERSION else {}


def command(common: "Common", name: str | None) -> Result:
    """Measure how often a model is right about actions, and keep it.

    Raises:
        AutoModeError: there is no Claude Code, or no such model.

    """
    loaded = common.load()
    wanted = name or loaded.settings.request_classes.auto_mode or "claude-auto-mode"
    program = version.locate(loaded.settings.claude.bin)
    if program is None:
        raise AutoModeError(
            "Expected Claude Code, whose policy the model is asked with, found no such program.",
            code="claude_not_found",
            hint="npm install -g @anthropic-ai/claude-code",
        )
    steps = Steps()
    try:
        found = asyncio.run(_measured(common, loaded, wanted, program, steps))
    finally:
        steps.close()
    model, digest, result = found
    test = KeptAutoTest(
        datetime.now(UTC).isoformat(timespec="seconds"),
        digest,
        result.harmless_right,
        result.harmless,
        result.harmful_right,
        result.harmful,
    )
    warnings: tuple[ErrorItem, ...] = ()
    try:
        _save(common.paths(), model, test)
    except CcProxyError as error:  # the measurement itself has been made
        warnings = (ErrorItem.of(error),)
    return Result(
        "models test",
        {
            "model": model,
            "harmless_right": result.harmless_right,
            "harmless": result.harmless,
            "harmful_right": result.harmful_right,
            "harmful": result.harmful,
            "let_run": list(result.let_run),
            "stopped": list(result.stopped),
        },
        tuple(_lines(model, test, result)),
        warnings=warnings,
    )


def _digest(pulled: Iterable["ModelCard"], model: str) -> str:
    return next((one.digest for one in pulled if full_name(one.name) == full_name(model)), "")


async def _measured(
    common: "Common", loaded: "LoadedConfig", name: str, program: str, steps: Steps
) -> tuple[str, str, AutoModeResult]:
    target, pulled = await survey.find(loaded.settings, name, verdicts.results(common))
    model = target.model.name
    digest = _digest(pulled, model)
    steps.show("Asking Claude Code for its policy")
    stages = await record(program, os.environ)

    def began(number: int, of: int, command: str) -> None:
        steps.show(f"{number:2} of {of}  {command[:_SHOWN]}")

    timeout = aiohttp.ClientTimeout(total=None, sock_read=None)
    async with own_gateway(loaded) as (url, key), aiohttp.ClientSession(timeout=timeout) as http:

        async def ask(body: Mapping[str, Any]) -> str:
            headers = {"x-api-key": key}
            sent = {**body, "model": model}
            async with http.post(f"{url}/v1/messages", json=sent, headers=headers) as response:
                answer = await response.json()
            if "error" in answer:
                raise AutoModeError(answer["error"]["message"], code="model_refused")
            text = "".join(block.get("text", "") for block in answer["content"])
            return text + (answer.get("stop_sequence") or "")

        return model, digest, await measure(stages, ask, began)


def _save(paths: "Paths", model: str, test: KeptAutoTest) -> None:
    path = paths.state_dir / FILE
    models = kept_tests(paths) | {full_name(model): test}
    with explained(path, "--state-dir"):
        private_files.make_folder(paths.state_dir)
        with suppress(FileNotFoundError):
            private_files.check_file(path)
        private_files.replace(path, msgspec.json.encode(_Kept(_VERSION, models)) + b"\n")


def _lines(model: str, test: KeptAutoTest, result: AutoModeResult) -> Iterator[str]:
    yield f"As the safety check of auto mode, {model} was {test.in_words}."
    yield from aligned([("Let run", command) for command in result.let_run])
    yield from aligned([("Stopped", command) for command in result.stopped])
    if result.let_run:
        yield "It would have let harmful actions run: use auto mode only where they do no harm."


def for_session(common: "Common", loaded: "LoadedConfig", main: str) -> tuple[str, ErrorItem]:
    """Return the model for the safety check of a session, and how often it was right.

    Raises:
        AutoModeError: it was never measured, or only in another version.

    """
    target, pulled = asyncio.run(
        survey.find(loaded.settings, loaded.settings.request_classes.auto_mode or main)
    )
    model = target.model.name
    digest = _digest(pulled, model)
    test = kept_tests(common.paths()).get(full_name(model))
    if test is None or test.digest != digest:
        raise AutoModeError(
            f"Expected a measurement of {model} as the safety check of auto mode, found none of"
            " this version.",
            code="auto_mode_not_measured",
            hint=f"cc-proxy models test --auto {model}",
        )
    text = f"Auto mode: {model} decides which actions run without asking you; it was"
    return model, ErrorItem("auto_mode", f"{text} {test.in_words} in your test.")
