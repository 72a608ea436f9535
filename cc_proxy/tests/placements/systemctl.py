"""`systemctl --user` for these tests, as far as cc-proxy and its page use it, for one unit.

What it starts has none of the variables of the shell, as with systemd, and gets its signals.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HOME = Path.home()
UNIT = HOME / ".config/systemd/user/cc-proxy.service"
ENABLED, PID = HOME / "enabled", HOME / "main.pid"
STATE = HOME / ".cc-proxy/run/cc-proxy.state.json"
SECONDS = 120.0


def start() -> None:
    """Run the unit, and return once it serves."""
    unit = UNIT.read_text(encoding="utf-8")
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    process = subprocess.Popen(
        shlex.split(line.removeprefix("ExecStart=")),
        env={name: os.environ[name] for name in ("HOME", "PATH")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    PID.write_text(str(process.pid), encoding="utf-8")
    until(STATE.exists)


def stop() -> None:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int(PID.read_text(encoding="utf-8")), signal.SIGTERM)
    until(lambda: not STATE.exists())


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def main(verb: str, *_: str) -> int:
    match verb:
        case "daemon-reload":
            pass
        case "enable":
            ENABLED.touch()
        case "is-enabled":
            return 0 if ENABLED.exists() else 1
        case "disable":
            ENABLED.unlink(missing_ok=True)
            stop()
        case "start" if STATE.exists():
            pass
        case "start":
            start()
        case "restart":
            stop()
            start()
        case "reload":
            os.kill(int(PID.read_text(encoding="utf-8")), signal.SIGHUP)
        case _:
            return 2
    return 0


if __name__ == "__main__":
    assert sys.argv[1] == "--user"
    sys.exit(main(*sys.argv[2:]))
