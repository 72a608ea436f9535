"""One demo session: a model, a proxy and a client of their own, and all of it gone afterwards."""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from cc_proxy.app.cli import claude_environment
from cc_proxy.app.config import load
from cc_proxy.app.daemon import start, stop
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.start import Started
from cc_proxy.app.demo import claude_code, client, session
from cc_proxy.app.demo.display import Display, Totals, request_data
from cc_proxy.app.demo.events import Event, Said, SessionError
from cc_proxy.app.demo.models import DEFAULT_MODELS
from cc_proxy.app.demo.server import PracticeServer
from cc_proxy.app.demo.speed import Speed
from cc_proxy.app.gateway.models import AUTO_WINDOW
from cc_proxy.app.translate.request import Target

# What a program needs from the environment that it was started in; nothing else is passed on.
_PASSED_ON = frozenset(
    {"PATH", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SHELL"}
    | {"SYSTEMROOT", "COMSPEC", "PATHEXT", "TEMP", "TMP", "WINDIR", "APPDATA", "LOCALAPPDATA"}
)
_MARKER = re.compile(r"\s*\[practice: demo\]")


@dataclass(frozen=True)
class Upstream:
    """A real Ollama that answers, and the model there."""

    url: str
    target: Target


@dataclass(frozen=True)
class Plan:
    """What a demo uses. `claude` is the command of Claude Code, None for the built-in client;
    `upstream` a real Ollama, None for the practice model with its `speed`.
    """

    claude: str | None
    upstream: Upstream | None
    speed: Speed


@dataclass
class Outcome:
    """What became of a demo, for `--json`."""

    data: dict[str, object] = field(default_factory=dict)


async def lines(plan: Plan, outcome: Outcome) -> AsyncGenerator[str, None]:
    """Play a demo and yield what a person should see, as it happens.

    Raises:
        CcProxyError: a part of the chain did not start, or the session did not come to its end.

    """
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    playing = asyncio.create_task(_play(plan, outcome, queue.put_nowait))
    playing.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while (line := await queue.get()) is not None:
            yield line
        await playing
    finally:
        # Also on Ctrl-C: everything that was started ends before the command does.
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


async def _play(plan: Plan, outcome: Outcome, write: Callable[[str], None]) -> None:
    with TemporaryDirectory(prefix="cc-proxy-demo-", ignore_cleanup_errors=True) as folder:
        base = Path(folder)
        project = base / "project"
        project.mkdir()
        who = "Claude Code" if plan.claude else "the built-in client"
        display = Display(write, who)
        if plan.upstream is None:
            async with PracticeServer(speed=plan.speed, observer=display.on_record) as practice:
                await _through_proxy(plan, practice.url, base, display, outcome)
            totals = Totals.of(display.requests)
            outcome.data["requests"] = [request_data(record) for record in display.requests]
            outcome.data["totals"] = vars(totals)
            for line in ("", *totals.lines(), "", *_PRACTICE_ONLY):
                write(line)
        else:
            await _through_proxy(plan, plan.upstream.url, base, display, outcome)


_PRACTICE_ONLY = (
    "A practice model answered: it plays a fixed script, and no real model was asked.",
    "With a real one: ollama pull qwen3-coder:30b, then: cc-proxy claude",
)


async def _through_proxy(
    plan: Plan, upstream: str, base: Path, display: Display, outcome: Outcome
) -> None:
    environ = _environment(base / "home")
    async with _proxy(base, environ | {"OLLAMA_BASE_URL": upstream}) as started:
        chain = await _introduce(plan, upstream, started, environ, display)
        outcome.data |= chain
        said = ""
        async with aclosing(_events(plan, started, environ, base / "project")) as events:
            async for event in events:
                display.on_event(event)
                if isinstance(event, Said):
                    said = event.text
        outcome.data["said"] = said
        if not (base / "project" / "greet.py").is_file():
            raise SessionError(
                "The session ended without the file it was to write.",
                hint="Run it again; if it stays so, look at what the model said above.",
            )


async def _introduce(
    plan: Plan,
    upstream: str,
    started: Started,
    environ: Mapping[str, str],
    display: Display,
) -> dict[str, object]:
    practice = plan.upstream is None
    name = "the practice model" if practice else "Ollama"
    version = await claude_code.version(plan.claude, environ) if plan.claude else None
    who = f"Claude Code {version}" if version else "the built-in client (no Claude Code found)"
    display.write(f"{who} -> cc-proxy at {started.state.url} -> {name} at {upstream}")
    display.write("")
    if practice:
        display.header()
    return {
        "practice": practice,
        "client": "claude" if plan.claude else "built-in",
        "client_version": version,
        "proxy": started.state.url,
        "upstream": upstream,
    }


def _events(
    plan: Plan, started: Started, environ: Mapping[str, str], project: Path
) -> AsyncGenerator[Event, None]:
    if plan.upstream is None:
        model, window, prompt = DEFAULT_MODELS[0].name, AUTO_WINDOW, session.PROMPT
    else:
        target = plan.upstream.target
        model, window, prompt = target.model.name, target.window, _MARKER.sub("", session.PROMPT)
    url, key = started.state.url, started.auth_key
    if plan.claude is None:
        return client.session(url, key, prompt, model=model, folder=project)
    models = claude_environment.Models(main=model, haiku=model, window=window)
    changes = claude_environment.changes(environ, url=url, key=key, models=models)
    for_claude = changes.applied_to(environ) | {"DISABLE_AUTOUPDATER": "1"}
    return claude_code.session(plan.claude, prompt, environ=for_claude, folder=project)


@asynccontextmanager
async def _proxy(base: Path, environ: Mapping[str, str]) -> AsyncIterator[Started]:
    """Start a proxy as `cc-proxy start` does, with folders and a port of its own; stop it."""
    paths = Paths(state_dir=base / "run", log_dir=base / "logs")
    loaded = load(port=0, environ=environ)
    try:
        yield await asyncio.to_thread(start.in_background, paths, loaded, environ=environ)
    finally:
        # If a Ctrl-C came during the start, this waits for it: both hold the same lock.
        await asyncio.to_thread(stop.stop, paths, key=None)


def _environment(home: Path) -> dict[str, str]:
    """Return a clean environment, so that nobody's settings and logins take part."""
    home.mkdir(mode=0o700)
    passed_on = {name: value for name, value in os.environ.items() if name in _PASSED_ON}
    return passed_on | {"HOME": str(home), "USERPROFILE": str(home)}
