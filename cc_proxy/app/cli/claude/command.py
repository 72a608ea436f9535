"""`cc-proxy claude`: Claude Code, on your own models."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cc_proxy.app.claude_needs import ENOUGH_WINDOW
from cc_proxy.app.cli import common
from cc_proxy.app.cli.claude import (
    beginning,
    client_options,
    launch,
    preloading,
    process,
    proxy,
    resuming,
    version,
)
from cc_proxy.app.cli.claude.auto import session_models
from cc_proxy.app.cli.claude.environment import SessionModels, without_keys
from cc_proxy.app.cli.claude.launch import ClientArguments, Endpoint, Launch
from cc_proxy.app.cli.claude.profiles import PROFILES, Profile, for_window, in_window
from cc_proxy.app.cli.claude.proxy_url import ProxyUrl
from cc_proxy.app.cli.claude.settings import diversion_notices
from cc_proxy.app.cli.completion import suggest_flag
from cc_proxy.app.cli.models import choice
from cc_proxy.app.cli.output import report, shell_syntax
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import NO_UPSTREAM, ErrorItem, Result, show
from cc_proxy.app.cli.value_types import OneOf
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.config import LoadedConfig
    from cc_proxy.app.control.listing import ListedModel
    from cc_proxy.app.daemon.start import StartOutcome

NAME = "claude"
_SEE_MODELS = "See what is pulled, and what it can do: cc-proxy models"
# Loading a catalogue of models, or a disk that sleeps, may take Ollama a while.
_ASK_SECONDS = 15.0
# A person waits for their session meanwhile.
_LIST_SECONDS = 1.5
_DEFAULT_SHELL = "powershell" if sys.platform == "win32" else "sh"


class ClaudeError(CcProxyError):
    """Claude Code cannot be started; `code` says why."""


@common.define(NAME, ignore_unknown_options=True)
@click.option(
    "--model",
    metavar="NAME",
    shell_complete=common.model_names,
    help="An alias, or a model of Ollama's.",
)
@click.option(
    "--profile",
    type=OneOf(list(PROFILES)),
    help="How much Claude Code sends; lean and bare suit machines that read slowly.",
)
@click.option("--claude-bin", metavar="PATH", help="The Claude Code to run.")
@click.option(
    "--auto",
    is_flag=True,
    help="Begin in auto mode: a model of yours, measured before, judges each action.",
)
@click.option(
    "--start-if-needed/--no-start-if-needed",
    default=True,
    show_default=True,
    help="Start the proxy if it does not run.",
)
@click.option("--print-env", is_flag=True, help="Show what would be set, and run nothing.")
@click.option(
    "--shell",
    type=OneOf(shell_syntax.SHELLS),
    help="Write --print-env for this shell; sh if not named, on Windows powershell.",
)
@click.option(
    "--url",
    type=ProxyUrl(),
    metavar="URL",
    help="With --print-env: the proxy's address as another machine or a container reaches it.",
)
@click.argument(
    "arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS OF CLAUDE CODE...]"
)
def command(  # noqa: PLR0913 - the flags
    shared: common.Common,
    *,
    model: str | None,
    profile: str | None,
    claude_bin: str | None,
    auto: bool,
    start_if_needed: bool,
    print_env: bool,
    shell: str | None,
    url: str | None,
    arguments: tuple[str, ...],
) -> Result:
    """Run Claude Code on your own models; starts the proxy if needed.

    Options of Claude Code go to Claude Code: -p, -c, --resume. So does all that follows --.

    With several models and none configured you are asked for one, and with none
    which one to pull. A proxy that dies while Claude Code runs is started again. With --print-env
    nothing is run: eval "$(cc-proxy claude --print-env)" has the shell set it all.

    Example: cc-proxy claude --model qwen3:4b -p "What is in this folder?"
    """
    _check_usage(shared, print_env=print_env, shell=shell, url=url, arguments=arguments)
    loaded = shared.load()
    named_client = claude_bin or loaded.settings.claude.bin
    program = None if print_env else _program(named_client)
    if program is not None and not client_options.is_session(arguments):
        environ = without_keys(os.environ, loaded.settings)
        return Result(NAME, exit_code=process.become(program, list(arguments), environ))
    given = ClientArguments.parse(arguments)
    proxy.refuse_other_file(shared, loaded)
    running = None if start_if_needed else proxy.running(shared, loaded)
    flags = resuming.own_flags(
        shared, model=model, profile=profile, claude_bin=claude_bin, auto=auto
    )
    is_default = model is None
    if model is None:
        model = choice.choose_model(shared, loaded, may_ask=not print_env)
        loaded = shared.load()  # the choice may have been written down
        is_default = model is None
    started = running or proxy.start(shared, loaded)
    models = _models(shared, loaded, started, model)
    client = version.of_named(named_client)
    models, judged = session_models(shared, loaded, models, client, auto=auto)
    endpoint = Endpoint(
        url or started.state.url,
        started.auth_key,
        models,
        client,
        None if client_options.prints(arguments) else lambda: _listed(started),
        shows_status_line=loaded.settings.claude.status_line,
    )
    used = PROFILES[profile or loaded.settings.claude.profile]
    diversion_notices.refuse_unchecked(os.environ, Path.cwd())
    prepared = launch.prepare(endpoint, used.arguments, given, None if url else shared.paths())
    warnings = (*report.alias_slips(loaded), *_warnings(started, models), *judged)
    if is_default and (unfit := choice.unfit_default(shared, loaded, models.main)):
        warnings += (unfit,)
    if url or (print_env and loaded.settings.server.tls_certificate):
        from cc_proxy.app.cli.claude import other_machines  # noqa: PLC0415 - it brings aiohttp

        about = other_machines.notes(url, loaded.settings.server, started.state.port)
        prepared, warnings = about.added_to(prepared, warnings)
    if program is None:
        warnings += diversion_notices.bare_warnings(prepared.diverting)
        return _shown(prepared, shell or _DEFAULT_SHELL, warnings)
    diversion_notices.refuse(prepared.diverting, is_merged=given.settings is not None)
    _refuse_without_tools(models, arguments)
    warnings += diversion_notices.warnings(prepared.diverting)
    # Loading a model takes as long as a person needs to type; the first request joins it.
    session, key = beginning.session(arguments), started.auth_key
    warnings += preloading.session_models(started.state, key, models, session)
    show(
        Result(NAME, lines=_greeting(started, models, used, arguments), warnings=warnings),
        as_json=False,
    )
    if start_if_needed:
        _guard(shared, started)
    environ = prepared.variables.applied_to(without_keys(os.environ, loaded.settings))
    return _session(program, prepared.arguments, environ, endpoint.client, flags)


def _check_usage(
    shared: common.Common,
    *,
    print_env: bool,
    shell: str | None,
    url: str | None,
    arguments: tuple[str, ...],
) -> None:
    for flag in suggest_flag.FLAGS[NAME]:
        if client_options.has(arguments, flag):
            raise click.NoSuchOption(flag, ctx=click.get_current_context())
    if shared.json and not print_env:
        raise click.UsageError(
            "Expected --print-env with --json, found --json alone: Claude Code prints its own."
        )
    if shell is not None and not print_env:
        raise click.UsageError("Expected --print-env with --shell, found --shell alone.")
    if url is not None and not print_env:
        raise click.UsageError("Expected --print-env with --url, found --url alone.")


def _session(
    program: str,
    arguments: list[str],
    environ: dict[str, str],
    client: version.Version | None,
    flags: resuming.OwnFlags,
) -> Result:
    environ |= resuming.hint()
    if resuming.says_it_itself(client, flags) or not resuming.is_resumable(arguments):
        return Result(NAME, exit_code=process.become(program, arguments, environ))
    since = time.time()
    code = process.run(program, arguments, environ)
    if line := resuming.line(flags, os.environ, Path.cwd(), since):
        show(Result(NAME, lines=(line,)), as_json=False)
    process.end(code)
    return Result(NAME, exit_code=code)


def _program(named: str) -> str:
    found = version.locate(named)
    if found is None:
        raise ClaudeError(
            f"Expected Claude Code as {named!r}, found no such program.",
            code="claude_not_found",
            hint="Install it: npm install -g @anthropic-ai/claude-code"
            " (or name it: --claude-bin PATH, claude.bin in the configuration)",
        )
    return found


def _models(
    shared: common.Common, loaded: "LoadedConfig", started: "StartOutcome", model: str | None
) -> SessionModels:
    try:
        return _asked(loaded, started, model)
    except ClaudeError:
        if not shared.json:
            # A running proxy still has the settings from before the file was repaired.
            show(Result(NAME, warnings=_notices(started)), as_json=False)
        raise


def _asked(loaded: "LoadedConfig", started: "StartOutcome", model: str | None) -> SessionModels:
    from cc_proxy.app.config import resolve_model  # noqa: PLC0415 - not for `--help`
    from cc_proxy.app.control import health  # noqa: PLC0415 - as above

    state = started.state
    with waiting("Asking Ollama"):
        probe = health.ask(
            state.host,
            state.port,
            started.auth_key,
            upstream=True,
            model=model,
            timeout_seconds=_ASK_SECONDS,
        )
    answer = probe.health
    if answer is None or answer.upstream is None or answer.default_model is None:
        raise ClaudeError(
            f"The proxy at {state.url} does not say how it is ({probe.outcome}).",
            code="not_answering",
            hint="Look at its log: cc-proxy logs",
        )
    if not answer.upstream.reachable:
        raise ClaudeError(
            answer.upstream.error or f"Ollama does not answer at {answer.upstream.url}.",
            code="upstream_unreachable",
            exit_code=NO_UPSTREAM,
            hint=report.after_change(answer.upstream),
        )
    main = answer.default_model
    if main.name is None or main.context_window is None:
        text = main.error or "No model is there to answer."
        hint = None if "`cc-proxy models`" in text else _SEE_MODELS
        raise ClaudeError(text, code="no_model", hint=hint)
    haiku = main.name if model else resolve_model(loaded.settings.aliases, "claude-haiku-4-5")
    return SessionModels(
        main=main.name,
        haiku=haiku or main.name,
        window=main.context_window,
        can_use_tools=main.can_use_tools is not False,
        read_speed=main.tokens_read_per_second,
    )


def _listed(started: "StartOutcome") -> "list[ListedModel]":
    from cc_proxy.app.control import listing  # noqa: PLC0415 - not for `--help`

    state = started.state
    return listing.models(state.host, state.port, started.auth_key, seconds=_LIST_SECONDS)


def _notices(started: "StartOutcome") -> tuple[ErrorItem, ...]:
    return tuple(ErrorItem.of(notice) for notice in started.notices)


def _warnings(started: "StartOutcome", models: SessionModels) -> Iterator[ErrorItem]:
    yield from _notices(started)
    if not models.can_use_tools:
        yield report.no_tools(models.main)
    if models.window < ENOUGH_WINDOW:
        yield _small_window(models.main, models.window)


def _refuse_without_tools(models: SessionModels, arguments: tuple[str, ...]) -> None:
    """Say now what Claude Code would say only after the first prompt has been typed."""
    # With `--tools ""` there is a session that takes none.
    if not models.can_use_tools and not client_options.has(arguments, "--tools"):
        item = report.no_tools(models.main)
        raise ClaudeError(item.message, code=item.code, hint=item.hint)


def _greeting(
    started: "StartOutcome", models: SessionModels, profile: Profile, arguments: Sequence[str]
) -> tuple[str, ...]:
    if not sys.stdout.isatty():
        return ()
    line = f"{models.main}, {models.window:,} tokens, through {started.state.url}"
    return line, *beginning.first_answer(models.read_speed, profile.first_tokens, arguments)


def _small_window(name: str, window: int) -> ErrorItem:
    return ErrorItem(
        "small_window",
        f"{name} has a window of {window:,} tokens; Claude Code works well from"
        f" {ENOUGH_WINDOW:,} on, and {in_window(window)}.",
        f"Set context_window for it in the configuration, if the model allows more (ollama show"
        f" {name}); if not: {for_window(window)}",
    )


def _shown(prepared: Launch, shell: str, warnings: tuple[ErrorItem, ...]) -> Result:
    variables, arguments = prepared.variables, prepared.arguments
    lines = shell_syntax.lines(shell, variables.set, variables.unset)
    told = f"# cc-proxy claude runs: {shell_syntax.command_line(shell, [NAME, *arguments])}"
    data: dict[str, object] = {
        "set": variables.set,
        "unset": list(variables.unset),
        "arguments": arguments,
    }
    return Result(NAME, data=data, lines=(*lines, told), warnings=warnings)


def _guard(shared: common.Common, started: "StartOutcome") -> None:
    from cc_proxy.app.daemon import guard  # noqa: PLC0415 - not for `--help`

    try:
        guard.spawn_watchdog(shared.paths(), started.state.port)
    except OSError as error:  # a session without a guard is still a session
        text = f"If the proxy dies, it will not be started again: {error}."
        show(Result(NAME, warnings=(ErrorItem("no_guard", text),)), as_json=False)
