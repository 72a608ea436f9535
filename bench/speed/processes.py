"""A process tree's life, its CPU time and its memory, as Linux tells them in /proc."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 60.0
_STOP_SECONDS = 8.0
_POLL_SECONDS = 0.002
_PROC = Path("/proc")


class DidNotStartError(Exception):
    """A process ended, or did not answer in time."""


@dataclass(frozen=True)
class Started:
    """Seconds, and CPU seconds, until a process answered HTTP."""

    wall_s: float
    cpu_s: float


class Process:
    """A program that listens on a port of 127.0.0.1, in a session of its own."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], port: int, log: Path
    ) -> None:
        self._command = list(command)
        self._environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environment}
        self._port = port
        self._log = log
        self._leader: subprocess.Popen[bytes] | None = None

    def start(self) -> Started:
        """Start it and wait until it answers HTTP.

        Raises:
            DidNotStartError: it ended, or did not answer in time.

        """
        began = time.monotonic()
        with self._log.open("ab") as log:
            self._leader = subprocess.Popen(  # noqa: S603 - the programs under test
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while not _answers(self._port):
            if (status := self._leader.poll()) is not None:
                raise DidNotStartError(
                    f"{self._command[0]} ended with {status}: {self._log.read_text()[-2000:]}"
                )
            if time.monotonic() - began > _START_SECONDS:
                self.stop()
                raise DidNotStartError(
                    f"{self._command[0]} did not answer on port {self._port} within"
                    f" {_START_SECONDS:g} s."
                )
            time.sleep(_POLL_SECONDS)
        return Started(time.monotonic() - began, self.cpu_s())

    def stop(self) -> None:
        """End it and whatever it started."""
        if self._leader is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid, _ in self._tree():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            try:
                self._leader.wait(_STOP_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        self._leader = None

    def cpu_s(self) -> float:
        """Return the CPU seconds, user and system, of the processes that live."""
        seconds = 0.0
        for pid, fields in self._tree():
            exact = _scheduled_ns(pid) / 1e9
            # Threads that ended took theirs along; the coarser figure has them.
            coarse = sum(map(int, fields[11:15])) / _TICK
            seconds += max(exact, coarse - 2 / _TICK)
        return seconds

    def resident_mb(self) -> float:
        """Return the resident memory in MB (10^6 bytes)."""
        kib = 0
        for pid, _ in self._tree():
            try:
                lines = (_PROC / str(pid) / "status").read_text().splitlines()
            except OSError:
                continue
            kib += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
        return kib * 1024 / 1e6

    def open_files(self) -> int:
        """Return how many file descriptors the processes hold."""
        return sum(len(list((_PROC / str(pid) / "fd").iterdir())) for pid, _ in self._tree())

    def _tree(self) -> Iterator[tuple[int, list[str]]]:
        if self._leader is None:
            return
        for entry in _PROC.iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == self._leader.pid:
                yield int(entry.name), fields


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _scheduled_ns(pid: int) -> int:
    try:
        threads = list((_PROC / str(pid) / "task").iterdir())
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads)
    except (OSError, ValueError):
        return 0


def _answers(port: int) -> bool:
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(5)
            connection.sendall(request.encode())
            return connection.recv(12).startswith(b"HTTP/1.")
    except OSError:
        return False
