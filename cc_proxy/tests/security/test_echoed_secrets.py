"""A server that repeats what it was sent: the key and the login are shown to nobody."""

import base64
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cc_proxy.app.redaction import HIDDEN
from cc_proxy.tests.cli.conftest import Home, home

__all__ = ["home"]

API_KEY = 'MARKER-key<"7c0&/'
LOGIN = "me:MARKER-pass/w<rd"
BASIC = base64.b64encode(LOGIN.encode()).decode()


def forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    quoted = urllib.parse.quote(secret, safe="")
    return {secret, json.dumps(secret)[1:-1], quoted, encoded}


def answer(path: str, sent: str) -> tuple[int, object]:
    """Answer as Ollama would, and repeat what was sent wherever there is a text."""
    match path:
        case "/api/version":
            return 200, {"version": f"0.32 {sent}"}
        case "/api/tags":
            models = [{"name": f"m {sent}:latest", "size": 1}, {"name": "broken", "size": 1}]
            return 200, {"models": models}
        case "/api/ps":
            return 200, {"models": [{"name": f"m {sent}:latest", "size": 1}]}
        case "/api/show":
            return 200, {"capabilities": ["completion", "tools", sent], "model_info": {}}
        case "/api/pull":
            return 200, {"status": f"pulling {sent}"}
        case _:
            return 401, {"error": f"unauthorized: {sent}"}


@pytest.fixture(params=["key", "login"])
def repeated(request: pytest.FixtureRequest, home: Home) -> Iterator[set[str]]:
    """An Ollama that repeats a secret; gives the forms of it that it uses."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"] or 0))
            scheme, _, sent = self.headers.get("Authorization", "").partition(" ")
            secret = base64.b64decode(sent).decode() if scheme == "Basic" else sent
            status, told = answer(self.path, " ".join(sorted({*forms(secret), scheme, sent})))
            body = json.dumps(told).encode() + b"\n"
            if b'"as-text' in asked:
                status, body = 502, f"no JSON: {sent} {secret}".encode()
            elif b'"cut' in asked:  # in the middle of an answer
                status = 200
            elif self.path == "/api/pull":
                body += json.dumps({"error": f"denied {sent}"}).encode() + b"\n"
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
        where = f"127.0.0.1:{server.server_port}"
        if request.param == "key":
            home.environ |= {"OLLAMA_API_KEY": API_KEY, "OLLAMA_BASE_URL": f"http://{where}"}
            secrets = forms(API_KEY)
        else:
            login = urllib.parse.quote(LOGIN, safe=":")
            home.environ["OLLAMA_BASE_URL"] = f"http://{login}@{where}"
            secrets = forms(LOGIN) | {"MARKER-pass", login}
        home.environ["CC_PROXY_LOG_LEVEL"] = "debug"
        try:
            yield secrets
        finally:
            server.shutdown()
            thread.join()


def ask(url: str, key: str, **fields: Any) -> str:
    body = {"max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]} | fields
    request = urllib.request.Request(  # noqa: S310 - our own server
        url + "/v1/messages", json.dumps(body).encode(), {"x-api-key": key}
    )
    try:
        with urllib.request.urlopen(request, timeout=300) as response:  # noqa: S310 - as above
            return str(response.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()


def assert_hidden(text: str, secrets: set[str]) -> None:
    assert [secret for secret in secrets if secret in text] == [], text


def test_what_a_server_repeats_is_hidden_from_everyone(home: Home, repeated: set[str]) -> None:
    started = home.json("start").data
    key = (home.run_dir / "auth.key").read_text().strip()
    for model in ("m", "as-text", "cut"):
        for stream in (False, True):
            told = ask(started["url"], key, model=model, stream=stream)
            assert '"error"' in told
            assert HIDDEN in told
            assert_hidden(told, repeated)
    for path in ("/health", "/v1/models"):
        request = urllib.request.Request(started["url"] + path, headers={"x-api-key": key})  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=300) as response:  # noqa: S310 - as above
            told = response.read().decode()
        assert HIDDEN in told, path
        assert_hidden(told, repeated)
    for command in (
        ["status"], ["models"], ["doctor"], ["models", "pull", "m"], ["models", "test", "m"],
        ["logs"],
    ):  # fmt: skip
        ran, as_json = home.run(*command), home.json(*command)
        told = ran.out + ran.err + as_json.out + as_json.err
        assert HIDDEN in told, command
        assert_hidden(told, repeated)
    log = home.log_file.read_text("utf-8")
    assert HIDDEN in log
    assert_hidden(log, repeated)
