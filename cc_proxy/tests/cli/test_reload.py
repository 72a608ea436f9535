import json
import os
import signal
import threading
from pathlib import Path

import pytest

from .conftest import Home, Ran


@pytest.fixture
def file(home: Home) -> Path:
    path = home.path / ".cc-proxy" / "cc-proxy.user.yaml"
    path.parent.mkdir()
    path.write_text("aliases: {default: one}\n")
    return path


def wait_for_log(home: Home, words: str) -> None:
    waiting = threading.Event()
    while words not in home.log_file.read_text():
        assert not waiting.wait(0.02)


def test_what_can_change_counts_at_once_and_status_knows_it(home: Home, file: Path) -> None:
    before = home.json("start").data
    file.write_text("aliases: {default: two}\nlogging: {format: json, level: debug}\n")
    assert home.json("status").warnings == ["other_settings"]
    ran = home.run("reload")
    assert ran.code == 0, ran.err
    assert "Changed: aliases.default, logging.level, logging.format." in ran.out
    status = home.json("status")
    assert status.warnings == []
    assert status.data["pid"] == before["pid"]
    assert status.data["config_digest"] != before["config_digest"]
    last = json.loads(home.log_file.read_text().splitlines()[-1])
    assert last["message"].startswith("configuration read again")
    assert home.json("logs", "--level", "info").data["lines"]


def test_a_broken_file_keeps_the_old_configuration_and_status_says_so(
    home: Home, file: Path
) -> None:
    before = home.json("start").data
    file.write_text("alaises: {default: two}\n")
    ran = home.json("reload")
    assert (ran.code, ran.error["code"]) == (2, "config_error")
    assert f"{file}:1:1" in ran.error["message"]
    assert "goes on with the configuration it has" in ran.error["message"]
    status = home.json("status")
    assert status.warnings == ["config_error", "reload_failed"]
    assert status.data["config_digest"] == before["config_digest"]
    assert "stays as it was" in home.log_file.read_text()
    assert "restart" not in ran.error["hint"]
    file.write_text("aliases: {default: one}\n")
    assert home.json("reload").data["changed"] == []
    assert home.json("status").warnings == []


def test_a_file_that_is_gone_is_said_and_how_to_go_on_without_it(home: Home, file: Path) -> None:
    home.run("start")
    file.unlink()
    ran = home.json("reload")
    assert (ran.code, ran.error["code"]) == (2, "config_error")
    assert f"{file} does not exist" in ran.error["message"]
    assert "To go on without the file: cc-proxy restart" in ran.error["hint"]
    assert home.json("restart").data["config_path"] is None


def test_what_needs_a_restart_is_named(home: Home, file: Path) -> None:
    del home.environ["CC_PROXY_PORT"]
    file.write_text("server: {port: 0}\n")
    home.json("start")
    file.write_text("server: {port: 1}\naliases: {a: b}\n")
    ran = home.json("reload")
    assert ran.warnings == ["needs_restart"]
    assert ran.data["changed"] == ["aliases.a"]
    assert ran.data["needs_restart"] == ["server.port"]
    assert "needs_restart" in home.json("status").warnings


def test_a_server_that_was_taken_out_needs_a_restart_and_nothing_says_otherwise(
    home: Home, file: Path
) -> None:
    del home.environ["OLLAMA_BASE_URL"]
    file.write_text("upstreams: {gpu: {url: http://127.0.0.1:9}}\n")
    home.run("start")
    file.write_text("aliases: {}\n")
    ran = home.json("reload")
    assert ran.warnings == ["needs_restart"]
    assert ran.data["needs_restart"] == ["upstreams.gpu"]
    assert "the server gpu" in home.run("reload").err
    warnings = home.json("status").warnings
    assert "needs_restart" in warnings
    assert "other_settings" not in warnings


def test_variables_of_another_terminal_need_a_restart_and_a_reload_says_so(
    home: Home, file: Path
) -> None:
    home.run("start", OLLAMA_TIMEOUT_SECONDS="61s")
    del home.environ["OLLAMA_BASE_URL"]  # this terminal has no variable at all
    (warning,) = [
        w for w in home.json("status").envelope["warnings"] if w["code"] == "other_settings"
    ]
    assert warning["hint"] == "To apply it: cc-proxy restart"
    ran = home.run("reload")
    assert "keeps the environment variables that it was started with" in ran.err
    assert "cc-proxy restart" in ran.err
    assert home.json("restart").warnings == []
    assert home.json("status").warnings == []
    file.write_text("ollama:\n  timeout: ${SECONDS_FOR_OLLAMA:-60}\n")
    assert "ollama.timeout" in home.json("reload").data["changed"]
    assert home.json("reload", SECONDS_FOR_OLLAMA="62").warnings == ["other_settings"]


def test_a_reload_of_what_does_not_run_is_3(home: Home) -> None:
    ran: Ran = home.json("reload")
    assert (ran.code, ran.error["code"]) == (3, "not_running")


@pytest.mark.posix_only("SIGHUP")
def test_sighup_reloads_in_the_background_and_under_a_manager(home: Home, file: Path) -> None:
    home.run("start")
    file.write_text("aliases: {default: two}\n")
    os.kill(home.state["pid"], signal.SIGHUP)
    wait_for_log(home, "changed=aliases.default")
    os.kill(home.state["pid"], 0)
    home.run("stop")
    with home.popen("start", "--foreground") as process:
        assert process.stderr is not None
        process.stderr.readline()
        file.write_text("aliases: {default: three}\n")
        process.send_signal(signal.SIGHUP)
        assert "changed=aliases.default" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_flags_of_the_log_hold_over_reload_and_restart(home: Home) -> None:
    home.run("start", "--log-format", "json", "--log-level", "debug")
    assert home.json("status").warnings == []
    assert home.json("reload").data["changed"] == []
    home.run("restart")
    lines = home.log_file.read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert sum(entry["message"].startswith("listening ") for entry in entries) == 2
    wrong = home.json("start", "--log-format", "xml")
    assert (wrong.code, wrong.error["code"]) == (2, "config_error")
    assert "text or json" in wrong.error["message"]
