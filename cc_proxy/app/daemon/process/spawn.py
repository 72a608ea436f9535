"""A new process that outlives the terminal it was started from."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from cc_proxy.app import private_files
from cc_proxy.app.config import LaunchOptions, LoadedConfig
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.daemon.paths import LOG_FLAG, Paths
from cc_proxy.app.daemon.process import handshake
from cc_proxy.app.daemon.process.handshake import Ready, StartFailure

_LOG_LINES = 10
_LOG_TAIL_BYTES = 16 * 1024
_LINE_LIMIT = 64 * 1024
_LAST_WORDS_SECONDS = 2.0


@dataclass(frozen=True)
class DetachOptions:
    """Arguments of Popen that make a process independent on this system."""

    start_new_session: bool = False
    umask: int = -1
    creationflags: int = 0


def detached() -> DetachOptions:
    """Return what makes a process independent of the terminal and the one that starts it."""
    if sys.platform == "win32":
        return DetachOptions(
            creationflags=subprocess.DETACHED_PROCESS
            | subprocess.CREATE_NEW_PROCESS_GROUP
            | subprocess.CREATE_NO_WINDOW
        )
    return DetachOptions(start_new_session=True, umask=0o077)


def command(paths: Paths, loaded: LoadedConfig) -> list[str]:
    """Return the command of the background process.

    It carries what its own folder or a later edit could change: the configuration file and the
    folders as absolute paths, and the values of flags. The key is never in it.
    """
    flags = ["--state-dir", str(paths.state_dir), "--log-dir", str(paths.log_dir)]
    if loaded.path is not None:
        flags += ["--config", str(loaded.path)]
    flags += LaunchOptions.of_settings(loaded.settings, loaded.origins, "flag").arguments()
    # -P: no module is taken from the folder that the process runs in.
    return [sys.executable, "-P", "-m", "cc_proxy.app.daemon.child", *flags]


def spawn(
    paths: Paths, loaded: LoadedConfig, *, environ: Mapping[str, str], timeout_seconds: float
) -> Ready:
    """Start the background process and return once it says that it listens.

    Raises:
        DaemonError: it ended, or said nothing in time (it is killed then); with the last lines
            of its log.

    """
    with explained(paths.log_file, LOG_FLAG):
        log = private_files.open_to_append(paths.log_file)
    process: subprocess.Popen[bytes] | None = None
    try:
        log_from = os.fstat(log).st_size
        with _interrupted_later():
            process = _start(command(paths, loaded), log, environ)
        # It takes its time; what will be needed to ask it for its health is loaded meanwhile.
        import_module("cc_proxy.app.control.http_exchange")
        import_module("cc_proxy.app.daemon.confirm")
        line = _first_line(process, timeout_seconds)
    except BaseException:  # Ctrl-C too must not leave half a start behind
        if process is not None:
            _end(process)
            if process.stdout is not None:
                process.stdout.close()
        raise
    finally:
        os.close(log)
    match handshake.decode(line or b""):
        case Ready() as ready:
            # It is on its own now; otherwise Popen warns of a child that still runs.
            process.returncode = 0
            return ready
        case StartFailure() as failed:
            process.wait()
            raise DaemonError(
                failed.message, hint=failed.hint, code=failed.code, exit_code=failed.exit_code
            )
        case None if line is None:
            _end(process)
            code, what = "start_timeout", f"did not listen within {timeout_seconds:g} seconds"
        case None:
            exit_code = _end(process, patience=_LAST_WORDS_SECONDS)
            code, what = "start_failed", f"ended with exit code {exit_code} before it listened"
    raise DaemonError(
        f"cc-proxy {what}. {_said(log_lines_since(paths.log_file, log_from))}",
        code=code,
        hint=f"The log is {paths.log_file}; to watch a start: cc-proxy start --foreground",
    )


@contextlib.contextmanager
def _interrupted_later() -> Iterator[None]:
    """Let Ctrl-C wait until what is made here is known by name, so that it can be ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: waiting.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if waiting:
        raise KeyboardInterrupt


def _start(arguments: list[str], log: int, environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    how = detached()
    return subprocess.Popen(  # noqa: S603 - our own program
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        cwd=Path(sys.executable).anchor,  # a folder that nobody will want to remove
        env=dict(environ),
        start_new_session=how.start_new_session,
        umask=how.umask,
        creationflags=how.creationflags,
    )


def _first_line(process: "subprocess.Popen[bytes]", timeout_seconds: float) -> bytes | None:
    """Return the line, empty if the process ended without one, None if it took too long.

    A thread, since pipes cannot be waited for with a timeout on Windows.
    """
    lines: list[bytes] = []
    pipe = process.stdout
    assert pipe is not None  # noqa: S101 - stdout=PIPE

    def read() -> None:
        with pipe:
            lines.append(pipe.readline(_LINE_LIMIT))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(timeout_seconds)
    return lines[0] if lines else None


def _end(process: "subprocess.Popen[bytes]", *, patience: float = 0.0) -> int:
    """End a process, after `patience` seconds in which it may do so itself; return its exit code.

    It is asked first: if it listens by now, it has a state to remove.
    """
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(patience)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(_LAST_WORDS_SECONDS)
    process.kill()
    return process.wait()


def _said(lines: list[str]) -> str:
    if not lines:
        return "Its log has nothing new."
    return "\n".join(["Its last log lines:", *(f"    {line}" for line in lines)])


def log_lines_since(path: Path, offset: int) -> list[str]:
    """Return the last lines of what the log has grown by since it had `offset` bytes."""
    try:
        with os.fdopen(private_files.open_to_read(path), "rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(offset if offset <= end else 0, end - _LOG_TAIL_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()[-_LOG_LINES:]
    except OSError:  # the reason to be shown is another one
        return []
