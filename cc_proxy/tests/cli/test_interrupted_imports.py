"""Ctrl-C while the command line is still being imported: 130, and no traceback."""

import subprocess
import sys

import pytest

# As Ctrl-C would come: as a signal, at the moment in which a module is looked for.
_PROGRAM = """
import os, signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
from cc_proxy.app.cli import main
main(sys.argv[2:])
"""


@pytest.mark.posix_only("signals that a process sends to itself")
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("cc_proxy.app.help_pages", ["--help"]),
        ("cc_proxy.app.cli.statusline", ["statusline"]),
        ("cc_proxy.app.cli.commands", ["status"]),
        ("click", ["status"]),
        ("cc_proxy.app.cli.status", ["status"]),
        ("msgspec", ["config", "check"]),
    ],
)
def test_an_interrupt_during_an_import_is_130_without_a_traceback(
    module: str, arguments: list[str]
) -> None:
    command = [sys.executable, "-c", _PROGRAM, module, *arguments]
    done = subprocess.run(
        command, input="{}", capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert "KeyboardInterrupt" not in done.stderr
