"""The programs that the how-tos name, and a world to run them in."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cc_proxy.tests.placements.machines import World, can_make_namespaces

HERE = Path(__file__).parent
CLAUDE = HERE.parent / "clients/current/node_modules/.bin/claude"

# Where a user may not make namespaces (macOS has none), test_addresses.py alone runs the shapes.
_NAMESPACES = can_make_namespaces()
collect_ignore = (
    []
    if _NAMESPACES
    else ["test_how_tos.py", "test_hosts.py", "test_container.py", "test_port_in_use.py"]
)
if sys.platform == "win32":
    # Linux images, and linters that are not there for Windows.
    collect_ignore.append("test_container_files.py")


def pytest_report_header() -> str:
    """Say how the placements are run here."""
    return f"placements: on {'namespaces' if _NAMESPACES else 'addresses of loopback alone'}"


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory, cc_proxy: list[str]) -> Path:
    """Return a folder with the programs that the pages name."""
    folder = tmp_path_factory.mktemp("programs")
    played = {
        "cc-proxy": cc_proxy,
        "claude": [str(CLAUDE)],
        "ollama": [sys.executable, str(HERE / "ollama.py")],
        "systemctl": [sys.executable, str(HERE / "systemctl.py")],
        "loginctl": ["test", "enable-linger", "="],
    }
    for name, command in played.items():
        path = folder / name
        path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return folder


@pytest.fixture
def world(tmp_path: Path, programs: Path) -> Iterator[World]:
    with World(tmp_path, programs) as made:
        yield made
