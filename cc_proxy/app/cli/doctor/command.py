"""`cc-proxy doctor`: check everything between Claude Code and the model."""

import asyncio
import os
from collections.abc import AsyncGenerator, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cc_proxy.app.chat.model_names import ANY_CLAUDE
from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.models import verdicts
from cc_proxy.app.cli.output import colour
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import FAILED, ErrorItem, Result, note, question
from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.fitness.advice import REAL_OLLAMA

if TYPE_CHECKING:
    from cc_proxy.app.chat.target import Target
    from cc_proxy.app.chat.upstream import Upstream
    from cc_proxy.app.cli.doctor.check import Check
    from cc_proxy.app.config import LoadedConfig
    from cc_proxy.app.control.wire import ModelSessions

_NAME = "doctor"
# The longest name of a check: each is shown as soon as it is done, so none can be measured before.
_NAME_COLUMNS = len("claude_environment")
# What cannot be looked at without what comes before it.
_NEEDS_SETTINGS = ("proxy", "ollama")
# The check in place of Ollama's where another server answers, and those that it leaves out.
_SERVER, _OLLAMA_ONLY = "server", ("ollama", "ollama_version", "memory")
_NEEDS_OLLAMA = ("ollama_version", "default_model")
_NEEDS_MODEL = ("tools", "window")
_ASKS_MODEL = ("answer", "reading_speed", "memory", "tool_call", "prefix")


@define(_NAME)
@click.option(
    "--model/--no-model",
    "ask_model",
    default=True,
    show_default=True,
    help="Ask the default model itself, which loads it.",
)
@click.option("--fix", is_flag=True, help="Fix what is safe to fix, asking before each.")
@click.option("--yes", is_flag=True, help="With --fix: fix everything without asking.")
def command(common: Common, *, ask_model: bool, fix: bool, yes: bool) -> Result:
    """Check everything between Claude Code and the model.

    Each check is ok, warn or fail, and comes with a fix. Exits with 1 if one fails.

    Example: cc-proxy doctor --no-model
    """
    if yes and not fix:
        raise click.UsageError("Expected --fix with --yes, found --yes alone.")
    if fix and not yes and not common.may_ask():
        raise click.UsageError(
            "Expected a terminal or --yes with --fix, which asks before it changes anything; found"
            " neither."
        )
    return Result(_NAME, stream=_checked(common, ask_model=ask_model, fix=fix, ask=not yes))


def _checked(
    common: Common, *, ask_model: bool, fix: bool, ask: bool
) -> Generator[str, None, Result]:
    """Yield the lines of each check as soon as it is done, and return the result of all."""
    checks = []
    for found in _checks(common, ask_model=ask_model):
        if found is not None:
            check = _repaired(found, ask=ask) if fix else found
            checks.append(check)
            yield from _lines(check)
    names = {check.name for check in checks}
    expected: tuple[str, ...] = (*_NEEDS_SETTINGS, *_NEEDS_OLLAMA, *_NEEDS_MODEL, *_ASKS_MODEL)
    if _SERVER in names and "ollama" not in names:
        expected = tuple(name for name in expected if name not in _OLLAMA_ONLY)
    left_out = [name for name in expected if name not in names]
    failed = [check for check in checks if check.status == "fail"]
    return Result(
        _NAME,
        {"checks": [check.data() for check in checks], "not_checked": left_out},
        ("", _summary(checks, left_out)),
        errors=_errors(failed, len(checks)),
        exit_code=FAILED if failed else 0,
    )


def _checks(common: Common, *, ask_model: bool) -> Iterator["Check | None"]:
    # Not for `--help`: these bring aiohttp.
    from cc_proxy.app.cli.doctor import certificate, claude, machine, network  # noqa: PLC0415 - as said above

    yield from machine.installation()
    loaded, check = machine.configuration(common)
    yield check
    yield from machine.files(common, loaded)
    inside = machine.container(os.environ)
    if inside is not None:
        yield machine.in_container(inside)
    if loaded is not None:
        yield machine.proxy(common, loaded)
        yield network.exposure(common, loaded, network.docker_bridge())
        yield from certificate.checks(loaded.settings.server)
        seen = machine.model_sessions(common, loaded)
        yield from _one_by_one(_upstream(common, loaded, inside, seen, ask_model=ask_model))
    folder = Path.cwd()
    yield claude.program(loaded.settings.claude.bin if loaded else "claude")
    yield claude.environment(os.environ)
    yield claude.settings(os.environ, folder)
    yield claude.http_proxy(os.environ, folder)
    yield claude.login(os.environ)
    yield claude.onboarding(os.environ, folder)


def _one_by_one(checks: AsyncGenerator["Check | None", None]) -> Iterator["Check | None"]:
    with asyncio.Runner() as runner:
        try:
            while True:
                yield runner.run(anext(checks))
        except StopAsyncIteration:
            return
        finally:
            runner.run(checks.aclose())


async def _upstream(
    common: Common,
    loaded: "LoadedConfig",
    container: str | None,
    seen: "tuple[ModelSessions, ...]",
    *,
    ask_model: bool,
) -> AsyncGenerator["Check | None", None]:
    from cc_proxy.app.cli.doctor import configured_models, upstream  # noqa: PLC0415 - see above
    from cc_proxy.app.gateway.routing.models import Models  # noqa: PLC0415
    from cc_proxy.app.upstreams.choice import all_configured  # noqa: PLC0415

    async with all_configured(loaded.settings) as upstreams:
        models = Models(loaded.settings, upstreams, verdicts.results(common))
        main = models.upstream_for(ANY_CLAUDE)
        is_away = False
        for one in upstreams:
            with waiting(f"Looking for {one.title}"):
                found = await _reached(loaded, one, container)
            for check in found:
                yield check
            failed = any(check is not None and check.status == "fail" for check in found)
            is_away = is_away or (one is main and failed)
        if is_away:
            return
        tests, _ = verdicts.for_choice(common)  # `models` says what is wrong with the file
        target, about = await upstream.default_model(loaded.settings, models, tests)
        about += await configured_models.check(loaded.settings, models)
        for check in about:
            yield check if main.kind == "ollama" else _without_pull(check)
        if target is not None:
            yield upstream.parallel(target, seen)
        if target is not None and ask_model:
            async for check in _asked(loaded, target, upstreams.named(target.upstream)):
                if target.model.is_practice:
                    yield _of_practice(check)
                else:
                    yield check if main.kind == "ollama" else _without_pull(check)


async def _reached(
    loaded: "LoadedConfig", one: "Upstream", container: str | None
) -> list["Check | None"]:
    from cc_proxy.app.chat.host_group import HostGroup  # noqa: PLC0415
    from cc_proxy.app.cli.doctor import server, upstream  # noqa: PLC0415 - see above
    from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream  # noqa: PLC0415
    from cc_proxy.app.upstreams.openai.upstream import OpenAIUpstream  # noqa: PLC0415

    if isinstance(one, OpenAIUpstream):
        return [*await server.reach(one)]
    if isinstance(one, HostGroup):
        return [*await server.reach_hosts(one)]
    if isinstance(one, OllamaUpstream) and one.name != "ollama":
        return [await server.reach_one(one)]
    if isinstance(one, OllamaUpstream):
        return [*await upstream.reach(loaded, one.client, container)]
    return []


async def _asked(
    loaded: "LoadedConfig", target: "Target", ollama: "Upstream"
) -> AsyncGenerator["Check | None", None]:
    from cc_proxy.app.cli.doctor import model  # noqa: PLC0415 - it brings aiohttp

    name = target.model.name
    with waiting(f"Asking {name} for an answer"):
        found: list[Check | None] = [*await model.answer(target, ollama)]
    for check in found:
        yield check
    if any(check is not None and check.status == "fail" for check in found):
        return
    reading = next((check for check in found if check and check.name == "reading_speed"), None)
    if ollama.kind == "ollama":
        yield await model.memory(target, ollama, reading)
    if target.model.can("tools"):
        with waiting(f"Having {name} call a tool"):
            called = await model.tool_call(loaded)
        yield called  # outside, so that the line of progress is gone
    with waiting(f"Comparing the prompts of two turns of {name}"):
        compared = await model.prefix(target, ollama)
    yield compared


def _without_pull(check: "Check | None") -> "Check | None":
    """Return a check of another server's model: cc-proxy cannot pull a better one there."""
    if (
        check is None
        or check.fix is None
        or not check.fix.startswith(("cc-proxy models pull", "cc-proxy models recommend"))
    ):
        return check
    return replace(check, fix="Serve a model that can call tools, with the server's tool parser.")


def _of_practice(check: "Check | None") -> "Check | None":
    """Return a check of the practice server's model, which plays scripts: no failure, no pull."""
    if check is None or check.status == "ok":
        return check
    return replace(check, status="warn", fix=f"For a real Ollama: {REAL_OLLAMA} cc-proxy doctor")


def _repaired(check: "Check", *, ask: bool) -> "Check":
    if check.repair is None:
        return check
    note(f"{check.name}: {check.detail}")
    if ask and not click.confirm(question(check.repair.question), err=True):
        return check
    try:
        did = check.repair.work()
    except CcProxyError as error:
        return replace(check, status="fail", detail=error.message, repair=None)
    return replace(check, status="ok", detail=f"fixed: {did}", fix=None, repair=None)


def _lines(check: "Check") -> Iterator[str]:
    first, *more = check.detail.splitlines()
    status = colour.styled(f"{check.status:4}", colour.Style[check.status.upper()])
    yield f"{status}  {check.name:{_NAME_COLUMNS}}  {first}"
    # The rest of an error of the configuration: the line of the file, and a caret under it.
    yield from (f"      {line}" for line in more)
    if check.fix is not None and check.status != "ok":
        yield f"      {'':{_NAME_COLUMNS}}  -> {check.fix}"


def _summary(checks: list["Check"], left_out: list[str]) -> str:
    count = dict.fromkeys(("ok", "warn", "fail"), 0)
    for check in checks:
        count[check.status] += 1
    said = f"{count['ok']} ok, {count['warn']} warn, {count['fail']} fail"
    return f"{said}; not checked: {', '.join(left_out)}" if left_out else said


def _errors(failed: list["Check"], total: int) -> tuple[ErrorItem, ...]:
    if not failed:
        return ()
    names = ", ".join(check.name for check in failed)
    return (
        ErrorItem(
            "checks_failed",
            f"{len(failed)} of {total} checks failed: {names}.",
            failed[0].fix,
        ),
    )
