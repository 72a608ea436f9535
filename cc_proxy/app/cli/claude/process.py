"""Starting Claude Code: in place of this process, or as a child if work follows its end."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from cc_proxy.app.errors import CcProxyError

# A terminal sends these to both. They are for Claude Code, and must not end this process.
_LEFT_TO_CHILD = ("SIGINT", "SIGQUIT", "SIGTSTP")
# Others send these to one process, and know this one only.
_PASSED_ON = ("SIGTERM", "SIGHUP")


class NotStartedError(CcProxyError):
    """Claude Code does not run here."""

    code = "claude_not_started"


def become(program: str, arguments: list[str], environ: dict[str, str]) -> int:
    """Go on as Claude Code; return its exit code only where no process can become another one.

    Raises:
        NotStartedError: it does not run here.

    """
    if sys.platform == "win32":
        return run(program, arguments, environ)
    try:
        # Keys, signals and the exit code are Claude Code's own from here on.
        os.execve(program, [program, *arguments], environ)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise _not_started(program, error) from error


def run(program: str, arguments: list[str], environ: dict[str, str]) -> int:
    """Run Claude Code as a child, in the same terminal; return its exit code.

    The code is negative where a signal ended it, as for `end`. Signals reach it as if it stood in
    this process's place, and it stops (Ctrl-Z) and goes on together with this process.

    Raises:
        NotStartedError: it does not run here.

    """
    child: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if child is None:
            raise SystemExit(128 + number)
        _signal(child, number)

    with (
        _handling(_LEFT_TO_CHILD, lambda _number, _frame: None),
        _handling(_PASSED_ON, pass_on),
        # Whoever starts cc-proxy may ignore it; then the system keeps no exit code of a child.
        _handling(("SIGCHLD",), signal.SIG_DFL),
    ):
        try:
            # The program is the one that the person has named or installed.
            child = subprocess.Popen([program, *arguments], env=environ)  # noqa: S603 - see above
        except OSError as error:
            raise _not_started(program, error) from error
        return child.wait() if sys.platform == "win32" else _wait(child)


def end(code: int) -> None:
    """End as a child has ended that returned `code`; return where it was not by a signal."""
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)


def _wait(child: "subprocess.Popen[bytes]") -> int:
    """Wait for the end of a child, and stop and go on as it does."""
    while True:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode
        # The shell waits for this process: it gets its terminal back when this one stops too.
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, before)
        _signal(child, signal.SIGCONT)


def _signal(child: "subprocess.Popen[bytes]", number: int) -> None:
    # Popen.send_signal looks first whether the child has ended, and would take its exit code away.
    with suppress(ProcessLookupError):
        os.kill(child.pid, number)


@contextmanager
def _handling(names: tuple[str, ...], handler: "signal._HANDLER") -> Iterator[None]:
    """Have signals handled otherwise, where the system has them."""
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _not_started(program: str, error: OSError) -> NotStartedError:
    return NotStartedError(
        f"Expected {program} to be a program that runs here, found: {error.strerror}.",
        hint="See what happens without cc-proxy: " + shlex.join([program, "--version"]),
    )
