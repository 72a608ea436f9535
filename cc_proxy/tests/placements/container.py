"""Runs a service of container/compose.yaml without an engine: what is declared is what it gets.

User, first process, command, environment, folders, read-only root, secrets and health check are
read from the Dockerfile and the compose files. The programs are this checkout's, since the steps
that build the image need a registry.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cc_proxy.tests.cli.conftest import Ran
from cc_proxy.tests.placements.how_to import ROOT
from cc_proxy.tests.placements.machines import SECONDS, Machine

FOLDER = ROOT / "container"
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib64", "/usr", "/etc", "/dev")
# A new root with only what is named; the last step gives the root's rights away for good.
_SET_UP = """
root={root}
mount -t tmpfs -o mode=0755 tmpfs $root
{more}
for path in {shown}; do
    if [ -L $path ]; then ln -s "$(readlink $path)" $root$path; continue; fi
    mkdir -p $root$path
    mount --rbind $path $root$path
    mount -o remount,bind,ro $root$path
done
mount -t proc proc /proc
mkdir -p $root/proc && mount --rbind /proc $root/proc
mount -o remount,bind,ro $root
exec unshare --map-user={user} --map-group={group} --root=$root --wd={folder} \
    setpriv --no-new-privs "$@"
"""


@dataclass(frozen=True)
class Image:
    """What the last stage of the Dockerfile declares."""

    environ: dict[str, str]
    user: int
    group: int
    folder: str
    command: list[str]
    health: list[str]


def image() -> Image:
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"^([A-Z]+) (.*)$", text.rpartition("\nFROM ")[2], re.MULTILINE)
    last = dict(lines)
    user, _, group = last["USER"].partition(":")
    return Image(
        environ=dict(re.findall(r"(\w+)=(\S+)", last["ENV"])),
        user=int(user),
        group=int(group),
        folder=last["WORKDIR"],
        command=json.loads(last["ENTRYPOINT"]) + json.loads(last["CMD"]),
        health=json.loads(last["HEALTHCHECK"].partition("CMD ")[2]),
    )


def compose(*names: str) -> dict[str, Any]:
    """Return the compose files laid over each other, as `docker compose -f … -f …` does."""
    whole: dict[str, Any] = {}
    for name in names or ("compose.yaml",):
        _merge(whole, yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")))
    return whole


@dataclass
class Running:
    """A container that runs: `process` is the one that has made its first."""

    process: "subprocess.Popen[str]"
    environ: dict[str, str]
    image: Image
    machine: Machine
    out: str = field(default="")

    @property
    def first(self) -> int:
        """The pid, outside, of the first process."""
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii"))

    def exec(self, *command: str) -> Ran:
        """Do as `docker exec`."""
        target = ["--target", str(self.first), "--user", "--preserve-credentials", "--root"]
        folder = f"--wdns={self.image.folder}"
        # The network belongs to the machine: it is entered first, with the machine's rights.
        enter = [*self.machine.into_network, "nsenter", *target, "--mount", "--pid", folder]
        done = subprocess.run(
            [*enter, *_with(self.environ), *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def read_until(self, text: str) -> str:
        """Return what it prints (`docker logs`) up to the line with a text."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.out += line
            if text in line:
                return self.out
        raise AssertionError(self.out)

    def signal(self, number: int) -> int:
        """Do as `docker kill`; return the exit code."""
        os.kill(self.first, number)
        return self.process.wait(SECONDS)


@contextmanager
def container(
    machine: Machine, *names: str, service: str = "claude", binds: dict[str, Path] | None = None
) -> Iterator[Running]:
    """Run a service of the compose files on a machine, which is its network.

    `binds` are folders and files of this machine for what would be volumes and secrets; what is
    declared and not among them is a tmpfs.
    """
    declared, built = compose(*names), image()
    wanted = declared["services"][service]
    assert wanted["read_only"] is True
    programs = str(machine.environ["PATH"].partition(":")[0])
    mounts = [_mount(place, binds or {}) for place in _places(wanted)]
    set_up = _SET_UP.format(
        root=shlex.quote(str(_root(machine))),
        shown=shlex.join([path for path in (*_SYSTEM, *_needed(programs)) if Path(path).exists()]),
        more="\n".join(mounts),
        user=built.user,
        group=built.group,
        folder=built.folder,
    )
    system = f"{programs}:/usr/local/bin:/usr/bin:/bin"
    environ = {**built.environ, **wanted["environment"], "PATH": system}
    enter = [part for part in machine.enter if part != "--pid"]
    unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", set_up, "sh"]
    with subprocess.Popen(
        [*enter, *unshare, *_with(environ), *built.command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Running(process, environ, built, machine)
        finally:
            process.kill()


def _root(machine: Machine) -> Path:
    root = machine.home / "root"
    root.mkdir(exist_ok=True)
    return root


def _needed(programs: str) -> list[str]:
    python = {sys.prefix, sys.base_prefix, str(ROOT)}
    return sorted({programs, *python})


def _places(service: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return each path that the service gets, and whether it is a file."""
    tmpfs = [(place.partition(":")[0], False) for place in service["tmpfs"]]
    volumes = [(place.rpartition(":")[2], False) for place in service["volumes"]]
    secrets = [(f"/run/secrets/{name}", True) for name in service.get("secrets", [])]
    return [*tmpfs, *volumes, *secrets]


def _mount(place: tuple[str, bool], binds: dict[str, Path]) -> str:
    path, is_file = place
    if is_file:
        source = shlex.quote(str(binds[path]))
        make = f"mkdir -p $root{Path(path).parent} && touch $root{path}"
        return f"{make} && mount --bind {source} $root{path}"
    if path in binds:
        return f"mkdir -p $root{path} && mount --bind {shlex.quote(str(binds[path]))} $root{path}"
    return f"mkdir -p $root{path} && mount -t tmpfs -o mode=0700 tmpfs $root{path}"


def _with(environ: dict[str, str]) -> list[str]:
    return ["env", "-i", *(f"{name}={value}" for name, value in environ.items())]


def _merge(whole: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(whole.get(key), dict):
            _merge(whole[key], value)
        else:
            whole[key] = value
