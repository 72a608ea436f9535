"""`cc-proxy why` on a real proxy, for a session that was broken on purpose."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server

SECONDS = 60
SECRET = "the night was dark"
TEXT = "a" * 1200 + SECRET + "b" * 20_000


@pytest.fixture
def proxy(home: Home) -> Iterator[Home]:
    with practice_server() as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        assert home.run("start").code == 0
        yield home
        home.run("stop")


def ask(home: Home, *turns: str) -> str:
    """Ask as Claude Code does, and return the id of the request."""
    messages = [
        {"role": ("user", "assistant")[number % 2], "content": text}
        for number, text in enumerate(turns)
    ]
    body = {
        "model": "practice",
        "max_tokens": 100,
        "tools": [{"name": "Read", "input_schema": {"type": "object"}}],
        "messages": messages,
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{home.state['port']}/v1/messages",
        json.dumps(body).encode(),
        {
            "x-api-key": (home.run_dir / "auth.key").read_text().strip(),
            "X-Claude-Code-Session-Id": "session-1",
        },
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - our own proxy
        answer.read()
        return str(answer.headers["request-id"])


def test_it_names_the_byte_that_broke_the_prefix(proxy: Home) -> None:
    ask(proxy, TEXT)
    broken = ask(proxy, TEXT.replace("dark", "cold"), "Yes.", "and then?")
    said = proxy.run("why")
    assert said.code == 0
    first, blank, sentence, *_ = said.out.splitlines()
    assert first.startswith(f"Request {broken} (main, practice): done, ")
    assert blank == ""
    assert sentence.startswith("Turn 1 (your message) changed at byte 1,214: ")
    assert " tokens were read again" in sentence
    assert SECRET not in said.out
    found = proxy.json("why", broken[-8:])
    assert found.data["prefix_break"]["byte"] == 1214
    assert SECRET not in found.out
    shown = proxy.run("why", "--words", broken)
    assert "the night was dark" in shown.out
    assert "the night was cold" in shown.out
    log = proxy.run("logs", "--lines", "200").out
    assert "the night was" not in log


def test_a_request_that_is_not_known_is_an_error(proxy: Home) -> None:
    ran = proxy.json("why")
    assert (ran.code, ran.error["code"]) == (1, "no_request")
    assert ran.error["message"] == "No request has been answered yet."
    ran = proxy.json("why", "nope")
    assert ran.error["message"] == "Expected one of the last 200 requests, found no 'nope'."
    assert ran.error["hint"] == "See the latest requests: cc-proxy top --once"


def test_without_a_proxy_it_says_how_to_start_one(home: Home) -> None:
    ran = home.json("why")
    assert (ran.code, ran.error["code"]) == (3, "not_running")
