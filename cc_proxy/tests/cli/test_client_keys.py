"""Keys with names, from `config key` to `usage --by key`, with a real proxy."""

import hashlib
import json
import sqlite3
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from .conftest import Home
from .practice import practice_server


@pytest.fixture
def file(home: Home) -> Path:
    path = home.path / ".cc-proxy" / "cc-proxy.user.yaml"
    path.parent.mkdir()
    return path


def ask(home: Home, key: str) -> int:
    body = {
        "model": "practice",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "hello"}],
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{home.state['port']}/v1/messages",
        json.dumps(body).encode(),
        {"authorization": f"Bearer {key}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own proxy
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_key_is_made_used_counted_and_revoked(home: Home, file: Path) -> None:
    made = home.json("config", "key", "alice", "--max-in-flight", "2").data
    assert made["key_sha256"] == hashlib.sha256(made["key"].encode()).hexdigest()
    file.write_text(f"server:\n  auth_keys:\n    {made['line']}\n")
    with practice_server() as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        assert home.run("start").code == 0
        own = (home.run_dir / "auth.key").read_text().strip()
        assert [ask(home, made["key"]), ask(home, own), ask(home, "x" * 20)] == [200, 200, 401]
        status = home.run("status").out
        assert "alice: 0 of 2 in flight, 1 since the start" in status
        assert "key=alice" in home.log_file.read_text()
        (kept,) = home.json("status").data["keys"]
        assert (kept["name"], kept["requests"]) == ("alice", 1)
        file.write_text("server:\n  auth_keys:\n")
        assert "other_settings" in home.json("status").warnings
        assert home.json("reload").data["changed"] == [
            "server.auth_keys.alice.key_sha256",
            "server.auth_keys.alice.max_in_flight",
        ]
        assert [ask(home, made["key"]), ask(home, own)] == [401, 200]
        assert home.run("stop").code == 0
    rows = home.json("usage", "--by", "key").data["rows"]
    assert {row["name"]: row["amounts"]["requests"] for row in rows} == {"alice": 1, "": 2}
    table = home.run("usage", "--by", "key").out
    assert "the proxy's own" in table
    written = b"".join(path.read_bytes() for path in home.run_dir.iterdir() if path.is_file())
    assert made["key"].encode() not in written + home.log_file.read_bytes()
    # A table from before there were names has nothing to say of them.
    with sqlite3.connect(home.run_dir / "usage.sqlite3") as database:
        database.execute("DROP TABLE usage_of_keys")
    assert home.json("usage", "--by", "key").data["rows"] == []
    assert home.json("usage").data["total"]["requests"] == 3


def test_a_key_without_its_file_is_revoked_and_the_own_key_gets_no_name(
    home: Home, file: Path, tmp_path: Path
) -> None:
    key_file = tmp_path / "alice.key"
    key_file.write_text("alices-key-0123456789\n")
    file.write_text(f"server:\n  auth_keys:\n    alice: {{key_file: {key_file}}}\n")
    with practice_server() as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        assert home.run("start").code == 0
        own = (home.run_dir / "auth.key").read_text().strip()
        assert ask(home, "alices-key-0123456789") == 200
        key_file.unlink()
        refused = home.json("reload")
        assert refused.code == 2
        assert "Revoked" in refused.error["message"]
        assert "alice" in refused.error["message"]
        assert [ask(home, "alices-key-0123456789"), ask(home, own)] == [401, 200]
        digest = hashlib.sha256(own.encode()).hexdigest()
        file.write_text(f"server:\n  auth_keys:\n    alice: {{key_sha256: {digest}}}\n")
        for command in (["reload"], ["config", "check"]):
            assert "the key of this proxy" in home.json(*command).error["message"]
        assert home.run("stop").code == 0
    assert "the key of this proxy" in home.json("start").error["message"]


def test_people_get_the_line_and_what_to_do_with_it(home: Home, file: Path) -> None:
    name, title, line, then = home.run("config", "key", "ci@example.com").out.splitlines()
    assert name.startswith("Key for ci@example.com: ")
    assert title == "Line for auth_keys, below server in the configuration:"
    assert then == "Then: cc-proxy reload"
    file.write_text(f"server:\n  auth_keys:\n{line}\n")
    assert home.run("config", "check").code == 0
    refused = home.json("config", "key", "two words")
    assert (refused.code, refused.error["code"]) == (2, "bad_key_name")


def test_keys_with_names_are_enough_for_an_address_of_others(home: Home, file: Path) -> None:
    refused = home.json("--config", str(file), "config", "check", CC_PROXY_HOST="0.0.0.0")  # noqa: S104 - not bound here
    assert refused.code == 2
    line = home.json("config", "key", "alice").data["line"]
    file.write_text(f"server:\n  host: 0.0.0.0\n  auth_keys:\n    {line}\n")
    assert home.json("config", "check").code == 0


@pytest.mark.posix_only("modes of files")
def test_a_key_in_a_file_that_others_can_read_is_named(home: Home, file: Path) -> None:
    file.write_text('server:\n  auth_keys:\n    alice: {key: "alices-key-0123456789"}\n')
    file.chmod(0o644)
    assert home.json("config", "check").warnings == ["config_readable"]
    file.chmod(0o600)
    assert home.json("config", "check").warnings == []
