"""One demo session: a model, a proxy and a client of their own, and all of it gone afterwards."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.model_names import ANY_CLAUDE
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.cli.claude import environment
from cc_proxy.app.cli.claude import version as claude_version
from cc_proxy.app.cli.output import shell_syntax
from cc_proxy.app.config import LaunchOptions, LoadedConfig, load
from cc_proxy.app.daemon import start, stop
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.start import StartOutcome
from cc_proxy.app.demo import claude_code, client
from cc_proxy.app.demo.display import Display, ProxyLog, SessionTotals, request_data
from cc_proxy.app.demo.events import Event, SessionError, TextEvent
from cc_proxy.app.gateway.routing.models import AUTO_WINDOW, Models
from cc_proxy.app.gateway.storage.fitness_verdicts import PastTests
from cc_proxy.app.practice.engine.base import EngineError, Kind
from cc_proxy.app.practice.model.models import DEFAULT_MODELS
from cc_proxy.app.practice.model.speed import PracticeSpeed
from cc_proxy.app.practice.play import session
from cc_proxy.app.practice.server import PracticeServer
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream

_SHELL = "powershell" if sys.platform == "win32" else "sh"

Write = Callable[[str], None]

# What a program needs of the environment; nothing else is passed on.
_PASSED_ON = frozenset(
    {"PATH", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SHELL"}
    | {"SYSTEMROOT", "COMSPEC", "PATHEXT", "WINDIR", "APPDATA", "LOCALAPPDATA"}
)
_MARKER = re.compile(r"(?<!\s)\s*\[practice: demo\]")
_PRACTICE_ONLY = (
    "A practice model answered: it plays a fixed script, and no real model was asked.",
    "With a real one: cc-proxy claude. Which one fits your machine: cc-proxy models recommend",
)


@dataclass(frozen=True)
class DemoUpstream:
    """A real Ollama that answers: the configuration that leads there, and the model."""

    loaded: LoadedConfig
    target: Target


@dataclass(frozen=True)
class DemoPlan:
    """The parts of a demo.

    `claude` is the command of Claude Code, None for the built-in client; `upstream` a real
    Ollama, None for the practice model with its `speed`.
    """

    claude: str | None
    upstream: DemoUpstream | None
    speed: PracticeSpeed


async def find_upstream(
    loaded: LoadedConfig, tests: PastTests | None = None
) -> tuple[DemoUpstream | None, str]:
    """Return the Ollama of a configuration with the model for Claude Code, or why there is none.

    `tests` decide the choice of a default model.
    """
    settings = loaded.settings
    try:
        async with OllamaUpstream.configured(settings) as ollama:
            target = await Models(settings, Upstreams(ollama), tests).target(ANY_CLAUDE)
    except (ApiError, UpstreamError) as error:
        return None, error.message
    if target.model.is_practice:
        return None, f"{settings.ollama.base_url} is the practice server, not a real Ollama."
    return DemoUpstream(loaded, target), ""


async def serve(
    port: int, speed: PracticeSpeed, write: Write, engine: Kind = "rules"
) -> dict[str, object]:
    """Serve the practice model alone, until it is cancelled.

    Raises:
        SessionError: the port cannot be bound, or the engine is not installed.

    """
    display = Display(write, "the client")
    try:
        practice = PracticeServer(port, speed=speed, engine=engine, observer=display.on_record)
        async with practice as server:
            write(f"The practice model serves at {server.url}: it plays scripts, no real model.")
            for line in shell_syntax.lines(_SHELL, {"OLLAMA_BASE_URL": server.url}, ()):
                write(line)
            write(f"What it was asked: {server.url}/practice/journal")
            display.header()
            await asyncio.Event().wait()
    except EngineError as error:
        raise SessionError(str(error)) from error
    except OSError as error:
        raise SessionError(
            f"The practice model cannot listen on port {port}: {error.strerror}.",
            hint="Choose another port, or none: then any free one is taken.",
        ) from error
    return {}


async def play(plan: DemoPlan, write: Write) -> dict[str, object]:
    """Play a demo, writing each line as it happens; return its data for `--json`.

    Raises:
        CcProxyError: a part of the chain did not start, or the session did not come to its end.

    """
    _cancel_on_sigterm()
    with TemporaryDirectory(prefix="cc-proxy-demo-", ignore_cleanup_errors=True) as folder:
        base = Path(folder)
        for name in ("home", "tmp", "project"):
            (base / name).mkdir()
        display = Display(write, "Claude Code" if plan.claude else "the client")
        if plan.upstream is not None:
            url = plan.upstream.loaded.settings.ollama.base_url
            return await _through_proxy(plan, url, base, display)
        async with PracticeServer(speed=plan.speed, observer=display.on_record) as practice:
            data = await _through_proxy(plan, practice.url, base, display)
        totals = SessionTotals.of(display.requests)
        for line in ("", *totals.lines(), "", *_PRACTICE_ONLY):
            write(line)
        requests = [request_data(record) for record in display.requests]
        return data | {"requests": requests, "totals": vars(totals)}


def _cancel_on_sigterm() -> None:
    """Let SIGTERM end the demo as Ctrl-C does: with everything that it has started."""
    task = asyncio.current_task()
    if sys.platform != "win32" and task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _through_proxy(
    plan: DemoPlan, upstream: str, base: Path, display: Display
) -> dict[str, object]:
    environ = _environment(base)
    paths = Paths(state_dir=base / "run", log_dir=base / "logs")
    async with _proxy(plan, paths, environ | {"OLLAMA_BASE_URL": upstream}) as started:
        version = await claude_code.version(plan.claude, environ) if plan.claude else None
        who = f"Claude Code {version}" if version else "the built-in client (no Claude Code)"
        name = "Ollama" if plan.upstream else "the practice model"
        display.write(f"{who} -> cc-proxy at {started.state.url} -> {name} at {upstream}")
        if plan.upstream is None:
            display.write("The practice model plays a fixed script: no real model is asked.")
        display.write("")
        log = ProxyLog(paths.log_file, display) if plan.upstream else None
        display.header(practice=log is None)
        answer = ""
        async with aclosing(_events(plan, started, environ, base / "project")) as events:
            async for event in events:
                if log is not None:
                    log.catch_up()
                display.on_event(event)
                answer = event.text if isinstance(event, TextEvent) else answer
    if log is not None:
        log.catch_up()
    if not (base / "project" / "greet.py").is_file():
        raise SessionError(
            "The session ended without writing its file, greet.py.",
            hint="The model's answer is above.",
        )
    return {
        "practice": plan.upstream is None,
        "client": "claude" if plan.claude else "built-in",
        "client_version": version,
        "answer": answer,
    }


def _events(
    plan: DemoPlan, started: StartOutcome, environ: Mapping[str, str], project: Path
) -> AsyncGenerator[Event, None]:
    if plan.upstream is None:
        model, window, prompt = DEFAULT_MODELS[0].name, AUTO_WINDOW, session.PROMPT
    else:
        target = plan.upstream.target
        model, window, prompt = target.model.name, target.window, _MARKER.sub("", session.PROMPT)
    url, key = started.state.url, started.auth_key
    if plan.claude is None:
        return client.session(url, key, prompt, model=model, folder=project)
    models = environment.SessionModels(main=model, haiku=model, window=window)
    version = claude_version.of(plan.claude)
    changes = environment.changes(environ, url=url, key=key, models=models, version=version)
    for_claude = changes.applied_to(environ) | {"DISABLE_AUTOUPDATER": "1"}
    tools = claude_code.REAL_TOOLS if plan.upstream else claude_code.PRACTICE_TOOLS
    return claude_code.session(plan.claude, prompt, environ=for_claude, folder=project, tools=tools)


@asynccontextmanager
async def _proxy(
    plan: DemoPlan, paths: Paths, environ: Mapping[str, str]
) -> AsyncIterator[StartOutcome]:
    """Start a proxy as `cc-proxy start` does, with folders and a port of its own; stop it."""
    if plan.upstream is not None:
        environ = os.environ
        loaded = load(
            config_file=plan.upstream.loaded.path, options=LaunchOptions(port=0), environ=environ
        )
    else:
        loaded = load(options=LaunchOptions(port=0), environ=environ)
    try:
        try:
            started = await asyncio.to_thread(start.in_background, paths, loaded, environ=environ)
        except DaemonError as error:
            # Its own hint names a log that is about to be removed.
            raise SessionError(
                error.message, hint="See whether this works: cc-proxy start"
            ) from error
        yield started
    finally:
        # If a Ctrl-C came during the start, this waits for it: both take the same lock.
        await asyncio.to_thread(stop.stop, paths, key=None)


def _environment(base: Path) -> dict[str, str]:
    """Return a clean environment, so that nobody's settings and logins take part."""
    home, temporary = str(base / "home"), str(base / "tmp")
    passed_on = {name: value for name, value in os.environ.items() if name in _PASSED_ON}
    homes = dict.fromkeys(("HOME", "USERPROFILE"), home)
    # Claude Code leaves files in the folder for temporary ones.
    return passed_on | homes | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), temporary)
