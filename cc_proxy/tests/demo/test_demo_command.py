"""`cc-proxy demo` as a person runs it: everything real but the model."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO
from urllib.request import urlopen

import pytest

from cc_proxy.tests import contract

CLIENTS = Path(__file__).parents[1] / "clients"
Run = Callable[..., "subprocess.Popen[str]"]

needs_signals = pytest.mark.posix_only("POSIX signals")


@pytest.fixture
def run(cc_proxy: list[str], tmp_path: Path) -> Iterator[Run]:
    """Return a way to start `cc-proxy` with its temporary files in a folder of the test's."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "home").mkdir()
    environ = {name: value for name, value in os.environ.items() if "CLAUDE" not in name}
    environ |= {"TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path / "home")}
    # Nobody listens there: the practice model does not care, and `auto` must fall back.
    environ["OLLAMA_BASE_URL"] = "http://127.0.0.1:9"
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **more: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*cc_proxy, *arguments],
            env=environ | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=sys.platform != "win32",
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def nothing_is_left(tmp_path: Path) -> bool:
    """Tell whether the temporary folder is empty and no process has it in its command line."""
    if sys.platform == "win32":  # there is no ps
        return not any((tmp_path / "tmp").iterdir())
    running = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True)  # noqa: S607 - any ps will do
    return not any((tmp_path / "tmp").iterdir()) and str(tmp_path) not in running.stdout


@pytest.mark.posix_only("a shell that takes the quotes of one")
def test_the_built_in_client_plays_the_whole_session(run: Run, tmp_path: Path) -> None:
    process = run("demo", "--built-in-client", "--instant")
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "Hello, practice!" in output
    assert "no real model is asked" in output
    assert "6 requests" in output
    assert nothing_is_left(tmp_path)


def test_json_is_one_object_with_every_request(run: Run) -> None:
    process = run("demo", "--built-in-client", "--instant", "--json")
    output, errors = process.communicate(timeout=300)
    contract.check(["demo", "--json"], output)
    answer = json.loads(output)
    assert (answer["status"], answer["exit_code"], process.returncode) == ("ok", 0, 0), errors
    data = answer["data"]
    assert data["practice"] is True
    assert data["client"] == "built-in"
    assert len(data["requests"]) == data["totals"]["requests"] == 6
    for earlier, later in pairwise(data["requests"]):
        assert later["reused_tokens"] >= earlier["prompt_tokens"]
        assert later["read_tokens"] < 100
    assert "practice" in errors


@pytest.mark.claude
@pytest.mark.parametrize("version", ["current", "older"])
def test_the_real_claude_code_plays_the_whole_session(
    run: Run, tmp_path: Path, version: str
) -> None:
    claude = CLIENTS / version / "node_modules" / ".bin" / "claude"
    if not claude.exists():
        pytest.skip(f"{claude} is not installed: make clients")
    named = os.path.relpath(claude) if version == "current" else claude
    process = run("demo", "--claude-bin", str(named), "--instant", "--json")
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    contract.check(["demo", "--json"], output)
    data = json.loads(output)["data"]
    assert data["client"] == "claude"
    assert "practice model" in data["answer"]
    assert data["totals"]["requests"] == 6
    first, *later = data["requests"]
    assert first["prompt_tokens"] > 3_000
    assert all(request["read_tokens"] < 400 for request in later)
    assert nothing_is_left(tmp_path)


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_interrupted_leaves_nothing_behind(
    run: Run, tmp_path: Path, number: signal.Signals
) -> None:
    process = run("demo", "--built-in-client")
    assert process.stdout is not None
    wait_for(process.stdout, "practice:latest")
    process.send_signal(number)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert nothing_is_left(tmp_path)


@needs_signals
def test_serve_only_serves_until_it_is_interrupted(run: Run) -> None:
    process = run("demo", "--serve-only", "--instant")
    assert process.stdout is not None
    line = wait_for(process.stdout, "OLLAMA_BASE_URL").strip()
    assert line.startswith("export OLLAMA_BASE_URL=http://")
    url = line.partition("=")[2]
    with urlopen(f"{url}/api/version", timeout=300) as answer:  # noqa: S310 - our own URL
        assert json.load(answer) == {"version": "0.32.15"}
    with urlopen(f"{url}/practice/journal", timeout=300) as answer:  # noqa: S310 - as above
        assert [record["path"] for record in json.load(answer)["records"]] == ["/api/version"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=300)
    assert process.returncode == 130


def wait_for(stream: IO[str], wanted: str) -> str:
    """Return the first line that has `wanted` in it."""
    for line in stream:
        if wanted in line:
            return line
    pytest.fail(f"the output ended without {wanted!r}")


def test_a_claude_code_that_is_named_but_missing_is_an_error(run: Run) -> None:
    process = run("demo", "--claude-bin", "no-such-claude")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "no-such-claude" in errors
    assert "Leave --claude-bin out" in errors


def test_json_of_a_server_without_end_is_a_usage_error(run: Run) -> None:
    process = run("demo", "--serve-only", "--json")
    output, _ = process.communicate(timeout=300)
    assert (process.returncode, json.loads(output)["errors"][0]["code"]) == (2, "usage_error")


def test_a_port_that_cannot_be_had_is_an_error(run: Run) -> None:
    first = run("demo", "--serve-only")
    assert first.stdout is not None
    port = wait_for(first.stdout, "OLLAMA_BASE_URL").strip("'\n").rpartition(":")[2]
    process = run("demo", "--serve-only", "--port", port)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    assert f"port {port}" in errors


def test_without_an_ollama_auto_falls_back_to_practice_and_says_so(run: Run) -> None:
    process = run("demo", "--upstream", "auto", "--built-in-client", "--instant")
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "The practice model answers." in errors
    assert "6 requests" in output


def test_the_practice_server_is_no_real_model(run: Run) -> None:
    first = run("demo", "--serve-only")
    assert first.stdout is not None
    url = wait_for(first.stdout, "OLLAMA_BASE_URL").strip("'\n").partition("=")[2].strip("'")
    second = run(
        "demo", "--upstream", "auto", "--built-in-client", "--instant", OLLAMA_BASE_URL=url
    )
    _, errors = second.communicate(timeout=300)
    assert second.returncode == 0, errors
    assert f"{url} is the practice server, not a real Ollama. The practice model answers." in errors
