"""`cc-proxy capture` and `cc-proxy replay` on a real proxy and the practice model."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server

SECONDS = 60


@pytest.fixture
def proxy(home: Home) -> Iterator[Home]:
    with practice_server() as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        assert home.run("start").code == 0
        yield home
        home.run("stop")


def ask(home: Home, script: list[dict[str, object]]) -> None:
    body = {
        "model": "practice",
        "max_tokens": 100,
        "tools": [{"name": "Read", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": f"go [practice: {json.dumps(script)}]"}],
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{home.state['port']}/v1/messages",
        json.dumps(body).encode(),
        {"x-api-key": (home.run_dir / "auth.key").read_text().strip()},
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - our own proxy
        answer.read()


def test_a_session_is_captured_and_replayed_on_another_model(proxy: Home) -> None:
    begun = proxy.json("capture", "start", "--minutes", "5")
    assert begun.data["on"] is True
    file = Path(str(begun.data["file"]))
    status = proxy.json("status")
    assert "capture_on" in [one["code"] for one in status.envelope["warnings"]]
    ask(proxy, [{"calls": [{"name": "Read", "input": {"path": "a"}}]}])
    ask(proxy, [{"text": "A story."}])
    shown = proxy.run("capture", "status")
    assert shown.out.startswith("A capture is on.")
    assert "contains the conversation" in shown.err
    ended = proxy.json("capture", "stop")
    assert (ended.data["on"], ended.data["requests"]) == (False, 2)
    again = proxy.run("replay", str(file), "--model", "practice-think")
    assert again.code == 0, again.err
    assert again.out.splitlines()[1].split()[0] == "model"
    found = proxy.json("replay", str(file), "--model", "practice-think", "--limit", "1")
    (row,) = found.data["requests"]
    assert (row["captured_calls"], row["calls"], row["error"]) == (["Read"], ["Read"], None)
    assert found.data["replayed"]["same_first_call"] == 1
    assert found.data["captured"]["model"].startswith("practice")
    assert proxy.run("restart").code == 0
    assert proxy.json("capture", "status").data["on"] is False


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "capture_unreadable"), ("{}\n", "capture_unreadable"), ("", "capture_empty")],
)
def test_a_file_that_is_no_capture_is_an_error(home: Home, text: str | None, code: str) -> None:
    file = home.path / "a.jsonl"
    if text is not None:
        file.write_text(text)
        file.chmod(0o600)
    ran = home.json("replay", str(file), "--model", "m")
    assert (ran.code, ran.error["code"]) == (1, code)
    assert str(file) in ran.error["message"]
