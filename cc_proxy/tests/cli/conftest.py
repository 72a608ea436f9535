"""cc-proxy as a person runs it: a process of its own, in a home of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app.daemon.process import identity
from cc_proxy.tests import contract, environments

SECONDS = 300
# On Windows os.kill ends a process at once, whatever the signal.
KILL = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL


@dataclass(frozen=True)
class Ran:
    """How one run of cc-proxy went."""

    code: int
    out: str
    err: str

    @property
    def envelope(self) -> dict[str, Any]:
        """The one object on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def error(self) -> dict[str, Any]:
        """The one error in it."""
        (found,) = self.envelope["errors"]
        return dict(found)

    @property
    def data(self) -> dict[str, Any]:
        """What it has for programs."""
        assert self.code == 0, self.out + self.err
        return dict(self.envelope["data"])

    @property
    def warnings(self) -> list[str]:
        """The codes of its warnings but those about Ollama, which these tests have none of."""
        codes = [item["code"] for item in self.envelope["warnings"]]
        return [code for code in codes if not code.startswith(("upstream_", "no_default_model"))]


@dataclass
class Home:
    """A HOME, the command, and the variables that it runs with."""

    path: Path
    command: list[str]
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def run_dir(self) -> Path:
        return self.path / ".cc-proxy" / "run"

    @property
    def log_file(self) -> Path:
        return self.path / ".cc-proxy" / "logs" / "cc-proxy.log"

    @property
    def state_file(self) -> Path:
        return self.run_dir / "cc-proxy.state.json"

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.state_file.read_bytes())
        return found

    def popen(self, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        """Start it, without the terminal that the tests may run in."""
        return subprocess.Popen(
            [*self.command, *arguments],
            cwd=self.path,
            env=self.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **variables: str) -> Ran:
        with self.popen(*arguments, **variables) as process:
            out, err = process.communicate(timeout=SECONDS)
        contract.check(arguments, out)
        return Ran(process.returncode, out, err)

    def json(self, *arguments: str, **variables: str) -> Ran:
        return self.run(*arguments, "--json", **variables)

    def end(self) -> None:
        """Leave no process behind, whatever the test has done."""
        for file in self.path.rglob("*.state.json"):
            with suppress(ValueError, KeyError, ProcessLookupError, OSError):
                state = json.loads(file.read_bytes())
                if identity.is_alive(state["pid"], state["process_start_time"]):
                    os.kill(state["pid"], KILL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@pytest.fixture
def home(tmp_path: Path, cc_proxy: list[str]) -> Iterator[Home]:
    path = tmp_path / "home"
    path.mkdir()
    made = Home(path, list(cc_proxy))
    # Nobody listens at that Ollama, and that is known at once.
    made.environ = environments.clean(path, CC_PROXY_PORT="0", OLLAMA_BASE_URL="http://127.0.0.1:9")
    yield made
    made.end()


@dataclass
class Upstream:
    """Answers as Ollama does, but only as soon as `released` is set."""

    url: str
    asked: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str) -> object:
        match path:
            case "/api/version":
                return {"version": "0.32.15"}
            case "/api/tags":
                return {"models": [{"name": "m:latest", "model": "m:latest", "size": 1}]}
            case "/api/show":
                info = {"general.architecture": "llama", "llama.context_length": 131072}
                return {"capabilities": ["completion", "tools"], "model_info": info}
            case "/api/chat":
                self.asked.set()
                self.released.wait(SECONDS)
                message = {"role": "assistant", "content": "the answer"}
                return {"model": "m", "message": message, "done": True, "done_reason": "stop"}
            case _:
                return {"models": []}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            with suppress(ConnectionError):  # the proxy may have left
                body = json.dumps(played.answer(self.path)).encode() + b"\n"
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        played = Upstream(f"http://127.0.0.1:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever, args=[0.01], daemon=True)
        thread.start()
        try:
            yield played
        finally:
            played.released.set()
            listening.shutdown()
            thread.join()
