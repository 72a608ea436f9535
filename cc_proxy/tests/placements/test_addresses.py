"""The shapes of the placements on addresses of loopback, which every system has.

"The host" is an address that the proxy does not listen on. What only a network of its own can
show is in test_how_tos.py.
"""

import http.client
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from cc_proxy.tests.cli.conftest import Home, home
from cc_proxy.tests.cli.practice import Practice, practice_server

__all__ = ["home"]

HOST = "127.0.0.2" if sys.platform == "linux" else "::1"
KEY = "a-key-of-the-tests"


@pytest.fixture
def on_host() -> Iterator[Practice]:
    with practice_server(host=HOST, script=[{"text": "Hello!"}]) as practice:
        yield practice


def url(port: int, host: str = HOST) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def ask(data: dict[str, Any], key: str) -> tuple[int, str]:
    """Ask the proxy that `start` told of; return the status and the body."""
    body = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    connection = http.client.HTTPConnection(data["host"], data["port"], timeout=300)
    with closing(connection):
        headers = {"Authorization": f"Bearer {key}"}
        connection.request("POST", "/v1/messages", json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_ollama_on_another_address_than_the_proxy(home: Home, on_host: Practice) -> None:
    home.environ["OLLAMA_BASE_URL"] = url(on_host.server.port)
    started = home.json("start", CC_PROXY_AUTH_KEY=KEY).data
    status, answer = ask(started, KEY)
    assert status == 200
    assert "Hello!" in answer


def test_an_ollama_that_is_bound_to_one_address_is_not_found_at_another(
    home: Home,
    on_host: Practice,
) -> None:
    elsewhere = url(on_host.server.port, "127.0.0.1")
    started = home.json("start", OLLAMA_BASE_URL=elsewhere)
    upstream = started.data["upstream"]
    assert upstream["reachable"] is False
    assert upstream["error"].startswith(f"Ollama does not answer at {elsewhere}")
    assert "OLLAMA_BASE_URL" in upstream["hint"]


def test_a_proxy_on_the_hosts_address_serves_those_who_have_the_key(
    home: Home,
    on_host: Practice,
) -> None:
    home.environ["OLLAMA_BASE_URL"] = url(on_host.server.port)
    started = home.json("start", "--host", HOST, CC_PROXY_AUTH_KEY=KEY).data
    assert started["url"] == url(started["port"])
    assert ask(started, "another-key")[0] == 401
    status, answer = ask(started, KEY)
    assert status == 200
    assert "Hello!" in answer
