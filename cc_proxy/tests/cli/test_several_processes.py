"""Two processes with one configuration: what they share, and what each has for itself."""

import json
import urllib.error
import urllib.request
from pathlib import Path

from .conftest import Home
from .practice import practice_server

KEY = "alices-key-0123456789"


def ask(port: int, session: str) -> int:
    body = {"model": "practice", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/messages",
        json.dumps(body).encode(),
        {"authorization": f"Bearer {KEY}", "X-Claude-Code-Session-Id": session},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own proxy
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_two_processes_share_the_configuration_and_no_state(home: Home, tmp_path: Path) -> None:
    file = home.path / ".cc-proxy" / "cc-proxy.user.yaml"
    file.parent.mkdir()
    file.write_text(f"server: {{port: 0, auth_keys: {{alice: {{key: {KEY}}}}}}}\n")
    home.environ["CC_PROXY_AUTH_KEY"] = "the-key-of-the-proxy"
    flags = [
        ("--state-dir", str(tmp_path / name), "--log-dir", str(tmp_path / f"{name}-log"))
        for name in ("one", "two")
    ]
    with practice_server() as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        started = [home.json(*each, "start").data for each in flags]
        try:
            one, two = (process["port"] for process in started)
            assert started[0]["pid"] != started[1]["pid"]
            assert home.json(*flags[1], "start").data["pid"] == started[1]["pid"]
            assert [ask(one, "session-1"), ask(one, "session-1"), ask(two, "session-2")] == [
                200
            ] * 3
            used = [home.json(*each, "status").data["keys"][0]["requests"] for each in flags]
            assert used == [2, 1]
            # A key is revoked in the process that reads the file again.
            file.write_text("server: {port: 0}\n")
            assert home.json(*flags[0], "reload").code == 0
            assert [ask(one, "session-1"), ask(two, "session-2")] == [401, 200]
            assert home.json(*flags[1], "reload").code == 0
            assert ask(two, "session-2") == 401
        finally:
            for each in flags:
                home.run(*each, "stop")
    totals = [home.json(*each, "usage", "--by", "session").data["rows"] for each in flags]
    assert [[row["name"] for row in rows] for rows in totals] == [["session-1"], ["session-2"]]
