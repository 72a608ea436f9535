"""`release/first_commands.sh`, as a person types it, with the built wheel."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.tests.placements.machines import World, can_make_namespaces
from release.build import ROOT
from release.commands import clean_environment

from .conftest import Install

SCRIPT = ROOT / "release/first_commands.sh"
FILE = ".cc-proxy/cc-proxy.user.yaml"

pytestmark = [pytest.mark.posix_only("a POSIX shell"), pytest.mark.xdist_group("dist")]


def is_taken() -> bool:
    """Return whether something listens on the default port of this machine."""
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", 3456)) == 0


def project(folder: Path) -> Path:
    """Make a folder with a configuration in it."""
    (folder / FILE).parent.mkdir(parents=True)
    (folder / FILE).write_text("aliases: {default: 'qwen3-coder:30b'}\n", encoding="utf-8")
    return folder


def check(printed: str, folder: Path) -> None:
    """Assert that it started, answered its health to the key, and stopped."""
    assert "cc-proxy has started" in printed
    (line,) = re.findall(r"^\{.*\}", printed, re.MULTILINE)
    health: dict[str, Any] = json.loads(line)
    assert health["status"] == "ok"
    assert health["config_path"] == str(folder / FILE)
    assert health["upstream"]["url"] == "http://host.docker.internal:11434"
    assert re.search(r"cc-proxy \(pid \d+\) has stopped\.\n", printed)


@pytest.mark.skipif(not can_make_namespaces(), reason="needs network namespaces")
@pytest.mark.parametrize("localhost", ["127.0.0.1", "::1"])
def test_the_first_commands_work_whatever_localhost_is(
    localhost: str, install: Install, tmp_path: Path
) -> None:
    program = install(tmp_path / "venv", sys.executable)
    with World(tmp_path, program.parent) as world:
        # Nobody else has the port on a machine of its own.
        machine = world.machine("machine", "10.0.0.1", {"localhost": localhost})
        folder = project(machine.home / "project")
        code, printed = machine.shell(f"set -e; cd project; . {SCRIPT}")
    assert code == 0, printed
    check(printed, folder)


@pytest.mark.skipif(can_make_namespaces(), reason="tested on a machine of its own")
@pytest.mark.skipif(is_taken(), reason="another program has the port")
def test_the_first_commands_work_on_this_machine(install: Install, tmp_path: Path) -> None:
    program = install(tmp_path / "venv", sys.executable)
    folder = project(tmp_path / "project")
    env = clean_environment(tmp_path / "home")
    done = subprocess.run(
        ["/bin/sh", "-e", SCRIPT],
        cwd=folder,
        env=env | {"PATH": f"{program.parent}{os.pathsep}{env['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    check(done.stdout, folder)
