"""Claude Code as a child: signals, exit codes and the terminal as if it stood in its place."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cc_proxy.app.cli.claude import process as claude_process
from cc_proxy.app.cli.claude import resuming
from cc_proxy.app.cli.claude.process import run
from cc_proxy.tests.cli.conftest import SECONDS, Home
from cc_proxy.tests.cli.practice import practice_server

if sys.platform == "win32":
    pytest.skip("pseudo-terminals and signals are not of this system", allow_module_level=True)

import pexpect

# Runs what follows it as `cc-proxy claude` does, and ends as it has ended.
PARENT = """
import sys
from cc_proxy.app.cli.claude import process
code = process.run(sys.argv[1], sys.argv[2:], {})
print("ended with", code, flush=True)
process.end(code)
sys.exit(code)
"""
CHILD = """
import os, signal, sys, time
def say(number, frame):
    os.write(1, f"child got {signal.Signals(number).name}\\n".encode())
    if number == signal.SIGTERM:
        sys.exit(7)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCONT):
    signal.signal(number, say)
print("child is there", flush=True)
while True:
    time.sleep(0.05)
"""


def shell(*arguments: str) -> "pexpect.spawn[str]":
    """Start an interactive shell with job control."""
    return pexpect.spawn(
        "/bin/bash",
        ["--norc", "--noprofile", "-i", *arguments],
        env={"PATH": os.environ["PATH"], "PS1": "ready> ", "TERM": "dumb"},
        encoding="utf-8",
        timeout=SECONDS,
        echo=False,
    )


@pytest.fixture
def programs(tmp_path: Path) -> tuple[Path, Path]:
    parent, child = tmp_path / "parent.py", tmp_path / "child.py"
    parent.write_text(PARENT)
    child.write_text(CHILD)
    return parent, child


def started(programs: tuple[Path, Path]) -> "pexpect.spawn[str]":
    parent, child = programs
    terminal = shell()
    terminal.expect("ready> ")
    terminal.sendline(f"{sys.executable} {parent} {sys.executable} {child}")
    terminal.expect("child is there")
    return terminal


def test_ctrl_c_is_for_the_child_alone(programs: tuple[Path, Path]) -> None:
    with started(programs) as terminal:
        terminal.sendintr()
        terminal.expect("child got SIGINT")
        terminal.sendintr()
        terminal.expect("child got SIGINT")


def test_ctrl_z_gives_the_shell_its_terminal_back_and_fg_goes_on(
    programs: tuple[Path, Path],
) -> None:
    with started(programs) as terminal:
        for _ in range(2):
            terminal.sendcontrol("z")
            terminal.expect("Stopped")
            terminal.expect("ready> ")
            terminal.sendline("echo the shell has it; jobs -s | wc -l")
            terminal.expect("the shell has it\r\n *1")
            terminal.sendline("fg")
            terminal.expect("child got SIGCONT")
        terminal.sendintr()
        terminal.expect("child got SIGINT")


def test_a_child_that_stops_itself_stops_all_of_it(programs: tuple[Path, Path]) -> None:
    _, child = programs
    child.write_text(
        "import os, signal\nprint('child is there', flush=True)\n"
        "os.kill(os.getpid(), signal.SIGSTOP)\nprint('it goes on', flush=True)\n"
    )
    with started(programs) as terminal:
        terminal.expect("Stopped")
        terminal.expect("ready> ")
        terminal.sendline("fg")
        terminal.expect("it goes on")
        terminal.expect("ended with 0")


@pytest.mark.parametrize(
    ("number", "says"), [("TERM", "ended with 7"), ("HUP", "child got SIGHUP")]
)
def test_a_signal_for_this_process_reaches_the_child(
    programs: tuple[Path, Path], number: str, says: str
) -> None:
    with started(programs) as terminal:
        terminal.sendcontrol("z")
        terminal.expect("ready> ")
        terminal.sendline("bg")
        terminal.expect("child got SIGCONT")
        terminal.sendline(f"kill -{number} $(jobs -p)")
        terminal.expect(says)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("raise SystemExit(5)", 5), ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL)],
)
def test_the_child_s_end_is_known(code: str, expected: int) -> None:
    assert run(sys.executable, ["-c", code], {}) == expected


def test_a_signal_ends_both_alike(programs: tuple[Path, Path]) -> None:
    parent, _ = programs
    arguments = [str(parent), sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"]
    process = pexpect.spawn(sys.executable, arguments, timeout=SECONDS)
    process.expect("ended with -15")
    process.expect(pexpect.EOF)
    process.close()
    assert process.signalstatus == signal.SIGTERM


def test_the_child_s_end_is_known_where_children_are_ignored() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert run(sys.executable, ["-c", "raise SystemExit(7)"], {}) == 7
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_a_signal_takes_no_exit_code_away() -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        claude_process._signal(child, signal.SIGCONT)  # noqa: SLF001 - no signal can be timed so well
        assert claude_process._wait(child) == 7  # noqa: SLF001 - as above


def test_handlers_are_as_before() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP)
    before = [signal.getsignal(number) for number in numbers]
    run(sys.executable, ["-c", ""], {})
    assert [signal.getsignal(number) for number in numbers] == before


def ended(home: Path, folder: Path, session: str, *, written: float) -> None:
    """Leave behind what Claude Code leaves after a session."""
    transcript = home / ".claude/projects" / str(folder).replace("/", "-") / f"{session}.jsonl"
    transcript.parent.mkdir(parents=True, exist_ok=True)
    transcript.write_text("{}\n")
    os.utime(transcript, (written, written))
    state = home / ".claude.json"
    projects = json.loads(state.read_text())["projects"] if state.exists() else {}
    state.write_text(json.dumps({"projects": projects | {str(folder): {"lastSessionId": session}}}))


def test_the_session_that_has_ended_last_is_the_one_to_go_on_with(tmp_path: Path) -> None:
    environ, folder, now = {"HOME": str(tmp_path)}, tmp_path / "project", time.time()
    flags: resuming.OwnFlags = (["--config", "/c/b.yaml"], ["--model", "qwen3:4b"])
    assert resuming.line(([], []), environ, folder, now) is None
    ended(tmp_path, folder, "1-a", written=now - 50)
    assert resuming.line(([], []), environ, folder, now) is None, "an earlier session"
    ended(tmp_path, folder, "2-b", written=now + 1)
    ended(tmp_path, folder / ".claude/worktrees/w", "3-c", written=now + 2)
    ended(tmp_path, tmp_path / "another", "4-d", written=now + 3)
    assert resuming.line(flags, environ, folder, now) == (
        "To go on with it on your own models:"
        " cc-proxy --config /c/b.yaml claude --model qwen3:4b -- --resume 3-c"
    )


def test_what_is_no_session_is_no_part_of_a_command(tmp_path: Path) -> None:
    environ, folder = {"HOME": str(tmp_path)}, tmp_path / "project"
    (tmp_path / ".claude.json").write_text(
        json.dumps({"projects": {str(folder): {"lastSessionId": "$(reboot)"}, "x": []}})
    )
    assert resuming.line(([], []), environ, folder, 0.0) is None


def test_an_older_claude_code_s_session_ends_with_the_line_that_stays(home: Home) -> None:
    # In the place of 2.1.197, which says `claude --resume ID` whatever it is told.
    program = home.path / "bin" / "claude"
    program.parent.mkdir()
    transcript = home.path / ".claude/projects/p/0b8f-11.jsonl"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, pathlib\n"
        f"transcript = pathlib.Path({str(transcript)!r})\n"
        "transcript.parent.mkdir(parents=True)\ntranscript.write_text('x')\n"
        f"state = pathlib.Path({str(home.path / '.claude.json')!r})\n"
        "state.write_text(json.dumps({'projects': {os.getcwd(): {'lastSessionId': '0b8f-11'}}}))\n"
        "raise SystemExit(7)\n"
    )
    program.chmod(0o755)
    with practice_server() as running:
        process = pexpect.spawn(
            home.command[0],
            [*home.command[1:], "claude", "--model", "practice", "--claude-bin", str(program)],
            env=home.environ | {"OLLAMA_BASE_URL": running.url, "TERM": "dumb"},
            cwd=str(home.path),
            dimensions=(24, 200),
            timeout=SECONDS,
            encoding="utf-8",
        )
        process.expect(
            f"cc-proxy claude --model practice --claude-bin {program} -- --resume 0b8f-11"
        )
        process.expect(pexpect.EOF)
        process.close()
    assert process.exitstatus == 7
