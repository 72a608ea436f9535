"""What real shells complete."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cc_proxy.app.cli.models import names
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server

# bash is on every machine that these tests run on; the others where they are installed.
SHELLS = [name for name in ("bash", "fish", "zsh") if name == "bash" or shutil.which(name)]


@pytest.fixture
def installed(home: Home, tmp_path: Path) -> Home:
    """A home whose PATH has `cc-proxy`, as an installed one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "cc-proxy"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(home.command)} "$@"\n')
    program.chmod(0o755)
    home.environ["PATH"] = f"{folder}:{home.environ['PATH']}"
    (home.path / ".cc-proxy").mkdir(mode=0o700)
    (home.path / ".cc-proxy" / "cc-proxy.user.yaml").write_text(
        "aliases:\n  default: practice\n  claude-haiku-*: practice\n  quick: practice-small\n"
    )
    return home


@pytest.fixture
def practice_url() -> Iterator[str]:
    with practice_server() as practice:
        yield practice.url


_BASH = r"""
eval "$(cc-proxy completion bash)"
COMP_LINE=$1
COMP_POINT=${#COMP_LINE}
_cc_proxy_completion
printf '%s\n' "${COMPREPLY[@]}"
"""
# zsh completes only in its line editor; what it would insert is caught on the way.
_ZSH = r"""
autoload -Uz compinit && compinit -u -D
eval "$(cc-proxy completion zsh)"
compadd() { print -rl -- ${(P)@[-1]} }
_describe() { print -rl -- ${(P)@[-2]%%:*} }
words=(${(z)1}); [[ $1 == *' ' ]] && words+=('')
CURRENT=${#words}
_cc_proxy_completion
"""
_FISH = "cc-proxy completion fish | source; complete -C $argv[1]"


def completed(home: Home, shell: str, line: str, **variables: str) -> list[str]:
    """Return what a shell offers for a line with the cursor at its end."""
    command = {
        "bash": ["bash", "--norc", "-c", _BASH, "bash", line],
        "zsh": ["zsh", "-f", "-c", _ZSH, "zsh", line],
        "fish": ["fish", "--no-config", "-c", _FISH, line],
    }[shell]
    ran = subprocess.run(
        command,
        env=home.environ | variables,
        cwd=home.path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert not ran.stderr.replace("complete: nosort: invalid option name", ""), ran.stderr
    return [line.partition("\t")[0] for line in ran.stdout.splitlines() if line]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.posix_only("bash")
def test_commands_flags_and_choices_are_completed(installed: Home, shell: str) -> None:
    assert sorted(completed(installed, shell, "cc-proxy sta")) == ["start", "status", "statusline"]
    assert completed(installed, shell, "cc-proxy config sh") == ["show"]
    assert completed(installed, shell, "cc-proxy start --pre") == ["--preload"]
    assert completed(installed, shell, "cc-proxy claude --profile le") == ["lean"]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.posix_only("bash")
def test_models_and_aliases_are_completed(installed: Home, shell: str, practice_url: str) -> None:
    found = completed(installed, shell, "cc-proxy claude --model ", OLLAMA_BASE_URL=practice_url)
    assert {"default", "quick"} <= set(found)
    assert "claude-haiku-*" not in found
    assert any(name.startswith("practice") for name in found)
    assert any(":" in name for name in found)


@pytest.mark.posix_only("bash")
def test_bash_completes_after_the_colon_of_a_name(installed: Home, practice_url: str) -> None:
    def offered(line: str) -> list[str]:
        return completed(installed, "bash", line, OLLAMA_BASE_URL=practice_url)

    whole = offered("cc-proxy models pull practice:")
    # What stands before a colon is another word to bash.
    assert whole
    assert all(not name.startswith("practice") for name in whole), whole
    assert offered("cc-proxy models pull nothing-like-it:") == []


def test_a_silent_ollama_keeps_nobody_waiting(installed: Home) -> None:
    import socket  # noqa: PLC0415 - this test alone

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        line = {"COMP_LINE": "cc-proxy claude --model ", "_CC_PROXY_COMPLETE": "bash_complete"}
        # It never answers: without a limit of its own, completion would not end.
        ran = installed.run(OLLAMA_BASE_URL=url, **line)
    assert ran.out.splitlines() == ["plain,default", "plain,quick"]
    assert ran.err == ""
    assert names._SECONDS <= 0.25  # noqa: SLF001 - a busy machine has another clock


def test_a_shell_that_gives_no_line_gets_no_error(installed: Home) -> None:
    ran = installed.run(_CC_PROXY_COMPLETE="bash_complete")
    assert (ran.code, ran.err) == (0, "")


def test_a_broken_configuration_is_no_noise_at_the_prompt(installed: Home) -> None:
    (installed.path / ".cc-proxy" / "cc-proxy.user.yaml").write_text("server: [\n")
    line = {"COMP_LINE": "cc-proxy claude --model ", "_CC_PROXY_COMPLETE": "bash_complete"}
    ran = installed.run(**line)
    assert (ran.code, ran.out.strip(), ran.err) == (0, "", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_a_script_begins_with_where_to_put_it(home: Home, shell: str) -> None:
    script = home.run("completion", shell).out
    where = rf"\A(#compdef cc-proxy\n)?# To have this in each shell: .*completion {shell}"
    assert re.search(where, script)
    assert "_CC_PROXY_COMPLETE" in script
    assert home.json("completion", shell).data == {"shell": shell, "script": script}


def test_powershell_is_answered_in_lines_of_three(home: Home) -> None:
    asked = {
        "_CC_PROXY_COMPLETE": "powershell_complete",
        "COMP_WORDS": "cc-proxy reloa",
        "COMP_CWORD": "1",
    }
    kind, value, about = home.run(**asked).out.splitlines()
    assert (kind, value) == ("plain", "reload")
    assert about.startswith("Have cc-proxy")
