"""What stands behind the SDKs: a practice model, and cc-proxy in front of it.

The servers run outside the thread of the tests, so that blocking clients and node can use them.
"""

import asyncio
import json
import subprocess
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cc_proxy.app.config import Ollama, Server, Settings
from cc_proxy.app.gateway.answer.keep_alive import KeepAliveTiming
from cc_proxy.app.gateway.context import GatewayContext
from cc_proxy.app.gateway.http.listening import BoundAddress
from cc_proxy.app.gateway.http.server import serve
from cc_proxy.app.practice.journal import Record
from cc_proxy.app.practice.server import PracticeServer
from cc_proxy.tests import environments

KEY = "the-key-of-the-conformance-tests"
# What the installed proxy is configured with; `fast` and `claude-sonnet-4-5` are listed as models.
CONFIGURATION = """\
aliases:
  default: practice
  fast: practice
  claude-sonnet-4-5: practice-think
  claude-haiku-*: practice-vision
"""
SHOWN_ALIASES = ("fast", "claude-sonnet-4-5")
_SECONDS = 120.0

T = TypeVar("T")


class Background:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` there and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS)
        self._loop.close()


@dataclass
class Practice:
    """The practice server, as a thread that is not its own sees it."""

    server: PracticeServer
    background: Background

    @property
    def url(self) -> str:
        """Its base URL."""
        return self.server.url

    def chats(self, after: int = 0) -> list[Record]:
        """Return the records of `/api/chat` with a number above `after`."""
        return [record for record in self.server.chats() if record.number > after]

    def latest(self) -> int:
        """Return the number of the latest record."""
        return max((record.number for record in self.server.journal), default=0)

    def wait_for_token(self, after: int) -> Record:
        """Return the first chat with a number above `after`, once it has said something."""

        def speaks(record: Record) -> bool:
            return record.number > after and record.first_token is not None

        return self.background.run(self.server.wait_for(speaks))

    def wait_for_end(self, after: int) -> Record:
        """Return the first chat with a number above `after`, once it has ended."""

        def ended(record: Record) -> bool:
            chat = record.path == "/api/chat"
            return chat and record.number > after and record.ended_by is not None

        return self.background.run(self.server.wait_for(ended))


@contextmanager
def practice_server() -> Iterator[Practice]:
    """Serve the practice models."""
    background = Background()
    server = background.run(PracticeServer().start())
    try:
        yield Practice(server, background)
    finally:
        background.run(server.stop())
        background.close()


@contextmanager
def installed(command: list[str], upstream: str, folder: Path) -> Iterator[str]:
    """Start the command under test with an environment of its own; give its base URL."""
    configuration = folder / "cc-proxy.user.yaml"
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    environment = environments.clean(
        folder,
        LANG="C.UTF-8",
        CC_PROXY_PORT="0",
        CC_PROXY_AUTH_KEY=KEY,
        CC_PROXY_CONFIG_FILE=str(configuration),
        OLLAMA_BASE_URL=upstream,
    )
    flags = ["--state-dir", str(folder / "run"), "--log-dir", str(folder / "logs"), "--json"]

    def run(name: str) -> dict[str, Any]:
        done = subprocess.run(
            [*command, name, *flags],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, (name, done.stdout, done.stderr)
        data: dict[str, Any] = json.loads(done.stdout)["data"]
        return data

    started = run("start")
    try:
        yield str(started["url"])
    finally:
        run("stop")


@contextmanager
def impatient(practice: Practice) -> Iterator[str]:
    """Serve a gateway that keeps alive after 0.2 seconds and is stalled after 2; give its URL."""
    settings = Settings(
        server=Server(port=0, hold_seconds=0.2),
        ollama=Ollama(base_url=practice.url, timeout_seconds=2.0),
        aliases={"default": "practice"},
    )
    context = GatewayContext(settings, KEY, "impatient", None, "digest")
    stop = asyncio.Event()
    ready: Future[str] = Future()

    async def begin() -> "asyncio.Task[None]":
        def on_ready(bound: BoundAddress) -> None:
            ready.set_result(f"http://{bound.host}:{bound.port}")

        return asyncio.create_task(serve(context, stop, on_ready, drain_seconds=1.0))

    async def end() -> None:
        stop.set()
        await serving

    with pytest.MonkeyPatch.context() as patch:
        # The usual beat is 5 seconds; it is read once, before the server is ready.
        patch.setattr(KeepAliveTiming.__init__, "__defaults__", (10.0, 0.05, 0.2))
        serving = practice.background.run(begin())
        url = ready.result(_SECONDS)
    try:
        yield url
    finally:
        practice.background.run(end())
