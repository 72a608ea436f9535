"""`cc-proxy doctor`, as a person runs it."""

import io
import json
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app.cli.common import Common
from cc_proxy.app.cli.doctor import installer, network
from cc_proxy.app.config import load
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.tests.cli.conftest import Home, free_port
from cc_proxy.tests.cli.practice import Practice, practice_server
from cc_proxy.tests.cli.verdicts import found_unfit

posix = pytest.mark.posix_only("modes and pseudo-terminals")
# Stands in for a real model.
REAL = PracticeModel("real")
READS = [{"calls": [{"name": "Read", "arguments": {"file_path": "/tmp/notes.txt"}}]}]  # noqa: S108 - nothing reads it
ALL = [
    *("python", "package", "pdf", "configuration", "folders", "key", "proxy"),
    *("ollama", "ollama_version", "default_model", "tools", "window"),
    *("answer", "reading_speed", "memory", "tool_call", "prefix"),
    *("claude_code", "claude_environment", "claude_settings", "claude_http_proxy", "claude_login"),
    "claude_onboarding",
]


@pytest.fixture
def practice(home: Home) -> Iterator[Practice]:
    with practice_server(script=READS) as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        yield running


@pytest.fixture(autouse=True)
def claude(home: Home) -> None:
    """Have a Claude Code of sorts on the PATH."""
    folder = home.path / "bin"
    folder.mkdir()
    name = "claude.bat" if sys.platform == "win32" else "claude"
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)
    home.environ["PATH"] = str(folder)


def checks(home: Home, *arguments: str, **variables: str) -> dict[str, dict[str, Any]]:
    found = home.json("doctor", *arguments, **variables).envelope["data"]["checks"]
    return {check["name"]: check for check in found}


def test_each_configured_model_that_cannot_do_its_work_is_named(
    home: Home, practice: Practice
) -> None:
    del practice
    folder = home.path / ".cc-proxy"
    folder.mkdir()
    (folder / "cc-proxy.user.yaml").write_text(
        "vision_model: practice\nrequest_classes: {title: nope}\naliases: {mine: nowhere}\n"
    )
    detail = checks(home, "--no-model")["configured_models"]["detail"]
    assert "aliases.mine:" in detail
    assert "request_classes.title:" in detail
    assert "vision_model: practice cannot see images." in detail


def test_every_check_is_made_and_has_a_name_a_status_a_detail_and_a_fix(
    home: Home, practice: Practice
) -> None:
    ran = home.json("doctor")
    assert ran.code == 0, ran.err
    found = [check for check in ran.data["checks"] if check["name"] != "container"]
    assert [check["name"] for check in found] == ALL
    assert ran.data["not_checked"] == []
    for check in found:
        assert set(check) == {"name", "status", "detail", "fix"}
        assert check["status"] in {"ok", "warn"}
        assert check["detail"]
        assert (check["fix"] is None) == (check["status"] == "ok")
    # The practice model is on the CPU, and reads faster than anybody could wish.
    assert [check["name"] for check in found if check["status"] == "warn"] == []
    (memory,) = [check for check in found if check["name"] == "memory"]
    assert memory["detail"].startswith("all on the CPU")
    assert practice.chats()


def test_people_read_a_line_a_check(home: Home, practice: Practice) -> None:
    ran = home.run("doctor")
    assert practice.url
    lines = ran.out.splitlines()
    assert [line for line in lines if line.startswith("ok    ollama ")]
    assert [line for line in lines if line.startswith("ok    memory ")]
    assert " ok, 0 warn, 0 fail" in lines[-1]


def test_the_model_is_asked_with_the_window_of_real_requests(
    home: Home, practice: Practice
) -> None:
    assert home.run("doctor").code == 0
    asked = [record for record in practice.chats() if record.prompt_tokens]
    assert [record.loaded for record in asked] == [True, *[False] * (len(asked) - 1)]
    assert {record.num_ctx for record in asked} == {65_536}


@pytest.mark.parametrize(
    ("family", "status", "says"),
    [
        ("qwen3.5", "ok", "the next turn keeps"),
        ("gemma4", "ok", "the next turn keeps"),
        ("nemotron-3-nano", "warn", "leaves out old thinking"),
    ],
)
def test_a_template_that_forgets_thinking_is_named_where_nothing_helps(
    home: Home, family: str, status: str, says: str
) -> None:
    model = PracticeModel(family, thinking=True, renderer=family)
    with practice_server(models=(model,), script=READS) as practice:
        found = checks(home, OLLAMA_BASE_URL=practice.url)["prefix"]
    assert found["status"] == status
    assert says in found["detail"]
    if status == "warn":
        assert found["fix"].startswith("MAX_THINKING_TOKENS=0 cc-proxy claude")


def test_no_model_leaves_the_model_alone(home: Home, practice: Practice) -> None:
    ran = home.json("doctor", "--no-model")
    assert ran.code == 0
    assert practice.chats() == []
    assert ran.data["not_checked"] == ["answer", "reading_speed", "memory", "tool_call", "prefix"]


def test_a_model_that_writes_instead_of_calling_fails(home: Home) -> None:
    with practice_server(models=[REAL], script=[{"text": "I would read it."}] * 3) as practice:
        ran = home.json("doctor", OLLAMA_BASE_URL=practice.url)
    assert (ran.code, ran.error["code"]) == (1, "checks_failed")
    (check,) = [c for c in ran.envelope["data"]["checks"] if c["status"] == "fail"]
    assert check["name"] == "tool_call"
    assert "I would read it." in check["detail"]
    assert check["fix"]


def test_the_practice_server_is_named_and_no_model_to_pull(home: Home) -> None:
    with practice_server() as practice:
        ran = home.json("doctor", OLLAMA_BASE_URL=practice.url)
    found = {check["name"]: check for check in ran.data["checks"]}
    assert "it is the practice server's, and plays scripts" in found["default_model"]["detail"]
    assert found["tool_call"]["status"] == "warn"
    assert "For a real Ollama: OLLAMA_BASE_URL=" in found["tool_call"]["fix"]
    assert "models pull" not in ran.out


def test_doctor_names_the_model_that_answers_after_a_test_found_another_unfit(home: Home) -> None:
    newest, older = PracticeModel("newest"), PracticeModel("older")
    found_unfit(home, newest)
    with practice_server(models=[newest, older], script=READS) as practice:
        found = checks(home, "--no-model", OLLAMA_BASE_URL=practice.url)
    assert found["default_model"]["detail"].startswith("older:latest, chosen")
    assert found["default_model"]["status"] == "ok"


def test_what_cc_proxy_says_is_not_quoted_as_the_model_s(home: Home) -> None:
    with practice_server(models=[REAL], script=[{"pieces": [""]}] * 8) as practice:
        ran = home.json("doctor", OLLAMA_BASE_URL=practice.url)
    (check,) = [c for c in ran.envelope["data"]["checks"] if c["status"] == "fail"]
    assert check["detail"].startswith("asked to call a tool, no call came: the answer is empty")
    assert "it wrote" not in check["detail"]
    assert "[cc-proxy" not in check["detail"]


def test_a_call_with_other_arguments_is_a_warning(home: Home) -> None:
    script = [{"calls": [{"name": "Read", "arguments": {"file_path": "elsewhere"}}]}]
    with practice_server(script=script) as practice:
        found = checks(home, OLLAMA_BASE_URL=practice.url)
    assert found["tool_call"]["status"] == "warn"
    assert "elsewhere" in found["tool_call"]["detail"]


def test_a_default_model_without_tools_or_with_a_small_window_is_found(home: Home) -> None:
    models = (PracticeModel("plain:latest", tools=False, context=8192),)
    folder = home.path / ".cc-proxy"
    folder.mkdir()
    (folder / "cc-proxy.user.yaml").write_text("aliases: {default: plain}\n")
    with practice_server(models=models) as practice:
        ran = home.json("doctor", OLLAMA_BASE_URL=practice.url)
    found = {check["name"]: check for check in ran.envelope["data"]["checks"]}
    assert ran.code == 1
    assert found["tools"]["status"] == "fail"
    assert found["window"]["status"] == "warn"
    assert "8,192" in found["window"]["detail"]
    assert found["window"]["fix"] == "cc-proxy models"
    assert "tool_call" in ran.envelope["data"]["not_checked"]


def test_a_default_with_a_slip_in_its_name_is_asked_about(home: Home, practice: Practice) -> None:
    (home.path / ".cc-proxy").mkdir()
    (home.path / ".cc-proxy/cc-proxy.user.yaml").write_text("aliases: {default: practise}\n")
    detail = checks(home, "--no-model")["default_model"]["detail"]
    assert detail == "Ollama has no model practise. Did you mean practice?"
    assert practice.chats() == []


def test_a_default_that_is_not_pulled_names_the_command(home: Home, practice: Practice) -> None:
    (home.path / ".cc-proxy").mkdir()
    (home.path / ".cc-proxy/cc-proxy.user.yaml").write_text("aliases: {default: absent:1b}\n")
    found = checks(home)
    assert found["default_model"]["status"] == "fail"
    assert found["default_model"]["detail"] == "Ollama has no model absent:1b."
    assert found["default_model"]["fix"] == "cc-proxy models pull absent:1b"
    assert practice.chats() == []


def test_a_default_that_was_unfit_in_a_test_is_a_warning(home: Home) -> None:
    model = PracticeModel("unfit")
    found_unfit(home, model)
    with practice_server(models=[model]) as practice:
        ran = home.json("doctor", "--no-model", OLLAMA_BASE_URL=practice.url)
    found = {check["name"]: check for check in ran.envelope["data"]["checks"]}
    assert found["default_model"]["status"] == "warn"
    assert "unfit:latest, chosen" in found["default_model"]["detail"]
    assert "unfit in your test" in found["default_model"]["detail"]
    assert "cc-proxy models test unfit:latest" in found["default_model"]["fix"]


def test_without_an_ollama_the_rest_is_checked(home: Home) -> None:
    ran = home.json("doctor")
    assert ran.code == 1
    data = ran.envelope["data"]
    failed = [check["name"] for check in data["checks"] if check["status"] == "fail"]
    assert failed == ["ollama"]
    assert data["not_checked"][0] == "ollama_version"
    assert [check["name"] for check in data["checks"]][-1] == "claude_onboarding"


def test_a_broken_configuration_is_a_failed_check_with_its_line(home: Home) -> None:
    (home.path / ".cc-proxy").mkdir()
    file = home.path / ".cc-proxy/cc-proxy.user.yaml"
    file.write_text("server:\n  prot: 1\n")
    ran = home.run("doctor")
    assert ran.code == 1
    assert f"fail  configuration       {file}:2:3" in ran.out
    assert "      >" in ran.out or "^" in ran.out  # the excerpt
    assert "ok    claude_code" in ran.out
    assert "not checked: proxy, ollama" in ran.out


def test_a_v1_at_the_end_of_the_address_is_told_off(home: Home) -> None:
    found = checks(home, OLLAMA_BASE_URL="http://127.0.0.1:11434/v1")
    assert found["configuration"]["status"] == "fail"
    assert "found 'http://127.0.0.1:11434/v1'" in found["configuration"]["detail"]
    assert "without /v1" in found["configuration"]["fix"]


def test_a_port_that_somebody_else_has_is_a_failed_check(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = checks(home, "--no-model", CC_PROXY_PORT=str(port))
    assert found["proxy"]["status"] == "fail"
    assert f"port {port}" in found["proxy"]["detail"]


def test_a_free_port_is_said_to_be_free(home: Home) -> None:
    port = free_port()
    found = checks(home, "--no-model", CC_PROXY_PORT=str(port))
    assert found["proxy"]["detail"] == f"not running; localhost:{port} is free"


def test_a_proxy_that_runs_is_found_and_an_old_configuration_named(
    home: Home, practice: Practice
) -> None:
    assert practice.url
    assert home.run("start").code == 0
    assert f"pid {home.state['pid']}" in checks(home, "--no-model")["proxy"]["detail"]
    (home.path / ".cc-proxy/cc-proxy.user.yaml").write_text("ollama: {keep_alive: 1h}\n")
    found = checks(home, "--no-model")["proxy"]
    assert (found["status"], found["fix"]) == ("warn", "cc-proxy restart")


def test_a_key_that_is_not_the_running_one_s_is_a_failed_check(
    home: Home, practice: Practice
) -> None:
    assert practice.url
    assert home.run("start").code == 0
    found = checks(home, "--no-model", CC_PROXY_AUTH_KEY="another-key")
    assert found["proxy"]["status"] == "fail"
    assert "key" in found["proxy"]["detail"]


@posix
def test_a_key_that_others_could_read_is_warned_about(home: Home) -> None:
    home.run_dir.mkdir(parents=True)
    file = home.run_dir / "auth.key"
    file.write_text("a-key-that-is-long-enough\n")
    file.chmod(0o644)
    found = checks(home)["key"]
    assert found["status"] == "warn"
    assert found["fix"] == f"rm {file} && cc-proxy restart"


def test_an_open_bind_without_a_key_fails(home: Home) -> None:
    found = checks(home, "--no-model", CC_PROXY_HOST="0.0.0.0")  # noqa: S104 - refused
    assert found["configuration"]["status"] == "fail"
    assert "CC_PROXY_AUTH_KEY" in found["configuration"]["fix"]


def test_claude_code_that_is_missing_names_its_installation(home: Home) -> None:
    found = checks(home, "--no-model", PATH="/nowhere")["claude_code"]
    assert found["status"] == "fail"
    assert found["fix"] == "npm install -g @anthropic-ai/claude-code"


@pytest.mark.parametrize(
    ("name", "status"), [("ANTHROPIC_UNIX_SOCKET", "fail"), ("ANTHROPIC_BASE_URL", "warn")]
)
def test_a_setting_that_leads_past_the_proxy_is_named(home: Home, name: str, status: str) -> None:
    folder = home.path / ".claude"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({"env": {name: "https://elsewhere"}}))
    found = checks(home, "--no-model")["claude_settings"]
    assert found["status"] == status
    assert name in found["fix"]
    assert "elsewhere" not in json.dumps(found)


def test_fix_needs_a_terminal_to_ask_on(home: Home) -> None:
    for arguments in (["--fix"], ["--fix", "--json"]):
        ran = home.run("doctor", *arguments)
        assert ran.code == 2
        assert "terminal" in ran.err


@posix
@pytest.mark.parametrize("says", ["y", "n"])
def test_fix_mends_what_is_safe_and_only_after_a_yes(home: Home, says: str) -> None:
    import pexpect  # noqa: PLC0415 - there is none on Windows

    home.run_dir.mkdir(parents=True)
    home.state_file.write_text("{broken")
    config = home.path / ".cc-proxy/cc-proxy.user.yaml"
    config.write_text("server: {auth_key: a-very-long-key}\n")
    config.chmod(0o644)
    command, *rest = home.command
    terminal = pexpect.spawn(
        command,
        [*rest, "doctor", "--fix", "--no-model"],
        env=home.environ,
        dimensions=(60, 160),
        timeout=300,
        encoding="utf-8",
    )
    terminal.logfile_read = io.StringIO()
    for question in ("chmod 600", "left behind"):
        terminal.expect(rf"{question}[^\n]*\[y/N\]: ")
        terminal.sendline(says)
    terminal.expect(pexpect.EOF)
    terminal.wait()
    mended = says == "y"
    assert (stat.S_IMODE(config.stat().st_mode) == 0o600) is mended
    assert home.state_file.exists() is not mended
    assert terminal.logfile_read.getvalue().count("fixed:") == (2 if mended else 0)


@posix
def test_fix_with_yes_asks_nobody(home: Home) -> None:
    home.run_dir.mkdir(parents=True)
    home.state_file.write_text("{broken")
    found = checks(home, "--fix", "--yes", "--no-model")["proxy"]
    assert (found["status"], found["fix"]) == ("ok", None)
    assert found["detail"] == "fixed: not running; what was left behind is gone"
    assert not home.state_file.exists()
    ran = home.run("doctor", "--yes")
    assert (ran.code, "Expected --fix with --yes, found --yes alone." in ran.err) == (2, True)


def test_help_brings_no_http_library(home: Home) -> None:
    program = (
        "import sys; sys.argv = ['cc-proxy', sys.argv[1], '--help']\n"
        "try:\n    from cc_proxy.app.cli import commands; commands.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'aiohttp', 'msgspec', 'yaml'} & set(sys.modules)))"
    )
    bare = Home(home.path, [sys.executable, "-c", program], home.environ)
    for name in ("doctor", "models", "config", "start", "claude"):
        ran = bare.run(name)
        assert ran.out.splitlines()[-1] == "[]", name


def test_the_key_check_says_where_it_comes_from(home: Home) -> None:
    key = "a-key-of-my-own"
    detail = checks(home, "--no-model", CC_PROXY_AUTH_KEY=key)["key"]["detail"]
    assert detail == "from environment CC_PROXY_AUTH_KEY"


def test_a_short_key_that_others_can_try_is_warned_about(home: Home) -> None:
    found = checks(home, "--no-model", CC_PROXY_AUTH_KEY="dev-key", CC_PROXY_HOST="192.0.2.1")
    assert found["key"]["status"] == "warn"
    assert "short (7 characters)" in found["key"]["detail"]


@pytest.mark.parametrize(
    ("host", "bridge", "fix"),
    [
        ("127.0.0.1", None, None),
        ("172.17.0.1", "172.17.0.1", None),
        ("0.0.0.0", "172.17.0.1", "cc-proxy restart --host 172.17.0.1"),  # noqa: S104 - not bound
        ("0.0.0.0", None, "cc-proxy restart --host 127.0.0.1"),  # noqa: S104 - the same
        ("192.168.1.9", "172.17.0.1", "cc-proxy restart --host 127.0.0.1"),
    ],
)
def test_a_proxy_that_others_reach_is_a_warning(
    tmp_path: Path, host: str, bridge: str | None, fix: str | None
) -> None:
    environ = {"HOME": str(tmp_path), "CC_PROXY_HOST": host, "CC_PROXY_AUTH_KEY": "chosen-key"}
    common = Common(state_dir=tmp_path, log_dir=tmp_path)
    found = network.exposure(common, load(environ=environ), bridge)
    assert (found.fix if found else None) == fix
    assert found is None or "plain HTTP" in found.detail


@pytest.mark.parametrize(
    ("mark", "adds_pdf", "again"),
    [
        ("pipx_metadata.json", "pipx inject cc-proxy pypdf", "pipx reinstall cc-proxy"),
        (
            "uv-receipt.toml",
            'uv tool install "cc-proxy[pdf]"',
            "uv tool install --reinstall cc-proxy",
        ),
    ],
)
def test_the_command_that_adds_a_package_is_that_of_the_installer(
    mark: str, adds_pdf: str, again: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert installer.add_pdf() == f"{sys.executable} -m pip install pypdf"
    assert installer.again() == f"{sys.executable} -m pip install cc-proxy"
    (tmp_path / mark).touch()
    assert (installer.add_pdf(), installer.again()) == (adds_pdf, again)
