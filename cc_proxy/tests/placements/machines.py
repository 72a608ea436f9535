"""Machines that see each other over a network, made of Linux namespaces.

Each has its own network, processes and mounts, and a cable (veth) to one other. That is what a
container has; the engine that makes one is not needed.
"""

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SECONDS = 300
_NEW = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
# A pid namespace ends with its first process, and that one with the pipe to this test.
_FIRST = "mount --bind {hosts} /etc/hosts && ip link set lo up && echo up && exec cat"
_IN_FOLDER = 'cd "$0" && exec "$@"'


def _as_root() -> tuple[str, ...]:
    return () if os.geteuid() == 0 else ("--user", "--map-root-user")


def can_make_namespaces() -> bool:
    """Tell whether this system has what `World` needs: the programs and the right."""
    if sys.platform != "linux" or not all(map(shutil.which, ("ip", "unshare", "nsenter"))):
        return False
    trial = "ip link add eth0 type veth peer name eth1 && mount --bind /etc/hosts /etc/hosts"
    command = ["unshare", *_as_root(), *_NEW, "sh", "-ec", trial]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@dataclass
class Machine:
    """One machine: `enter` is what goes in front of a command so that it runs there."""

    name: str
    address: str
    home: Path
    environ: dict[str, str]
    enter: tuple[str, ...]
    cables: int = 0

    @property
    def into_network(self) -> list[str]:
        """The same for its network alone: pids and paths are still those of outside."""
        return [part for part in self.enter if part not in ("--mount", "--pid")]

    def command(self, *command: str) -> list[str]:
        """Return what runs a command there, in the home of its user."""
        return [*self.enter, "sh", "-c", _IN_FOLDER, str(self.home), *command]

    def popen(self, *command: str, **variables: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(*command),
            env=self.environ | variables,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str, **variables: str) -> tuple[int, str]:
        """Run a command; return exit code and output."""
        with self.popen(*command, **variables) as process:
            out, _ = process.communicate(timeout=SECONDS)
        return process.returncode, out

    def shell(self, line: str) -> tuple[int, str]:
        return self.run("sh", "-c", line)


class World:
    """Makes machines, and ends them with everything that runs on them."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._environ = {"PATH": f"{programs}:{os.environ['PATH']}", "LANG": "C.UTF-8"}
        self._life = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._life.close()

    def machine(self, name: str, address: str, hosts: dict[str, str] | None = None) -> Machine:
        """Return a machine with an address, which knows those of `hosts` by name."""
        home = self._folder / name
        home.mkdir()
        # Claude Code's folder in /tmp is named after a user id, which is another's outside.
        environ = self._environ | {"HOME": str(home), "CLAUDE_CODE_TMPDIR": str(home)}
        lines = {"localhost": "127.0.0.1", **(hosts or {})}
        names = self._folder / f"{name}.hosts"
        names.write_text("".join(f"{where} {name}\n" for name, where in lines.items()))
        first = self._life.enter_context(_first(names, self._user()))
        user = () if os.geteuid() == 0 else ("--user", "--preserve-credentials")
        enter = ("nsenter", "--target", str(first), *user, "--net", "--mount", "--pid")
        return Machine(name, address, home, environ, enter)

    def cable(self, one: Machine, other: Machine) -> None:
        """Let two machines reach each other; one of them can have several cables."""
        ends = [(one, f"eth{one.cables}", other), (other, f"eth{other.cables}", one)]
        pid = other.enter[2]
        (_, here, _), (_, there, _) = ends
        for machine, line in (
            (one, f"ip link add {here} type veth peer name {there} netns {pid}"),
            *((m, f"ip addr add {m.address} peer {to.address} dev {end}") for m, end, to in ends),
            *((m, f"ip link set {end} up") for m, end, _ in ends),
        ):
            # `ip` looks the pid up.
            subprocess.run([*machine.into_network, *line.split()], check=True)
        one.cables += 1
        other.cables += 1

    def _user(self) -> tuple[str, ...]:
        """Return what goes in front of `unshare`: all machines need one user namespace."""
        if os.geteuid() == 0:
            return ()
        if not hasattr(self, "_owner"):
            command = ["unshare", *_as_root(), "sh", "-c", "echo up && exec cat"]
            self._owner = self._life.enter_context(_until_closed(command)).pid
        return ("nsenter", "--target", str(self._owner), "--user", "--preserve-credentials")


@contextlib.contextmanager
def _first(hosts: Path, before: tuple[str, ...]) -> Iterator[int]:
    command = [*before, "unshare", *_NEW, "sh", "-ec", _FIRST.format(hosts=shlex.quote(str(hosts)))]
    with _until_closed(command) as unshare:
        # The first process of the new pid namespace is the child that unshare has forked.
        children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text()
        yield int(children)


@contextlib.contextmanager
def _until_closed(command: list[str]) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "up\n"
            yield process
        finally:
            process.stdin.close()
            process.wait(SECONDS)
