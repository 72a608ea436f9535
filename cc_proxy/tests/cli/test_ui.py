"""`cc-proxy ui`: a browser gets the address, and a terminal; nobody else does."""

import json
import re
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app.cli.ui import _open
from cc_proxy.app.control.http_exchange import exchange
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server

SECONDS = 60
TICKET = re.compile(r"http://127\.0\.0\.1:\d+/ui#ticket=[\w-]{20,}")
if sys.platform != "win32":
    import pexpect


@pytest.fixture
def proxy(home: Home) -> Iterator[Home]:
    with practice_server() as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        assert home.run("start").code == 0
        yield home
        home.run("stop")


def exchanged(home: Home, address: str) -> dict[str, Any]:
    """Do what the page does with its address; return what goes on."""
    port, ticket = home.state["port"], address.partition("#ticket=")[2]

    def asked(target: str, key: str, body: bytes | None = None) -> dict[str, Any]:
        status, answer = exchange(
            "127.0.0.1", port, target, key=key, body=body, timeout_seconds=SECONDS
        )
        assert status == 200
        found: dict[str, Any] = json.loads(answer)
        return found

    return asked("/activity?upstream=0", asked("/ui/key", ticket, b"")["key"])


@pytest.mark.posix_only("a browser that is a shell script")
def test_the_browser_gets_an_address_that_lets_it_in(proxy: Home, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" > {seen}\n')
    browser.chmod(0o700)
    proxy.environ["BROWSER"] = str(browser)
    ran = proxy.run("ui", "--json")
    assert json.loads(ran.out)["data"]["opened"] is True
    address = seen.read_text().strip()
    assert TICKET.fullmatch(address)
    # Others can read the arguments of a process: the key is in none of them.
    key = (proxy.run_dir / "auth.key").read_text().strip()
    assert key not in address
    assert "ticket" not in ran.out + ran.err
    assert exchanged(proxy, address)["states"] == {}


@pytest.mark.posix_only("pseudo-terminals")
def test_a_terminal_shows_the_address_and_how_to_reach_it_from_elsewhere(proxy: Home) -> None:
    command = [*proxy.command, "ui", "--no-open"]
    child: pexpect.spawn[bytes] = pexpect.spawn(
        command[0],
        command[1:],
        env=proxy.environ,
        cwd=str(proxy.path),
        dimensions=(40, 200),
        timeout=SECONDS,
    )
    said = child.read().decode()
    child.wait()
    assert child.exitstatus == 0
    found = TICKET.search(said)
    assert found, said
    assert f"ssh -L {proxy.state['port']}:127.0.0.1:{proxy.state['port']}" in said
    assert exchanged(proxy, found[0])["sessions"] == []


def test_elsewhere_than_on_a_terminal_the_address_lets_nobody_in(proxy: Home) -> None:
    ran = proxy.run("ui", "--no-open")
    assert ran.code == 0
    assert f"http://127.0.0.1:{proxy.state['port']}/ui" in ran.out
    assert "ticket" not in ran.out + ran.err
    # Nor is it shown where there is no browser.
    proxy.environ.pop("BROWSER", None)
    proxy.environ["SSH_CONNECTION"] = "192.0.2.1 5 192.0.2.2 22"
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        proxy.environ.pop(name, None)
    ran = proxy.run("ui")
    assert ran.code == 1
    assert "Expected a browser on this machine, found none." in ran.err
    assert "cc-proxy ui --no-open" in ran.err
    assert "ticket" not in ran.out + ran.err


def test_without_a_proxy_it_says_how_to_start_one(home: Home) -> None:
    ran = home.run("ui")
    assert ran.code == 3
    assert "cc-proxy start" in ran.err


class _Browser:
    def __init__(self, name: str) -> None:
        self.name = name
        self.opened: list[str] = []

    def open(self, url: str) -> bool:
        self.opened.append(url)
        return True


@pytest.mark.parametrize(
    ("name", "environ", "opens"),
    [
        ("xdg-open", {"DISPLAY": ":0"}, 1),
        ("lynx", {}, 0),
        ("/usr/bin/w3m", {}, 0),
        ("xdg-open", {"SSH_CONNECTION": "a"}, 0),
        ("xdg-open", {"SSH_CONNECTION": "a", "DISPLAY": "localhost:10.0"}, 1),
        # VS Code sets it, for a browser where the person is.
        ("code-browser", {"SSH_CONNECTION": "a", "BROWSER": "/vscode/browser.sh"}, 1),
    ],
)
def test_a_browser_is_opened_where_the_person_is(
    name: str, environ: dict[str, str], opens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = _Browser(name)
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    assert _open("http://127.0.0.1/ui", environ) is bool(opens)
    assert len(browser.opened) == opens
