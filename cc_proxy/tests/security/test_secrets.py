"""Markers in every place of a secret; then everything that was written is searched for them."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cc_proxy.tests import environments
from cc_proxy.tests.conformance.stack import Practice, practice_server

# What is searched was said once.
pytestmark = pytest.mark.xdist_group("secrets")
KEY = "MARKER-key-5f2a91"
API_KEY = "MARKER-api-key-77c0"
PASSWORD = "MARKER-password-31"
PROMPT = "MARKER-prompt-9be4"
SECRETS = (KEY, API_KEY, PASSWORD, PROMPT)


@dataclass
class Session:
    """A proxy that was started, asked, and told wrong things; and all that was said."""

    folder: Path
    said: str
    command_lines: str


@pytest.fixture(scope="module")
def practice() -> Iterator[Practice]:
    with practice_server() as server:
        yield server


@pytest.fixture(scope="module")
def session(
    practice: Practice, cc_proxy: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Session:
    folder = tmp_path_factory.mktemp("home")
    said: list[str] = []
    environment = environments.clean(
        folder,
        LANG="C.UTF-8",
        CC_PROXY_PORT="0",
        CC_PROXY_AUTH_KEY=KEY,
        CC_PROXY_LOG_LEVEL="debug",
        OLLAMA_API_KEY=API_KEY,
        OLLAMA_BASE_URL=practice.url.replace("://", f"://user:{PASSWORD}@"),
    )

    def run(*arguments: str, **more: str) -> str:
        done = subprocess.run(
            [*cc_proxy, *arguments],
            env=environment | more,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        said.append(done.stdout + done.stderr)
        return done.stdout

    def ask(url: str, model: str, key: str) -> None:
        words = [{"role": "user", "content": PROMPT}]
        asked = {"model": model, "max_tokens": 20, "messages": words}
        request = urllib.request.Request(  # noqa: S310 - our own server
            url + "/v1/messages", json.dumps(asked).encode(), {"x-api-key": key}
        )
        try:
            with urllib.request.urlopen(request, timeout=300) as response:  # noqa: S310 - as above
                assert response.status == 200
        except urllib.error.HTTPError as error:
            said.append(error.read().decode())

    started = json.loads(run("start", "--json"))["data"]
    try:
        ask(started["url"], "practice", KEY)
        ask(started["url"], "no-such-model", KEY)
        ask(started["url"], "practice", KEY[:-1])
        for command in ("status", "config show", "doctor", "models", "logs"):
            run(*command.split())
            run(*command.split(), "--json")
        lines = command_lines(started["pid"])
    finally:
        run("stop", "--json")
    # What cannot work: the errors must not tell either.
    bad = {"OLLAMA_BASE_URL": f"http://user:{PASSWORD}@127.0.0.1:9/v1"}
    run("start", "--json", **bad)
    run("start", CC_PROXY_AUTH_KEY=KEY + " x")
    run("start", OLLAMA_API_KEY=API_KEY + " x")
    return Session(folder, "\n".join(said), lines)


def command_lines(pid: int) -> str:
    """Return how the process was started, as everyone on the machine may see it."""
    if sys.platform == "win32":
        return ""
    if sys.platform != "linux":
        return subprocess.check_output(["ps", "-p", str(pid), "-o", "command="], text=True)  # noqa: S607 - on PATH everywhere
    return Path(f"/proc/{pid}/cmdline").read_text("utf-8")


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_said_to_anyone(session: Session, secret: str) -> None:
    assert "cc-proxy" in session.said
    assert secret not in session.said


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.posix_only("ps")
def test_no_secret_is_in_a_list_of_processes(session: Session, secret: str) -> None:
    assert session.command_lines
    assert secret not in session.command_lines


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_in_a_log_or_in_state_that_is_kept(session: Session, secret: str) -> None:
    files = [path for path in session.folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in files), files
    for path in files:
        assert secret.encode() not in path.read_bytes(), path


@pytest.mark.posix_only("modes of files")
def test_what_is_written_is_nobody_else_s_business(session: Session) -> None:
    for path in (session.folder / ".cc-proxy").rglob("*"):
        mode = path.stat().st_mode & 0o777
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_the_words_of_a_conversation_are_in_no_log_at_any_level(session: Session) -> None:
    logs = "".join(path.read_text("utf-8") for path in session.folder.rglob("*.log*"))
    assert "asked=practice" in logs
    assert PROMPT not in logs
