"""A capture: off until it is asked for, bounded, private, and without keys and tokens."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app import private_files
from cc_proxy.app.control.capture import CapturedAnswer, CapturedRequest, CaptureStart
from cc_proxy.app.gateway.capture import store
from cc_proxy.app.gateway.capture.secrets import ExchangeRedactor
from cc_proxy.app.gateway.capture.store import CAPTURE, Capture, CaptureRefusedError

from .conftest import KEY, Gateway, Upstream, done, line, says

TOKENS = [
    "sk-ant-api03-" + "a1B2" * 8,
    "ghp_" + "a1B2" * 9,
    "AKIA" + "ABCD" * 4,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
]


def text_of(path: str) -> str:
    return Path(path).read_text("utf-8")


def size_of(path: str) -> int:
    return Path(path).stat().st_size


@pytest.fixture
def capture(gateway: Gateway, tmp_path: Path) -> Capture:
    found = gateway.app[CAPTURE]
    found._folder = tmp_path  # noqa: SLF001 - the fixture's gateway keeps nothing on disk
    return found


async def post(gateway: Gateway, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    async with gateway.client.post(gateway.url + path, json=body) as response:
        return response.status, await response.json()


def lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(one) for one in text_of(path).splitlines()]


async def test_it_is_off_until_it_is_asked_for(gateway: Gateway, capture: Capture) -> None:
    await gateway.ask()
    async with gateway.client.get(gateway.url + "/capture") as response:
        assert (await response.json())["on"] is False
    assert list(capture._folder.iterdir()) == []  # type: ignore[union-attr] # noqa: SLF001


@pytest.mark.usefixtures("capture")
async def test_a_request_and_its_answer_are_written(gateway: Gateway, upstream: Upstream) -> None:
    call = {"function": {"name": "Read", "arguments": {"path": "a"}}}
    upstream.chat = says(line("I read it."), line(message={"tool_calls": [call]}), done())
    _, begun = await post(gateway, "/capture", {})
    read = {"name": "Read", "input_schema": {"type": "object"}}
    said = f"my key is {TOKENS[0]}, yours {KEY}"
    await gateway.stream(tools=[read], messages=[{"role": "user", "content": said}])
    # The answer is written once its request has ended, a moment after the client has all of it.
    for _ in range(6000):
        if not gateway.shared.activity.running:
            break
        await asyncio.sleep(0.01)
    status, ended = await post(gateway, "/capture/stop")
    assert (status, ended["on"], ended["ended"], ended["requests"]) == (200, False, "stopped", 1)
    header, request, answer = lines(begun["file"])
    assert header["type"] == "capture"
    assert request["body"]["messages"][0]["content"] == "my key is ********, yours ********"
    assert (answer["id"], answer["outcome"]) == (request["id"], "ok")
    assert (answer["text"], answer["stop_reason"]) == ("I read it.", "tool_use")
    assert answer["calls"] == [{"name": "Read", "arguments": {"path": "a"}}]
    assert KEY not in text_of(begun["file"])
    assert not private_files.is_open_to_others(Path(begun["file"]))


async def test_it_is_of_one_session_and_ends_with_its_time(tmp_path: Path) -> None:
    now = 1000.0
    capture = Capture(tmp_path, lambda: now)
    capture.start(CaptureStart(session="s1", seconds=60), ())
    assert capture.wants("s1")
    assert not capture.wants("s2")
    now += 61
    assert not capture.wants("s1")
    assert capture.state().ended == "time"


async def test_its_file_is_bounded(tmp_path: Path) -> None:
    capture = Capture(tmp_path)
    capture.start(CaptureStart(max_bytes=2000), ())
    for number in range(20):
        capture.add(CapturedAnswer(id=str(number), outcome="ok", text="x" * 300))
    state = await capture.stop()
    assert state.ended == "full"
    assert size_of(state.file) == state.bytes <= 2000
    assert all(isinstance(one, dict) for one in lines(state.file))


async def test_a_full_file_gets_no_smaller_lines_and_the_next_one_none_of_its(
    tmp_path: Path,
) -> None:
    capture = Capture(tmp_path)
    full = capture.start(CaptureStart(max_bytes=2000), ())
    for size in (300, 5000, 10):
        capture.add(CapturedAnswer(id=str(size), outcome="ok", text="x" * size))
    await capture.stop()
    assert [one.get("id") for one in lines(full.file)] == [None, "300"]
    now = capture.start(CaptureStart(), ())
    await capture.stop()
    assert len(lines(now.file)) == 1


async def test_a_disk_that_hangs_ends_the_capture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_PENDING_BYTES", 2000)
    capture = Capture(tmp_path)
    capture.start(CaptureStart(), ())
    # None is written before the loop has its turn.
    for number in range(20):
        capture.add(CapturedAnswer(id=str(number), outcome="ok", text="x" * 300))
    assert capture.state().ended == "failed"
    assert size_of((await capture.stop()).file) < 4000


@pytest.mark.usefixtures("capture")
async def test_two_at_once_and_none_on_disk_are_refused(gateway: Gateway) -> None:
    await post(gateway, "/capture", {})
    status, found = await post(gateway, "/capture", {})
    assert status == 409
    assert "To end it: cc-proxy capture stop" in found["error"]["message"]
    with pytest.raises(CaptureRefusedError, match=r"server\.keep_on_disk: false"):
        Capture(None).start(CaptureStart(), ())
    for body in ({"seconds": 0}, {"max_bytes": 1}, {"other": 1}):
        status, _ = await post(gateway, "/capture", body)
        assert status == 400


@pytest.mark.parametrize("token", TOKENS)
def test_what_has_the_form_of_a_token_is_replaced(token: str) -> None:
    body = json.dumps({"text": f'export KEY="{token}"\n', "other": "task-list sk-1"}).encode()
    found = json.loads(ExchangeRedactor(()).json(body))
    assert found == {"text": 'export KEY="********"\n', "other": "task-list sk-1"}


def test_a_private_key_and_a_bearer_token_are_replaced() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"
    body = json.dumps({"a": key, "b": "Authorization: Bearer abcdef0123456789"}).encode()
    found = json.loads(ExchangeRedactor(()).json(body))
    assert "MIIEow" not in found["a"]
    assert found["b"] == "Authorization: Bearer ********"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("a\n" + TOKENS[0], TOKENS[0]),
        ("Authorization: Bearer   abcdef0123456789", "abcdef0123456789"),
        ("a\nBearer\tabcdef0123456789", "abcdef0123456789"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("glrt-" + "a1B2" * 5, "a1B2a1B2"),
        ("xapp-1-A0B1-123-" + "a1B2" * 5, "a1B2a1B2"),
        ("https://hooks.slack.com/services/T0/B0/abcdef12", "abcdef12"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfi", "wJalrXUtnFEMI"),
        ('{"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG"}', "wJalrXUtnFEMI"),
        ("postgres://user:hunter22@db/x", "hunter22"),
        (
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF\n-----END PGP",
            "lQOYBF",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC,1\n\nMIIEow\n-----END RSA",
            "MIIEow",
        ),
        ('{"k": "-----BEGIN PRIVATE KEY-----\nMIIEow"}', "MIIEow"),
    ],
)
def test_more_secrets_by_their_forms(text: str, secret: str) -> None:
    body = json.dumps({"a": text, "b": "Basic understanding, http://h:80/a@b"}).encode()
    found = json.loads(ExchangeRedactor(()).json(body))
    assert secret not in found["a"]
    assert "********" in found["a"]
    assert found["b"] == "Basic understanding, http://h:80/a@b"


@pytest.mark.parametrize("key", ["alices-key-0123456789", "pass/word+of$bob"])
@pytest.mark.parametrize("text", ["{}", "my key:\n{} yes", '"{}"'])
def test_a_key_of_which_only_the_hash_is_known_is_replaced(key: str, text: str) -> None:
    redactor = ExchangeRedactor((), [hashlib.sha256(key.encode()).digest()])
    body = json.dumps({"a": text.format(key), "b": "alices-key-012345678 and words"}).encode()
    assert json.loads(redactor.json(body)) == {
        "a": text.format("********"),
        "b": "alices-key-012345678 and words",
    }


@pytest.mark.posix_only("links that anybody may make, and modes")
@pytest.mark.parametrize("kind", ["link", "open", "sticky"])
async def test_a_folder_that_is_not_ours_alone_gets_no_capture(
    gateway: Gateway, capture: Capture, tmp_path: Path, kind: str
) -> None:
    folder, other = tmp_path / "captures", tmp_path / "other"
    other.mkdir()
    if kind == "link":
        folder.symlink_to(other)
    else:
        folder.mkdir()
        folder.chmod(0o777 if kind == "open" else 0o1777)
    status, found = await post(gateway, "/capture", {})
    assert status == 409
    assert "Expected a folder of your own" in found["error"]["message"]
    assert str(folder) in found["error"]["message"]
    assert [*other.iterdir(), *folder.iterdir()] == []
    assert not capture.is_on


def test_the_lines_are_read_back() -> None:
    # What replay reads (cli/replay/capture_file.py).
    assert CapturedRequest.__struct_config__.tag == "request"
    assert CapturedAnswer.__struct_config__.tag == "answer"
