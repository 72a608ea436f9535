"""`cc-proxy usage` after requests to a real proxy."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server


@pytest.fixture
def used(home: Home) -> Iterator[Home]:
    """Give a home in whose proxy one session has had two turns; the proxy has stopped."""
    with practice_server() as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        assert home.run("start").code == 0
        for _ in range(2):
            ask(home)
        assert home.run("stop").code == 0
        yield home


def ask(home: Home) -> None:
    body = {
        "model": "practice",
        "max_tokens": 100,
        "tools": [{"name": "Read", "input_schema": {"type": "object"}}],
        "system": "Primary working directory: /home/me/shop\n",
        "messages": [{"role": "user", "content": "hello"}],
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{home.state['port']}/v1/messages",
        json.dumps(body).encode(),
        {
            "x-api-key": (home.run_dir / "auth.key").read_text().strip(),
            "X-Claude-Code-Session-Id": "session-1",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own proxy
        assert answer.status == 200


def test_the_totals_are_there_when_the_proxy_is_not(used: Home) -> None:
    data = used.json("usage", "--by", "session").data
    (row,) = data["rows"]
    assert (row["name"], row["folder"]) == ("session-1", "shop")
    assert row["amounts"] == data["total"]
    assert data["total"]["requests"] == 2
    assert data["total"]["read"] > 0
    # The second turn was known but for its last token.
    assert data["total"]["reused"] > 0
    assert used.json("usage", "--since", "1d").data["total"] == data["total"]
    assert used.json("usage", "--since", "2030-01-01T00:00").data["rows"] == []


def test_people_get_a_table(used: Home) -> None:
    title, row = used.run("usage", "--by", "model").out.splitlines()
    assert title.split()[:3] == ["MODEL", "REQUESTS", "READ"]
    assert row.split()[:2] == ["practice", "2"]
    assert "shop  session-1" in used.run("usage", "--by", "session").out


def test_without_usage_it_says_so(home: Home) -> None:
    ran = home.run("usage")
    assert (ran.code, ran.out) == (0, "No usage so far.\n")
    assert not (home.path / ".cc-proxy").exists()


def test_a_damaged_file_is_named(home: Home) -> None:
    home.run_dir.mkdir(parents=True, mode=0o700)
    file = home.run_dir / "usage.sqlite3"
    file.write_bytes(b"no database" * 1000)
    file.chmod(0o600)
    ran = home.json("usage")
    assert (ran.code, ran.error["code"]) == (1, "usage_unreadable")
    assert str(file) in ran.error["message"]


def test_another_row_is_refused_with_those_that_there_are(home: Home) -> None:
    ran = home.json("usage", "--by", "modell")
    assert (ran.code, ran.error["code"]) == (2, "usage_error")
    words = "Expected --by to be day, session, model, class or key, found 'modell'."
    assert ran.error["message"] == words
