"""`cc-proxy claude`: Claude Code, on your own models."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cc_proxy.app.claude_needs import ENOUGH_WINDOW
from cc_proxy.app.cli import common
from cc_proxy.app.cli.claude import preloading, version
from cc_proxy.app.cli.claude.environment import Changes, Models, changes
from cc_proxy.app.cli.claude.profiles import PROFILES, for_window, in_window
from cc_proxy.app.cli.claude.proxy_url import ProxyUrl, not_its_own
from cc_proxy.app.cli.models import choice
from cc_proxy.app.cli.output import report, shell_syntax
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import NO_UPSTREAM, NOT_RUNNING, ErrorItem, Result, show
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.config import Loaded
    from cc_proxy.app.daemon.start import Started

NAME = "claude"
# Loading a catalogue of models, or a disk that sleeps, may take Ollama a while.
_ASK_SECONDS = 15.0
_DEFAULT_SHELL = "powershell" if sys.platform == "win32" else "sh"
# Anything else is a session, a bare prompt too: a small command that goes through the proxy for
# nothing does no harm, a prompt that does not go through it would leave the machine.
_NO_SESSION = frozenset(
    {"-h", "--help", "-v", "--version"}
    | {"agents", "attach", "auth", "auto-mode", "doctor", "gateway", "import", "install", "kill"}
    | {"logs", "mcp", "plugin", "plugins", "project", "purge", "respawn", "rm", "setup-token"}
    | {"stop", "update", "upgrade"}
)
# With one of these the person, or a script, has said how permissions are to be asked for.
_PERMISSION_FLAGS = ("--permission-mode", "--dangerously-skip-permissions")


class ClaudeError(CcProxyError):
    """Claude Code cannot be started; `code` says why."""


@common.define(NAME)
@click.option(
    "--model",
    metavar="NAME",
    shell_complete=common.model_names,
    help="An alias, or a model of Ollama's.",
)
@click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    help="How much Claude Code sends; lean and bare suit machines that read slowly.",
)
@click.option("--claude-bin", metavar="PATH", help="The Claude Code to run.")
@click.option(
    "--start-if-needed/--no-start-if-needed",
    default=True,
    show_default=True,
    help="Start the proxy if it does not run.",
)
@click.option("--print-env", is_flag=True, help="Show what would be set, and run nothing.")
@click.option(
    "--shell",
    type=click.Choice(shell_syntax.SHELLS),
    help="Write --print-env for this shell; sh if not named, on Windows powershell.",
)
@click.option(
    "--url",
    type=ProxyUrl(),
    metavar="URL",
    help="With --print-env: the proxy's address as another machine or a container reaches it.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGUMENTS...]")
def command(  # noqa: PLR0913 - the flags
    shared: common.Common,
    *,
    model: str | None,
    profile: str | None,
    claude_bin: str | None,
    start_if_needed: bool,
    print_env: bool,
    shell: str | None,
    url: str | None,
    arguments: tuple[str, ...],
) -> Result:
    """Run Claude Code on your own models; starts the proxy if needed.

    With several models and none configured you are asked which one it is to be, and with none
    which one to pull. A proxy that dies while Claude Code runs is started again. With --print-env
    nothing is run: eval "$(cc-proxy claude --print-env)" has the shell set it all.

    Example: cc-proxy claude --model qwen3:4b -- -p "What is in this folder?"
    """
    if shared.json and not print_env:
        raise click.UsageError("--json goes with --print-env: what Claude Code prints is its own.")
    if shell is not None and not print_env:
        raise click.UsageError("--shell goes with --print-env.")
    if url is not None and not print_env:
        raise click.UsageError("--url goes with --print-env.")
    loaded = shared.load()
    program = None if print_env else _program(claude_bin or loaded.settings.claude.bin)
    if program is not None and not _is_session(arguments):
        return become(program, list(arguments), dict(os.environ))
    running = None if start_if_needed else _running(shared, loaded)
    if model is None:
        model = choice.chosen(shared, loaded, may_ask=not print_env)
        loaded = shared.load()  # the choice may have been written down
    started = running or _start(shared, loaded)
    models = _models(shared, loaded, started, model)
    wanted = changes(
        os.environ,
        url=url or started.state.url,
        key=started.auth_key,
        models=models,
        version=_version(claude_bin or loaded.settings.claude.bin),
    )
    warnings = (*report.alias_slips(loaded), *_warnings(started, models))
    if url and (refused := not_its_own(url, loaded.settings.server.allowed_hosts)):
        warnings += (refused,)
    chosen = PROFILES[profile or loaded.settings.claude.profile]
    first = (*chosen.arguments, *_mode(arguments))
    if program is None:
        return _shown(wanted, first, shell or _DEFAULT_SHELL, warnings)
    _refuse_without_tools(models, arguments)
    # Loading a model takes as long as a person needs to type; the first request joins it.
    key, folder = started.auth_key, str(Path.cwd())
    if trouble := preloading.in_background(started.state, key, models.main, folder=folder):
        warnings += (trouble,)
    show(Result(NAME, lines=_greeting(started, models), warnings=warnings), as_json=False)
    if start_if_needed:
        _guard(shared, started)
    return become(program, [*first, *arguments], wanted.applied_to(os.environ))


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


def _version(named: str) -> version.Version | None:
    found = version.locate(named)
    return version.of(found) if found else None


def _start(shared: common.Common, loaded: "Loaded") -> "Started":
    from cc_proxy.app.daemon import start  # noqa: PLC0415 - not for `--help`

    with waiting("Starting cc-proxy"):
        return start.in_background(shared.paths(), loaded, environ=os.environ)


def _running(shared: common.Common, loaded: "Loaded") -> "Started":
    from cc_proxy.app.daemon import auth_key, confirm, start  # noqa: PLC0415 - as above
    from cc_proxy.app.daemon.process import running  # noqa: PLC0415 - as above

    paths = shared.paths()
    state = running.look(paths).state
    key = auth_key.known(loaded.settings, paths, os.environ)
    health = confirm.confirm(state, key, timeout_seconds=_ASK_SECONDS) if state and key else None
    if state is None or key is None or health is None:
        raise ClaudeError(
            "Expected a running cc-proxy, found none.",
            code="not_running",
            exit_code=NOT_RUNNING,
            hint="cc-proxy start",
        )
    return start.Started(state, health, key, already_running=True)


def _models(
    shared: common.Common, loaded: "Loaded", started: "Started", model: str | None
) -> Models:
    try:
        return _asked(loaded, started, model)
    except ClaudeError:
        if not shared.json:
            # A file that was mended is no help to a proxy that runs on what it was before.
            show(Result(NAME, warnings=_notices(started)), as_json=False)
        raise


def _asked(loaded: "Loaded", started: "Started", model: str | None) -> Models:
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
            f"The proxy at {state.url} does not say how it is ({probe.standing}).",
            code="not_answering",
            hint="Look at its log: cc-proxy logs",
        )
    if not answer.upstream.reachable:
        raise ClaudeError(
            answer.upstream.error or f"Ollama does not answer at {answer.upstream.url}.",
            code="upstream_unreachable",
            exit_code=NO_UPSTREAM,
            hint=f"{answer.upstream.hint or 'Start it with `ollama serve`.'} After another"
            " OLLAMA_BASE_URL: cc-proxy restart",
        )
    main = answer.default_model
    if main.name is None or main.context_window is None:
        raise ClaudeError(
            main.error or "No model is there to answer.",
            code="no_model",
            hint="See what is pulled, and what it can do: cc-proxy models",
        )
    haiku = main.name if model else resolve_model(loaded.settings.aliases, "claude-haiku-4-5")
    return Models(
        main=main.name,
        haiku=haiku or main.name,
        window=main.context_window,
        can_use_tools=main.can_use_tools is not False,
    )


def _notices(started: "Started") -> tuple[ErrorItem, ...]:
    return tuple(ErrorItem.of(notice) for notice in started.notices)


def _warnings(started: "Started", models: Models) -> Iterator[ErrorItem]:
    yield from _notices(started)
    if not models.can_use_tools:
        yield report.no_tools(models.main)
    if models.window < ENOUGH_WINDOW:
        yield _small_window(models.main, models.window)


def _refuse_without_tools(models: Models, arguments: tuple[str, ...]) -> None:
    """Say now what Claude Code would say only after the first prompt has been typed."""
    # With `--tools ""` there is a session that takes none.
    if not models.can_use_tools and not _given(arguments, "--tools"):
        item = report.no_tools(models.main)
        raise ClaudeError(item.message, code=item.code, hint=item.hint)


def _greeting(started: "Started", models: Models) -> tuple[str, ...]:
    if not sys.stdout.isatty():
        return ()
    return (f"{models.main}, {models.window} tokens, through {started.state.url}",)


def _small_window(name: str, window: int) -> ErrorItem:
    return ErrorItem(
        "small_window",
        f"{name} has a window of {window:,} tokens; Claude Code works well from"
        f" {ENOUGH_WINDOW:,} on, and {in_window(window)}.",
        f"Set context_window for it in the configuration, if the model allows more (ollama show"
        f" {name}); if not: {for_window(window)}",
    )


def _mode(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return the permission mode to begin in, where the person has named none.

    In Claude Code's auto mode the server judges each action, which no local model may be made
    to do; so it is the mode that asks the person.
    """
    return () if _given(arguments, *_PERMISSION_FLAGS) else ("--permission-mode", "default")


def _given(arguments: tuple[str, ...], *flags: str) -> bool:
    return any(argument.split("=")[0] in flags for argument in arguments)


def _is_session(arguments: tuple[str, ...]) -> bool:
    """Tell whether a model will be asked, or only one of the program's small commands is run."""
    return not arguments or arguments[0] not in _NO_SESSION


def become(program: str, arguments: list[str], environ: dict[str, str]) -> Result:
    """Go on as Claude Code; return only where no process can become another one.

    Raises:
        ClaudeError: it does not run here.

    """
    try:
        if sys.platform == "win32":
            return Result(NAME, exit_code=_run(program, arguments, environ))
        # Keys, signals and the exit code are Claude Code's own from here on.
        os.execve(program, [program, *arguments], environ)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise ClaudeError(
            f"Expected {program} to be a program that runs here, found: {error.strerror}.",
            code="claude_not_started",
            hint="See what happens without cc-proxy: " + shlex.join([program, "--version"]),
        ) from error
    raise AssertionError  # execve does not return


def _run(program: str, arguments: list[str], environ: dict[str, str]) -> int:
    """Run Claude Code where no process can become another one; return its exit code."""
    # Ctrl-C reaches both. It is for Claude Code, and subprocess.run would kill that after it.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        # The program is the one that the person has named or installed.
        return subprocess.run([program, *arguments], env=environ, check=False).returncode  # noqa: S603
    finally:
        signal.signal(signal.SIGINT, before)


def _shown(
    wanted: Changes, first: tuple[str, ...], shell: str, warnings: tuple[ErrorItem, ...]
) -> Result:
    lines = shell_syntax.lines(shell, wanted.set, wanted.unset)
    told = f"# cc-proxy claude runs: {shell_syntax.command_line(shell, [NAME, *first])}"
    data: dict[str, object] = {
        "set": wanted.set,
        "unset": list(wanted.unset),
        "arguments": list(first),
    }
    return Result(NAME, data=data, lines=(*lines, told), warnings=warnings)


def _guard(shared: common.Common, started: "Started") -> None:
    from cc_proxy.app.daemon import guard  # noqa: PLC0415 - not for `--help`

    try:
        guard.beside_this_process(shared.paths(), started.state.port)
    except OSError as error:  # a session without a guard is still a session
        text = f"If the proxy dies, it will not be started again: {error}."
        show(Result(NAME, warnings=(ErrorItem("no_guard", text),)), as_json=False)
