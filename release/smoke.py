"""What an installed cc-proxy must do: start, ask for its key, answer, stop."""

import json
import re
import secrets
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from release.commands import ReleaseError, run

Answer = dict[str, Any]
_ADDRESS = re.compile(r"http://[\d.:]+")


def smoke(cc_proxy: Path, env: Mapping[str, str], version: str) -> None:
    """Drive an installed `cc-proxy` through a day of work on the practice model.

    Raises:
        ReleaseError: something was not as it should be.

    """
    printed = run([cc_proxy, "--version"], env=env).strip()
    expect("--version", found=printed, expected=f"cc-proxy {version}")
    with practice_model(cc_proxy, env) as upstream:
        key = secrets.token_urlsafe(24)
        settings = {
            **env,
            "CC_PROXY_AUTH_KEY": key,
            "CC_PROXY_PORT": "0",
            "OLLAMA_BASE_URL": upstream,
            "OLLAMA_TIMEOUT_SECONDS": "120s",
        }
        url = data(run([cc_proxy, "start", "--json"], env=settings))["url"]
        try:
            expect("/health without the key", found=_get(f"{url}/health", None)[0], expected=401)
            status, health = _get(f"{url}/health", key)
            expect("/health with the key", found=status, expected=200)
            expect("its version", found=health["version"], expected=version)
            expect("Ollama's address", found=health["upstream"]["url"], expected=upstream)
            expect("Ollama answers", found=health["upstream"]["reachable"], expected=True)
            status, answer = _ask(url, key)
            expect("the status of an answer", found=status, expected=200)
            expect("an answer's kind", found=answer["type"], expected="message")
            expect("text in it", found=bool(answer["content"][0]["text"]), expected=True)
        finally:
            stopped = data(run([cc_proxy, "stop", "--json"], env=settings))
        expect("it ran until it was stopped", found=stopped["was_running"], expected=True)


def expect(what: str, *, found: object, expected: object) -> None:
    """Raise ReleaseError, naming both, unless what was found is what is expected."""
    if found != expected:
        raise ReleaseError(f"{what}: expected {expected!r}, found {found!r}")


def data(printed: str) -> Answer:
    """Return `data` of what a command printed with `--json`."""
    found: Answer = json.loads(printed)["data"]
    return found


@contextmanager
def practice_model(cc_proxy: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Serve the practice model as long as the block runs; yields the address of it.

    Raises:
        ReleaseError: it did not say where it serves.

    """
    command = [str(cc_proxy), "demo", "--serve-only", "--port", "0", "--instant"]
    with subprocess.Popen(  # noqa: S603 -- the program under test
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as served:
        try:
            mark = "OLLAMA_BASE_URL"
            lines = list(_lines_until(served, mark))
            address = _ADDRESS.search(lines[-1]) if lines and mark in lines[-1] else None
            if address is None:
                raise ReleaseError(f"expected a line with {mark} and an address, found {lines}")
            yield address[0]
        finally:
            served.terminate()


def _lines_until(served: subprocess.Popen[str], mark: str) -> Iterator[str]:
    assert served.stdout is not None  # noqa: S101 -- it was opened as a pipe
    for line in served.stdout:
        yield line
        if mark in line:
            return


def _get(url: str, key: str | None) -> tuple[int, Answer]:
    return _send(urllib.request.Request(url), key)  # noqa: S310 -- loopback


def _ask(url: str, key: str) -> tuple[int, Answer]:
    body = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Say hello."}],
    }
    request = urllib.request.Request(  # noqa: S310 -- loopback
        f"{url}/v1/messages",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "anthropic-version": "2023-06-01"},
    )
    return _send(request, key)


def _send(request: urllib.request.Request, key: str | None) -> tuple[int, Answer]:
    if key is not None:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- loopback
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
