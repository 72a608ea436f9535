"""Loading the model at the start: for those who wait for it, and for `cc-proxy claude`."""

import json
import signal
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from cc_proxy.app.practice.model.speed import PracticeSpeed
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import Practice, practice_server

posix = pytest.mark.posix_only("a shell script that plays Claude Code")


@pytest.fixture
def practice(home: Home) -> Iterator[Practice]:
    with practice_server() as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        yield running


def ask(home: Home, model: str) -> None:
    """Send a real request to the proxy that runs."""
    key = (home.run_dir / "auth.key").read_text().strip()
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    request = Request(
        f"http://127.0.0.1:{home.state['port']}/v1/messages",
        data=json.dumps(body).encode(),
        headers={"x-api-key": key},
    )
    with urlopen(request, timeout=300) as answer:  # noqa: S310 - as above
        assert answer.status == 200


def test_a_start_with_preload_ends_with_the_model_loaded(home: Home, practice: Practice) -> None:
    data = home.json("start", "--preload").data
    assert data["preloaded"]["model"] == "practice:latest"
    assert data["preloaded"]["context_window"] == 65_536
    ask(home, "claude-opus-4-8")
    assert [record.loaded for record in practice.chats()] == [True, False]


def test_a_start_without_it_asks_no_model(home: Home, practice: Practice) -> None:
    assert "preloaded" not in home.json("start").data
    assert practice.chats() == []


def test_people_read_what_is_loaded(home: Home, practice: Practice) -> None:
    ran = home.run("start", "--preload")
    assert "Preloaded  practice:latest (loaded in 0 s, 65,536 tokens)" in ran.out
    assert practice.url


def test_one_that_runs_already_loads_the_model_too(home: Home, practice: Practice) -> None:
    assert home.run("start").code == 0
    assert home.json("start", "--preload").data["already_running"] is True
    assert len(practice.chats()) == 1


def test_without_an_ollama_it_runs_and_the_exit_code_says_that_nothing_is_loaded(
    home: Home,
) -> None:
    ran = home.json("start", "--preload")
    assert (ran.code, ran.error["code"]) == (5, "upstream_unreachable")
    assert home.json("status").data["running"] is True


def test_a_model_that_is_not_pulled_is_an_error_and_it_runs(home: Home, practice: Practice) -> None:
    (home.path / ".cc-proxy").mkdir()
    (home.path / ".cc-proxy/cc-proxy.user.yaml").write_text("aliases: {default: absent}\n")
    ran = home.json("start", "--preload")
    assert (ran.code, ran.error["code"]) == (1, "no_default_model")
    assert "absent" in ran.error["message"]
    assert practice.chats() == []


@posix
def test_a_start_in_the_terminal_loads_it_behind(home: Home, practice: Practice) -> None:
    process = home.popen("start", "--foreground", "--preload")
    loaded = practice.wait_for(lambda record: record.path == "/api/chat" and record.loaded)
    assert loaded.num_ctx == 65_536
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err


@posix
def test_claude_has_its_model_loaded_while_it_starts(home: Home, practice: Practice) -> None:
    claude = home.path / "claude"
    claude.write_text("#!/bin/sh\necho it is $ANTHROPIC_MODEL\n")
    claude.chmod(0o755)
    ran = home.run("claude", "--claude-bin", str(claude), "--model", "practice-think")
    assert ran.out == "it is practice-think\n", ran.err
    record = practice.wait_for(lambda record: record.path == "/api/chat" and record.loaded)
    assert record.body["messages"] == []
    ask(home, "practice-think")
    assert [record.loaded for record in practice.chats()] == [True, False]


@posix
@pytest.mark.parametrize("more", [["--print-env", "--model", "practice"], ["--", "--version"]])
def test_claude_that_asks_no_model_loads_none(
    home: Home, practice: Practice, more: list[str]
) -> None:
    claude = home.path / "claude"
    claude.write_text("#!/bin/sh\necho 2.1.330\n")
    claude.chmod(0o755)
    ran = home.run("claude", "--claude-bin", str(claude), *more)
    assert ran.code == 0, ran.err
    assert practice.chats() == []


@posix
def test_on_a_terminal_the_seconds_are_counted(home: Home) -> None:
    import pexpect  # noqa: PLC0415 - there is none on Windows

    with practice_server(speed=PracticeSpeed(load_seconds=1.5)) as practice:
        command, *rest = home.command
        terminal = pexpect.spawn(
            command,
            [*rest, "start", "--preload"],
            env=home.environ | {"OLLAMA_BASE_URL": practice.url, "TERM": "xterm"},
            dimensions=(24, 100),
            timeout=300,
            encoding="utf-8",
        )
        terminal.expect("Loading practice:latest …  0 s")
        terminal.expect("Preloaded +practice:latest .loaded in 1 s")
        terminal.expect(pexpect.EOF)
        terminal.wait()
    assert terminal.exitstatus == 0
