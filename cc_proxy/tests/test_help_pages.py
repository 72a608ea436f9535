import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cc_proxy import __version__
from cc_proxy.app import help_pages
from tools import commands

ENVIRON = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
PROGRAM = [sys.executable, "-m", "cc_proxy"]
BY_CLICK = [
    sys.executable,
    "-c",
    "import sys; from cc_proxy.app.cli.commands import main; main(sys.argv[1:])",
]


@pytest.mark.parametrize("words", [[], ["start"], ["models", "pull"]])
def test_a_page_is_what_click_would_show(words: list[str]) -> None:
    shown, made = (
        subprocess.run([*command, *words, "--help"], env=ENVIRON, capture_output=True, check=True)
        for command in (PROGRAM, BY_CLICK)
    )
    assert shown.stdout.startswith(b"Usage: cc-proxy")
    assert shown.stdout == made.stdout


def test_every_command_has_its_page_and_each_can_be_shown_anywhere() -> None:
    wanted = [help_pages.heading(context.command_path.split()[1:]) for context in commands.walk()]
    text = Path(help_pages.FILE).read_text(encoding="utf-8")
    assert [line for line in text.splitlines(keepends=True) if "===" in line] == wanted
    assert text.isascii()


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["start", "--help"], ["--version"]])
def test_neither_help_nor_version_imports_click(arguments: list[str]) -> None:
    script = (
        "import sys; from cc_proxy.app.cli import main\n"
        "main()\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", script, *arguments],
        env=ENVIRON | {"PYTHONPATH": str(Path(help_pages.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"click", "re", "typing", "pathlib", "dataclasses"} & set(ran.stderr.split())


def test_the_version_is_the_one_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert help_pages.show(["--version"])
    assert capsys.readouterr().out == f"cc-proxy {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["start"],
        ["nothing", "--help"],
        ["start", "--port", "1", "--help"],
        ["../help/start", "--help"],
        ["--json", "--version"],
    ],
)
def test_all_else_is_left_to_click(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert not help_pages.show(arguments)
    assert capsys.readouterr().out == ""


def test_a_shell_that_asks_for_completions_gets_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_CC_PROXY_COMPLETE", "bash_complete")
    assert not help_pages.show(["--help"])


@pytest.mark.posix_only("pseudo-terminals")
def test_a_narrow_terminal_gets_narrow_lines() -> None:
    import pty  # noqa: PLC0415 - Unix alone has these
    from termios import tcsetwinsize  # noqa: PLC0415

    master, terminal = pty.openpty()
    tcsetwinsize(terminal, (24, 60))
    with subprocess.Popen([*PROGRAM, "--help"], env=ENVIRON, stdout=terminal) as process:
        os.close(terminal)
        lines = _read_all(master).decode().splitlines()
    assert process.returncode == 0
    assert lines[0].startswith("Usage: cc-proxy")
    assert max(map(len, lines)) < 60


def _read_all(master: int) -> bytes:
    data = b""
    try:
        while more := os.read(master, 4096):
            data += more
    except OSError:  # EIO: how Linux says that nobody writes any more
        pass
    finally:
        os.close(master)
    return data


def test_a_reader_that_leaves_early_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        ran = subprocess.run(
            [*PROGRAM, "--help"],
            env=ENVIRON,
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.parametrize("module", ["cc_proxy.app.help_pages", "cc_proxy.app.cli.commands"])
def test_ctrl_c_before_the_program_has_come_up_shows_no_traceback(module: str) -> None:
    script = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from cc_proxy.app.cli import main\n"
        "main()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, "status"], env=ENVIRON, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")


def test_a_stdout_that_cannot_be_written_is_left_to_click(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        encoding = "utf-8"

        def write(self, _text: str) -> Any:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    assert not help_pages.show(["--version"])
    monkeypatch.setattr(sys, "stdout", None)
    assert not help_pages.show(["--version"])
