import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cc_proxy.app.control import health

HEALTHY = (
    b'{"status":"ok","version":"0.1.0","instance_id":"i","pid":7,"uptime_seconds":1.5,'
    b'"config_digest":"d","something_new":1}'
)


@contextmanager
def server(status: int, body: bytes) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=[0.01], daemon=True)
        thread.start()
        try:
            yield listening.server_port, asked
        finally:
            listening.shutdown()
            thread.join()


def test_a_healthy_answer_says_who_it_is() -> None:
    with server(200, HEALTHY) as (port, asked):
        probe = health.ask("127.0.0.1", port, "the-key")
        assert probe.outcome == "ok"
        assert probe.health is not None
        assert probe.health.instance_id == "i"
        assert asked == ["/health?upstream=0 Bearer the-key"]


def test_ollamas_part_is_asked_for_on_demand() -> None:
    with server(200, HEALTHY) as (port, asked):
        health.ask("127.0.0.1", port, "the-key", upstream=True)
        health.ask("127.0.0.1", port, "the-key", upstream=True, model="qwen3:4b")
    assert asked == ["/health Bearer the-key", "/health?model=qwen3%3A4b Bearer the-key"]


def test_what_is_bound_to_every_address_is_asked_on_loopback() -> None:
    with server(200, HEALTHY) as (port, _):
        assert health.ask("0.0.0.0", port, "k").outcome == "ok"  # noqa: S104


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_told_apart(status: int) -> None:
    with server(status, b"{}") as (port, _):
        assert health.ask("127.0.0.1", port, "k").outcome == "wrong key"


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"\xff", b"{}"])
def test_another_program_is_a_stranger(body: bytes) -> None:
    with server(200, body) as (port, _):
        assert health.ask("127.0.0.1", port, "k").outcome == "stranger"


def test_nobody_and_silence_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert health.ask("127.0.0.1", port, "k", timeout_seconds=0.05).outcome == "silent"
    assert health.ask("127.0.0.1", port, "k").outcome == "nobody"


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with server(200, HEALTHY) as (port, _):
        assert health.ask("127.0.0.1", port, "k").outcome == "ok"


def test_a_cc_proxy_is_known_by_its_greeting_without_being_shown_a_key() -> None:
    with server(200, b"cc-proxy is running\n") as (port, asked):
        assert health.is_cc_proxy("127.0.0.1", port)
        assert asked == ["/ None"]
    with server(200, b"Ollama is running") as (port, _):
        assert not health.is_cc_proxy("127.0.0.1", port)
    assert not health.is_cc_proxy("127.0.0.1", port)
