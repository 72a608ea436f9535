"""An Ollama behind https: the proxy trusts whom the system trusts, and nobody else."""

import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from .conftest import Home, Upstream


@dataclass(frozen=True)
class Secured:
    """The address of an Ollama over https, and the file of the authority that vouches for it."""

    url: str
    authority: Path


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    authority = trustme.CA()
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"version": "0.32.15", "models": []}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        # The handshake in the thread of the connection: one that fails is no end of the server.
        listening.socket = context.wrap_socket(
            listening.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=listening.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield Secured(f"https://127.0.0.1:{listening.server_port}", file)
        listening.shutdown()
        thread.join()


def test_an_upstream_that_the_system_vouches_for_is_reached(home: Home, secured: Secured) -> None:
    home.environ |= {"OLLAMA_BASE_URL": secured.url, "SSL_CERT_FILE": str(secured.authority)}
    started = home.json("start")
    assert started.data["upstream"]["version"] == "0.32.15"
    assert home.json("models").data["models"] == []


def test_an_upstream_that_nobody_vouches_for_is_refused(home: Home, secured: Secured) -> None:
    home.environ["OLLAMA_BASE_URL"] = secured.url
    upstream = home.json("start").data["upstream"]
    assert not upstream["reachable"]
    assert "its certificate is not trusted: unable to get local issuer" in upstream["error"]
    assert "SSL_CERT_FILE=" in upstream["hint"]


def test_an_upstream_that_does_not_speak_https_is_named_by_its_right_address(
    home: Home, upstream: Upstream
) -> None:
    home.environ["OLLAMA_BASE_URL"] = upstream.url.replace("http:", "https:")
    found = home.json("start").data["upstream"]
    assert "it does not speak https" in found["error"]
    assert found["hint"] == f"Set OLLAMA_BASE_URL to {upstream.url}"
