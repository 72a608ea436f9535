"""The status line: its words, the way to the proxy, what it costs, and when Claude Code gets it."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app.cli.claude.settings.settings_files import SettingsFile
from cc_proxy.app.cli.statusline import setting
from cc_proxy.app.cli.statusline.ask import activity_of
from cc_proxy.app.cli.statusline.line import status_line, tokens
from cc_proxy.tests.cli.conftest import Home

CLIENT = {
    "session_id": "s1",
    "model": {"id": "qwen3:8b", "display_name": "qwen3:8b"},
    "context_window": {
        "total_input_tokens": 20_000,
        "total_output_tokens": 480,
        "context_window_size": 65_536,
    },
}
SESSION = {
    "id": "s1",
    "model": "qwen3:8b",
    "request": "req_1",
    "window": 65_536,
    "window_used": 24_100,
    "last_prompt_tokens": 24_000,
    "last_reused_tokens": 23_520,
    "tokens_written_per_second": 41.2,
}
WINDOW = "qwen3:8b · 24k of 64k (37%), 40k left · 98% reused"


def activity(**request: object) -> dict[str, object]:
    requests = [{"id": "req_1", **request}] if request else []
    states = {request["state"]: 1} if request else {}
    return {"sessions": [SESSION], "requests": requests, "states": states}


@pytest.mark.parametrize(
    ("request_", "end"),
    [
        ({}, " · 41 tokens/s"),
        ({"state": "loading"}, " · loading the model"),
        ({"state": "waiting", "waiting_behind": ["req_0"]}, " · waiting behind 1"),
        ({"state": "waiting"}, " · waiting"),
        ({"state": "reading"}, " · reading"),
        ({"state": "reading", "tokens_to_read": 13_300}, " · reading 13k"),
        (
            {
                "state": "reading",
                "tokens_to_read": 13_300,
                "tokens_read": 8_100,
                "seconds_left": 12.4,
            },
            " · reading 7.9k of 13k, 12 s left",
        ),
        ({"state": "writing", "tokens_written_per_second": 38.7}, " · 39 tokens/s"),
        ({"state": "writing", "tokens_written_per_second": 0.3}, " · 0.3 tokens/s"),
        ({"state": "writing", "tokens_written_per_second": 1e6}, " · 1,000,000 tokens/s"),
    ],
)
def test_the_line_says_what_the_session_does(request_: dict[str, Any], end: str) -> None:
    assert status_line(CLIENT, activity(**request_)) == WINDOW + end


def test_others_that_wait_are_counted() -> None:
    found = activity(state="writing")
    found["states"] = {"waiting": 2, "writing": 1}
    assert status_line(CLIENT, found).endswith(" · 2 waiting")
    found = activity(state="waiting")
    found["states"] = {"waiting": 2}
    assert status_line(CLIENT, found).endswith(" · waiting · 1 more waiting")


def test_a_session_that_begins_has_all_of_its_window() -> None:
    assert status_line({}, {"sessions": [{"model": "m", "window": 65_536}]}) == "m · 64k left"


def test_without_a_proxy_the_line_says_what_claude_code_knows() -> None:
    assert status_line(CLIENT, {}) == "qwen3:8b · 20k of 64k (31%), 44k left"


@pytest.mark.parametrize(
    "client",
    [{}, {"model": "text"}, {"model": {"id": 5}}, {"context_window": {"total_input_tokens": "x"}}],
)
def test_strange_json_still_gives_a_line(client: dict[str, Any]) -> None:
    assert status_line(client, {"sessions": "none", "requests": [3], "states": []})


@pytest.mark.parametrize("number", ["1e400", "-5", "-1e400", "9" * 400])
def test_a_number_that_no_window_has_is_left_out(number: str) -> None:
    fields = f'{{"context_window_size": {number}, "total_input_tokens": {number}}}'
    line = status_line({"context_window": json.loads(fields)}, {})
    assert not re.search(r"inf|nan|-\d", line)


def test_a_name_cannot_reach_the_terminal_as_a_code() -> None:
    assert "\x1b" not in status_line({"model": {"id": "\x1b[31mred\nline"}}, {})
    assert "\n" not in status_line({"model": {"id": "\x1b[31mred\nline"}}, {})


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (1_023, "1023"), (8_100, "7.9k"), (10_200, "10k"), (65_536, "64k")],
)
def test_tokens_are_short(count: int, text: str) -> None:
    assert tokens(count) == text


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the address of a server that gives one answer, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        thread.join()


def test_the_proxy_is_asked_for_the_session_with_the_key_of_claude_code() -> None:
    body = b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"sessions":[]}'
    with answering(body) as (url, asked):
        environ = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": "the-key"}
        assert activity_of("s/1 2", environ) == {"sessions": []}
    head = asked[0].decode()
    assert head.startswith("GET /activity?upstream=0&session=s%2F1%202 HTTP/1.0\r\n")
    assert "Authorization: Bearer the-key\r\n" in head


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.0 401 No\r\n\r\n{}", b"HTTP/1.0 200 OK\r\n\r\n[1]", b"220 mail.example\r\n"],
)
def test_another_answer_is_none(answer: bytes) -> None:
    with answering(answer) as (url, _):
        environ = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": "the-key"}
        assert activity_of("s1", environ) == {}


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("", "key"),
        ("https://api.example", "key"),
        ("http://127.0.0.1:9", ""),
        ("http://127.0.0.1:9", "key\r\nX: y"),
        ("http://127.0.0.1:99999", "key"),
        ("http://[::1", "key"),
    ],
)
def test_nobody_is_asked_without_an_address_and_a_key(url: str, key: str) -> None:
    assert activity_of("s1", {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": key}) == {}


def test_it_imports_nothing_that_is_dear(home: Home) -> None:
    code = (
        "import sys; from cc_proxy.app.cli import main; main(['statusline']);"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(CLIENT),
        env=home.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "qwen3:8b · 20k of 64k (31%), 44k left\n"
    loaded = set(ran.stderr.split())
    dear = {"aiohttp", "asyncio", "click", "dataclasses", "http.client", "msgspec", "ruamel", "ssl"}
    assert not loaded & dear


@pytest.mark.parametrize("text", ["", "no JSON", "[1]"])
def test_something_else_on_stdin_is_a_warning(text: str, home: Home) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "cc_proxy", "statusline"],
        input=text,
        env=home.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "cc-proxy\n"
    assert ran.stderr.startswith("Warning: Expected the JSON of a session on stdin, as Claude Code")
    assert "cc-proxy top" in ran.stderr


def test_a_running_proxy_is_asked(home: Home) -> None:
    assert home.run("start").code == 0
    environ = {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{home.state['port']}",
        "ANTHROPIC_AUTH_TOKEN": (home.run_dir / "auth.key").read_text().strip(),
    }
    assert activity_of("unknown", environ)["sessions"] == []
    home.run("stop")


def settings_with(content: dict[str, Any]) -> SettingsFile:
    return SettingsFile(Path("settings.json"), "project", "", content)


def test_a_status_line_of_any_settings_file_is_kept() -> None:
    own = {"statusLine": {"type": "command", "command": "mine"}}
    assert setting.is_set(own, [])
    assert setting.is_set({}, [settings_with({}), settings_with(own)])
    assert not setting.is_set({}, [settings_with({"env": {}})])


def test_the_command_of_the_setting_prints_the_line(home: Home) -> None:
    found = setting.status_line()
    assert (found["type"], found["refreshInterval"]) == ("command", 3)
    ran = subprocess.run(  # noqa: S602 - as Claude Code runs it
        found["command"],
        shell=True,
        input=json.dumps(CLIENT),
        env=home.environ,
        cwd=home.path,
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    assert ran.stdout.startswith("qwen3:8b")
    assert os.sep in found["command"]
