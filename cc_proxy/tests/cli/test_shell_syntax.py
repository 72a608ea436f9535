"""What is printed for a shell, run by that shell."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cc_proxy.app.cli.output import shell_syntax

NASTY = {
    "SPACES": "  two words  ",
    "QUOTES": 'it\'s "so" `here`',
    "DOLLAR": "$HOME ${HOME} $(id) %PATH% !x",
    "BREAKS": "one\ntwo\r\n\nfour",
    "BACK": "C:\\new\\table\\'x\\",
    "WORDS": "h\u00e9ron \u9dfa \U0001f426 \u2018quoted\u2019",
    "GLOB": "* ? [a] ~ # ; | & < > ( )",
    "EMPTY": "",
    "DASH": "-n",
}
TELL = "import json, os; print(json.dumps({k: os.environ.get(k) for k in [*%r, 'GONE']}))"
PROGRAMS = {
    "sh": ["sh"],
    "dash": ["dash"],
    "bash": ["bash", "--norc"],
    "zsh": ["zsh", "-f"],
    "fish": ["fish", "--no-config"],
    "powershell": ["pwsh", "-NoProfile", "-NonInteractive", "-File"],
}
INSTALLED = [name for name, program in PROGRAMS.items() if shutil.which(program[0])]


@pytest.mark.parametrize("shell", INSTALLED)
@pytest.mark.posix_only("a shell in /bin")
def test_a_shell_sets_and_removes_exactly_what_it_is_told(shell: str, tmp_path: Path) -> None:
    known = shell if shell in shell_syntax.SHELLS else "sh"
    tell = tmp_path / "tell.py"
    tell.write_text(TELL % [*NASTY], encoding="utf-8")
    script = tmp_path / "script.ps1"
    run = f"& '{sys.executable}' '{tell}'" if known == "powershell" else f"{sys.executable} {tell}"
    lines = [*shell_syntax.lines(known, NASTY, ["GONE", "NEVER_SET"]), run]
    script.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
    ran = subprocess.run(
        [*PROGRAMS[shell], str(script)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GONE": "not yet"},
        capture_output=True,
        check=True,
    )
    assert json.loads(ran.stdout) == NASTY | {"GONE": None}


@pytest.mark.posix_only("a shell in /bin")
def test_some_shell_was_there_to_try() -> None:
    assert INSTALLED


@pytest.mark.parametrize(
    ("value", "fish", "powershell"),
    [
        ("plain", "'plain'", "'plain'"),
        ("it's", "'it\\'s'", "'it''s'"),
        ("a\\b$c", "'a\\\\b$c'", "'a\\b$c'"),
        ("\u2018a\u2019", "'\u2018a\u2019'", "'\u2018\u2018a\u2019\u2019'"),
        ("two\nlines", "'two\nlines'", "'two\nlines'"),
    ],
)
def test_the_quoting_of_the_shells_that_may_not_be_here(
    value: str, fish: str, powershell: str
) -> None:
    assert shell_syntax.lines("fish", {"A": value}, ["B"]) == ["set -e B", f"set -gx A {fish}"]
    assert shell_syntax.lines("powershell", {"A": value}, ["B"]) == [
        "Remove-Item Env:B -ErrorAction SilentlyContinue",
        f"$env:A = {powershell}",
    ]


def test_a_command_line_is_quoted_too() -> None:
    assert shell_syntax.command_line("sh", ["claude", "--a", "it's"]) == "claude --a 'it'\"'\"'s'"
    assert shell_syntax.command_line("powershell", ["claude", "it's"]) == "claude 'it''s'"
