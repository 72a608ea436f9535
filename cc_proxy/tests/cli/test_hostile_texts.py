"""A hostile Ollama and a hostile client: no text of theirs can do anything to a terminal."""

import json
import os
import re
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cc_proxy.tests.cli.conftest import Home

# A title, a cleared screen, an answer that the terminal types, C1, colours like ours, a reversed
# text, and a line that looks like one of ours.
EVIL = (
    "\x1b]0;owned\x07\x1b[2J\x1b[6n\x9b31m\x1b[32mfine\x1b[0m\u202etxt\u2066"
    "\x08\x7f\u2028\nError: run evil.sh\r"
)
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# What cc-proxy itself sends a terminal: its colours, and the line that is drawn anew.
OURS = re.compile(r"\x1b\[(?:0|1;31|32|33)m|\r\x1b\[K|\r\n")


def answer(path: str) -> tuple[int, object]:
    match path:
        case "/api/version":
            return 200, {"version": "0.32" + EVIL}
        case "/api/tags":
            names = [f"m{EVIL}:latest", "good:latest", f"n{EVIL}:latest", "a$(evil.sh):latest"]
            return 200, {"models": [{"name": name, "size": 1} for name in names]}
        case "/api/ps":
            return 200, {"models": [{"name": f"m{EVIL}:latest", "size": 1}]}
        case "/api/show":
            return 200, {
                "capabilities": ["completion", "tools", EVIL],
                "model_info": {"llama.context_length": 131072},
            }
        case "/api/pull":
            return 200, {"status": f"pulling {EVIL}"}
        case _:
            return 500, {"error": f"it failed {EVIL}"}


@pytest.fixture
def hostile(home: Home) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            status, told = answer(self.path)
            body = json.dumps(told).encode() + b"\n"
            if self.path == "/api/pull":
                body += json.dumps({"error": EVIL}).encode() + b"\n"
            with suppress(ConnectionError):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        home.environ["OLLAMA_BASE_URL"] = f"http://127.0.0.1:{server.server_port}"
        try:
            yield home.environ["OLLAMA_BASE_URL"]
        finally:
            server.shutdown()
            thread.join()


def assert_harmless(text: str) -> None:
    assert HARMFUL.search(text) is None, repr(text)
    forged = [line for line in text.splitlines() if line.startswith("Error: run evil.sh")]
    assert forged == []


@pytest.mark.parametrize(
    "command",
    [
        "start", "status", "models", "doctor", "doctor --no-model", "models pull {m}",
        "models test {m}", "logs",
    ],
)  # fmt: skip
def test_no_text_of_ollama_acts_on_the_terminal(home: Home, hostile: str, command: str) -> None:
    assert hostile
    if command != "start":
        home.run("start")
    arguments = [word.format(m="m" + EVIL) for word in command.split(" ")]
    ran = home.run(*arguments, FORCE_COLOR="1")
    assert "Traceback" not in ran.err
    assert_harmless(OURS.sub("", ran.out + ran.err))
    assert "evil.sh" in ran.out + ran.err, "it was shown nothing hostile"
    assert home.run(*arguments, "--json").out.isascii()


def test_no_model_that_a_client_names_acts_on_the_terminal(home: Home, hostile: str) -> None:
    assert hostile
    started = home.json("start").data
    body = {"model": f"x{EVIL}", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    key = (home.run_dir / "auth.key").read_text().strip()
    request = urllib.request.Request(  # noqa: S310 - our own server
        started["url"] + "/v1/messages", json.dumps(body).encode(), {"x-api-key": key}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=300)  # noqa: S310 - as above
    refused.value.close()
    for command in ("status", "logs"):
        ran = home.run(command)
        assert "evil.sh" in ran.out
        assert_harmless(ran.out + ran.err)


def test_no_name_of_a_model_is_completed_that_a_shell_would_run(home: Home, hostile: str) -> None:
    assert hostile
    line = "cc-proxy models pull "
    ran = home.run(
        _CC_PROXY_COMPLETE="bash_complete", COMP_LINE=line, COMP_WORDS=line, COMP_CWORD="3"
    )
    assert ran.out.splitlines() == ["plain,good:latest"]


@pytest.mark.posix_only("pseudo-terminals")
@pytest.mark.parametrize("command", ["claude --claude-bin /bin/true", "models pull {m}"])
def test_no_text_of_ollama_acts_where_a_line_is_drawn_anew(
    home: Home, hostile: str, command: str
) -> None:
    import pty  # noqa: PLC0415 - there is none on Windows

    assert hostile
    arguments = [word.format(m="m" + EVIL) for word in command.split(" ")]
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        how: dict[str, Any] = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        environ = home.environ | {"TERM": "xterm"}
        with subprocess.Popen([*home.command, *arguments], env=environ, cwd=home.path, **how) as it:
            os.close(theirs)
            os.write(screen.fileno(), b"\n\n")  # what it asks is answered with its default
            seen = b""
            with suppress(OSError):  # Linux, where nobody has the other end any more
                while piece := os.read(screen.fileno(), 65536):
                    seen += piece
            it.wait(60)
    text = seen.decode()
    assert "evil.sh" in text
    assert_harmless(OURS.sub("", text))
