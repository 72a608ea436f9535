"""`cc-proxy env`: settings that the programs can read, with the address and the key."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.conformance.stack import practice_server

pytestmark = pytest.mark.usefixtures("model")


@pytest.fixture
def model(home: Home) -> Iterator[None]:
    home.environ["CC_PROXY_CONFIG_FILE"] = str(home.path / "config.yaml")
    (home.path / "config.yaml").write_text("aliases: {default: 'practice:latest'}\n")
    with practice_server() as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        yield


def read(lines: str) -> Any:
    return json.loads("\n".join(line for line in lines.splitlines() if not line.startswith("//")))


def test_vs_code_gets_every_variable_of_claude_code(home: Home) -> None:
    ran = home.run("env", "--for", "vscode")
    assert ran.code == 0, ran.err
    settings = read(ran.out)
    named = {one["name"]: one["value"] for one in settings["claudeCode.environmentVariables"]}
    assert settings["claudeCode.disableLoginPrompt"] is True
    assert named == home.json("claude", "--print-env").data["set"]
    assert named["ANTHROPIC_BASE_URL"] == f"http://127.0.0.1:{home.state['port']}"


def test_claude_desktop_gets_a_gateway(home: Home) -> None:
    settings = read(home.run("env", "--for", "desktop").out)
    found = home.json("claude", "--print-env").data["set"]
    assert settings == {
        "inferenceProvider": "gateway",
        "inferenceGatewayBaseUrl": found["ANTHROPIC_BASE_URL"],
        "inferenceGatewayApiKey": found["ANTHROPIC_AUTH_TOKEN"],
        "inferenceGatewayAuthScheme": "bearer",
    }


def test_jetbrains_gets_a_command_or_one_line_of_variables(home: Home) -> None:
    lines = home.run("env", "--for", "jetbrains").out.splitlines()
    assert "cc-proxy claude" in lines
    variables = dict(part.split("=", 1) for part in lines[-1].split(";"))
    assert variables["ANTHROPIC_MODEL"] == "practice:latest"


@pytest.mark.posix_only("a shell")
def test_an_sdk_asks_the_proxy_with_the_variables(home: Home) -> None:
    ran = home.run("env", "--for", "sdk", "--shell", "sh", ANTHROPIC_API_KEY="sk-another")
    assert ran.code == 0, ran.err
    program = (
        "import anthropic; m = anthropic.Anthropic().messages.create(model='claude-opus-5-5',"
        "max_tokens=100, messages=[{'role': 'user', 'content': 'hi'}]); print(m.type)"
    )
    shown = subprocess.run(
        ["/bin/sh", "-c", f'{ran.out}\nexec "$0" -c "$1"', sys.executable, program],
        env={"PATH": os.environ["PATH"], "ANTHROPIC_API_KEY": "sk-another"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shown.stdout == "message\n", shown.stderr


def test_another_address_and_model_can_be_named(home: Home) -> None:
    url = "http://gpu.internal:3456"
    data = home.json("env", "--for", "sdk", "--url", url, "--model", "practice").data
    assert data["target"] == "sdk"
    assert data["set"]["ANTHROPIC_BASE_URL"] == url
    assert data["set"]["ANTHROPIC_MODEL"].startswith("practice")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Expected --for with vscode, jetbrains, sdk or desktop, found no program."),
        (("emacs",), "Expected vscode, jetbrains, sdk or desktop, found 'emacs'."),
        (("sdk", "--for", "vscode"), "Expected one program, found sdk and --for vscode."),
        (("--for", "emacs"), "vscode"),
        (("--for", "vscode", "--shell", "sh"), "--shell with --for sdk"),
    ],
)
def test_wrong_usage_says_what_was_expected(
    home: Home, arguments: tuple[str, ...], words: str
) -> None:
    ran = home.run("env", *arguments)
    assert ran.code == 2
    assert words in ran.err


def test_the_program_can_be_named_without_the_flag(home: Home) -> None:
    assert home.run("env", "desktop").out == home.run("env", "--for", "desktop").out
    assert '"inferenceProvider": "gateway"' in home.run("env", "desktop", "--for", "desktop").out


def test_an_ollama_that_is_not_there_is_this_command_s_error(home: Home) -> None:
    found = home.json("env", "--for", "sdk", OLLAMA_BASE_URL="http://127.0.0.1:9")
    assert found.envelope["command"] == "env"
    assert found.envelope["exit_code"] == 5
