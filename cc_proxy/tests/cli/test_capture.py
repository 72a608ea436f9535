"""`cc-proxy capture` and `cc-proxy replay` on a real proxy and the practice model."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cc_proxy.app.cli.replay.capture_file import CaptureFileError, exchanges
from cc_proxy.app.cli.replay.comparison import captured_side, table
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


BEGIN = '{"type":"capture","format":1,"version":"0","started":""}\n'
REQUEST = '{"type":"request","id":"a","at":"","body":BODY}\n'
ANSWER = '{"type":"answer","id":"a","outcome":"ok"MORE}\n'


def written(home: Home, *, body: str = '{"messages":[]}', more: str = "") -> Path:
    file = home.path / "capture.jsonl"
    text = BEGIN + REQUEST.replace("BODY", body) + ANSWER.replace("MORE", more)
    file.write_text(text, encoding="utf-8-sig")
    file.chmod(0o600)
    return file


def test_a_replay_that_comes_to_nothing_fails_and_words_fit_what_happens(proxy: Home) -> None:
    file = written(proxy)
    unknown = proxy.json("replay", str(file), "--model", "no-such-model")
    assert (unknown.code, unknown.error["code"]) == (1, "model_unusable")
    assert "no-such-model" in unknown.error["message"]
    refused = proxy.json("replay", str(file), "--model", "practice")
    assert (refused.code, refused.error["code"]) == (1, "request_failed")
    assert refused.envelope["data"]["replayed"]["failed"] == 1
    begun = proxy.json("capture", "start", "--session", "nope")
    assert begun.warnings == ["capture_on", "session_unknown"]
    assert proxy.run("capture", "start").code == 1
    assert proxy.run("why", "zzz").code == 1
    ended = proxy.run("capture", "stop").out
    assert ended.startswith("The capture has ended.\n")
    assert "0.0 of 64 MiB" in ended
    assert proxy.run("capture", "stop").out.startswith("No capture is on. The last one: stopped.")
    last = proxy.json("status").data["last_error"]
    assert last is None or "capture" not in last["message"]
    assert not [
        one for one in proxy.log_file.read_text().splitlines() if "WARN" in one and "/why" in one
    ]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("null", "a body that is no object"),
        ("[]", "a body that is no object"),
        ('"x"', "a body that is no object"),
        ("7", "a body that is no object"),
        ("[" * 50_000 + "]" * 50_000, ""),
    ],
)
def test_a_request_that_cannot_be_asked_is_named(home: Home, body: str, found: str) -> None:
    file = written(home, body=body)
    with pytest.raises(CaptureFileError) as caught:
        exchanges(file)
    assert f"{file}:2, found: {found}" in caught.value.message


@pytest.mark.parametrize("more", ["seconds", "prompt_tokens", "written_tokens"])
@pytest.mark.parametrize("number", ["1e308", "9" * 400, "-1"])
def test_a_number_that_nothing_takes_is_named(home: Home, more: str, number: str) -> None:
    file = written(home, more=f',"{more}":{number}')
    with pytest.raises(CaptureFileError, match=r"jsonl:3, found: "):
        exchanges(file)


def test_a_byte_order_mark_is_read_and_a_long_name_is_cut(home: Home) -> None:
    (one,) = exchanges(written(home, more=f',"model":"{"m" * 400}"'))
    side = captured_side([one])
    assert max(map(len, table(side, side))) <= 130


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


def test_a_time_that_is_no_number_is_refused(home: Home) -> None:
    ran = home.run("capture", "start", "--minutes", "nan")
    assert ran.code == 2
    assert "Expected --minutes to be a number from 0.1 to 1440, found 'nan'." in ran.err


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e300"])
def test_a_wait_that_no_clock_can_count_is_refused(home: Home, seconds: str) -> None:
    ran = home.run("replay", "a.jsonl", "--model", "m", "--timeout-seconds", seconds)
    assert ran.code == 2
    wanted = "Expected --timeout-seconds to be a number from 1 to 86400"
    assert f"{wanted}, found '{seconds}'." in ran.err
