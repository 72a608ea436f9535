import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cc_proxy import __version__
from cc_proxy.app.cli import commands as command_line
from cc_proxy.app.cli.commands import COMMANDS, group
from cc_proxy.app.cli.completion import suggest_flag
from tools import commands

from .conftest import Home

FIELDS = {
    "start": {"already_running", "pid", "url", "host", "port", "config_path", "log_file"},
    "status": {"running", "pid", "url", "uptime_seconds", "upstream", "default_model"},
    "logs": {"sources", "config_path", "configuration", "log_dir", "log_file", "lines"},
    "restart": {"stopped_pid", "pid", "url", "config_path"},
    "stop": {"was_running", "pid", "killed"},
}


def test_without_a_command_the_commands_are_shown(home: Home) -> None:
    ran = home.run()
    assert (ran.code, ran.out) == (2, "")
    assert "Commands:\n  start " in ran.err
    assert home.json().error["message"] == "Expected a command, found none."


@pytest.mark.parametrize(
    ("short", "flags"),
    [
        (["help"], ["--help"]),
        (["help", "models", "pull"], ["models", "pull", "--help"]),
        (["version"], ["--version"]),
        (["-V"], ["--version"]),
        (["version", "--json"], ["--version", "--json"]),
    ],
)
def test_help_and_version_have_short_forms(home: Home, short: list[str], flags: list[str]) -> None:
    ran = home.run(*short)
    assert (ran.code, ran.out) == (0, home.run(*flags).out)


def test_every_command_answers_with_one_envelope(home: Home) -> None:
    for command, fields in FIELDS.items():
        ran = home.json(command)
        assert ran.out.count("\n") == 1
        assert ran.envelope["command"] == command
        assert ran.envelope["status"] == "ok"
        assert fields <= ran.data.keys()


@pytest.mark.parametrize(
    ("arguments", "code", "name"),
    [
        (["--json", "status"], 3, "not_running"),
        (["status", "--json"], 3, "not_running"),
        (["strat", "--json"], 2, "usage_error"),
        (["--json"], 2, "usage_error"),
        (["start", "--prot", "1", "--json"], 2, "usage_error"),
        (["start", "--port", "many", "--json"], 2, "usage_error"),
        (["start", "--port", "70000", "--json"], 2, "config_error"),
        (["stop", "--timeout-seconds", "-1", "--json"], 2, "usage_error"),
        (["stop", "now", "--json"], 2, "usage_error"),
        (["logs", "--tail", "--json"], 2, "usage_error"),
        (["logs", "--lines", "-5", "--json"], 2, "usage_error"),
    ],
)
def test_errors_come_in_the_envelope_too(
    home: Home, arguments: list[str], code: int, name: str
) -> None:
    ran = home.run(*arguments)
    assert (ran.code, ran.envelope["exit_code"], ran.envelope["status"]) == (code, code, "error")
    assert ran.error["code"] == name
    assert ran.err.startswith(f"Error: {ran.error['message']}\n  -> {ran.error['hint']}\n")


@pytest.mark.parametrize(
    ("typed", "expected", "found"),
    [
        ("strat", "a command of cc-proxy", "'strat'"),
        ("models pul", "a command of cc-proxy models", "'pul'"),
        ("service", "install, uninstall or status", "none"),
        ("start --prot 1", "an option of cc-proxy start", "'--prot'"),
        ("start --port", "a value after --port", "none"),
        ("logs --tail=5", "--tail without a value", "it with one"),
        ("stop now", "no further argument", "'now'"),
        ("models pull", "NAME", "nothing"),
        ("completion", "bash, zsh, fish or powershell", "nothing"),
        ("completion csh", "bash, zsh, fish or powershell", "'csh'"),
        ("schema nope", "the name of a command", "'nope'"),
        ("start --port many", "--port to be a whole number", "'many'"),
        (
            "start --port 70000",
            "--port to be a whole number from 0 (any free port) to 65535",
            "'70000'",
        ),
        ("start --log-level loud", "--log-level to be debug, info, warning or error", "'loud'"),
        ("logs --level loud", "--level to be debug, info, warning or error", "'loud'"),
        ("logs --lines -5", "--lines to be a whole number from 0 on", "'-5'"),
        ("models test --tasks 99", "--tasks to be a whole number from 1 to 20", "'99'"),
        ("stop --timeout-seconds -1", "--timeout-seconds to be a number from 0 on", "'-1'"),
        ("logs --since x", "--since to be a time such as 10m, 2h, 1d or 2026-11-22T18:00", "'x'"),
        ("models test --auto --quick", "--auto alone", "--tasks or --quick too"),
        ("models test --auto --tasks 20", "--auto alone", "--tasks or --quick too"),
        ("doctor --yes", "--fix with --yes", "--yes alone"),
        ("claude --shell sh", "--print-env with --shell", "--shell alone"),
    ],
)
def test_every_mistake_in_the_arguments_is_said_in_one_form(
    typed: str, expected: str, found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        command_line.main(typed.split())
    first, fix = capsys.readouterr().err.splitlines()
    assert first == f"Error: Expected {expected}, found {found}."
    assert fix.startswith("  -> ")


def test_without_json_errors_go_to_stderr_with_what_to_do(home: Home) -> None:
    ran = home.run("strat")
    assert ran.out == ""
    assert ran.err == (
        "Error: Expected a command of cc-proxy, found 'strat'.\n"
        "  -> Did you mean start? How it is used: cc-proxy --help\n"
    )


def test_common_flags_are_taken_before_and_after_the_command(home: Home) -> None:
    for number, arguments in enumerate([("{}", "status"), ("status", "{}")]):
        folder = str(home.path / str(number))
        flags = [word.replace("{}", f"--log-dir={folder}") for word in arguments]
        ran = home.json(*flags)
        assert ran.envelope["data"]["log_file"] == str(Path(folder, "cc-proxy.log"))


def test_the_later_of_two_flags_counts(home: Home) -> None:
    first, second = str(home.path / "first"), home.path / "second"
    ran = home.json("--log-dir", first, "status", "--log-dir", str(second))
    assert ran.envelope["data"]["log_file"] == str(second / "cc-proxy.log")


@pytest.mark.parametrize("arguments", [["--version"], ["status", "--version"]])
def test_the_version_is_shown_and_nothing_done(home: Home, arguments: list[str]) -> None:
    ran = home.run(*arguments)
    assert (ran.code, ran.out, ran.err) == (0, f"cc-proxy {__version__}\n", "")
    assert home.json(*arguments).data == {"version": __version__}


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_command(home: Home, flag: str) -> None:
    ran = home.run(flag)
    assert ran.code == 0
    for name, text in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(text)}$", ran.out, re.MULTILINE), name


def test_the_list_says_what_each_command_says_of_itself() -> None:
    with click.Context(group) as context:
        for name, text in COMMANDS.items():
            command = group.get_command(context, name)
            assert command is not None
            assert command.name == name
            first = (command.help or "").partition("\n")[0]
            assert first.startswith(text.rstrip(".").partition(",")[0]), (text, first)


COMMON = {"--config", "--log-dir", "--state-dir", "--json", "--no-color", "--version"}


def test_every_command_has_the_common_flags_and_an_example() -> None:
    for context in commands.walk():
        flags = {flag for parameter in context.command.params for flag in parameter.opts}
        assert flags >= COMMON, context.command_path
        if context.parent is not None:
            shown = commands.example(context.command) or ""
            assert context.info_name in re.split(r"\W", shown), (
                f"no example: {context.command_path}"
            )


@pytest.mark.parametrize(
    "example",
    [found for context in commands.walk() if (found := commands.example(context.command))],
)
def test_every_example_is_understood(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    for context in commands.walk():
        monkeypatch.setattr(
            context.command, "callback", lambda path=context.command_path, **_: ran.append(path)
        )
    words = shlex.split(re.sub(r"^.*\$\((.*)\).*$|(.*?) > .*$", r"\1\2", example))
    assert words[0] == "cc-proxy"
    group.main(words[1:], "cc-proxy", standalone_mode=False)
    assert set(ran[-1].split()) <= set(words)


@pytest.mark.parametrize("arguments", [["--help"], ["start", "--help"], ["--version"]])
def test_help_imports_neither_aiohttp_nor_what_only_work_needs(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom cc_proxy.app.cli import commands\n"
        "try: commands.main(sys.argv[1:])\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    loaded = set(ran.stderr.split())
    assert "click" in loaded
    assert not loaded & {"aiohttp", "asyncio", "msgspec", "yaml", "http.client", "logging"}


def test_a_fault_of_ours_says_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cc_proxy.app.cli import commands as cli  # noqa: PLC0415 - patched for this test alone

    def broken(*_arguments: object, **_more: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(cli.group, "main", broken)
    monkeypatch.delenv("CC_PROXY_DEBUG", raising=False)
    with pytest.raises(SystemExit, match="1"):
        cli.main(["status", "--json"])
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert error["code"] == "internal_error"
    assert "CC_PROXY_DEBUG=1" in error["hint"]
    monkeypatch.setenv("CC_PROXY_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cli.main(["status"])


def test_a_reader_that_leaves_early_is_no_error(home: Home) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [*home.command, "logs"],
        env=home.environ,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert b"Traceback" not in ran.stderr
    assert b"BrokenPipe" not in ran.stderr


@pytest.mark.posix_only("/bin/sh")
def test_closed_outputs_are_no_error(home: Home) -> None:
    ran = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&- 2>&-', "sh", *home.command, "stop"],
        env=home.environ,
        check=False,
    )
    assert ran.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_an_output_that_is_full_is_an_error(home: Home) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*home.command, "stop"],
            env=home.environ,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "No space left" in ran.stderr


@pytest.mark.parametrize("command", [["stop", "--json"], ["nothing"]])
@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_an_error_output_that_nobody_reads_changes_no_exit_code(
    home: Home, command: list[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*home.command, *command],
            env=home.environ,
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            check=False,
        )
    assert ran.returncode == (0 if "stop" in command else 2)
    assert ran.stdout.count("\n") == ("--json" in command)


@pytest.mark.parametrize("flag", ["--state-dir", "--log-dir", "--config"])
def test_a_path_that_is_empty_is_not_the_working_directory(home: Home, flag: str) -> None:
    ran = home.json("start", flag, "")
    assert (ran.code, ran.error["code"]) == (2, "usage_error")
    assert f"Expected {flag} to be a path, found nothing." in ran.error["message"]
    assert list(home.path.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "here"),
    [
        ("logs --tail 5", "--lines 5"),
        ("logs --tail=5", "--lines N"),
        ("logs -n 5", "--lines N"),
        ("logs -f", "--follow"),
        ("start -p 5000", "--port PORT"),
        ("start --daemon", "the default; what serves in this terminal is --foreground"),
        ("start --ollama-url http://h", "OLLAMA_BASE_URL, or ollama.base_url in"),
        ("stop --force", "--timeout-seconds 0"),
        ("claude -m qwen3", "--model NAME"),
        ("status -v", "--version"),
    ],
)
def test_a_flag_of_other_programs_is_answered_with_the_one_that_is_here(
    home: Home, typed: str, here: str
) -> None:
    ran = home.json(*typed.split())
    assert (ran.code, ran.error["code"]) == (2, "usage_error")
    assert ran.error["hint"].startswith(f"Here that is {here}")


def test_every_flag_that_is_named_for_another_is_one_that_the_command_has() -> None:
    context = click.Context(group)
    for name, known in suggest_flag.FLAGS.items():
        command = group.get_command(context, name)
        assert command is not None
        own = {spelled for one in command.params for spelled in one.opts}
        # --tail is one, and takes no number.
        assert own & known.keys() <= {"--tail"}
        assert {here.split()[0] for here in known.values() if here.startswith("--")} <= own
