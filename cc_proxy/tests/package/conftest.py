"""The wheel of this checkout, and how it is installed."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from release.build import ROOT, build_tree

Install = Callable[[Path, str], Path]

UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build sdist and wheel from this checkout; all that need them run where they are built."""
    out = tmp_path_factory.mktemp("dist")
    build_tree(ROOT, out)
    return out


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    """Return the wheel."""
    return next(dist.glob("*.whl"))


@pytest.fixture
def install(wheel: Path) -> Install:
    """Return what installs the wheel into a new environment for a Python, and gives its program."""

    def installed(venv: Path, python: str) -> Path:
        into = [UV, "pip", "install", "--quiet", "--python", venv]
        for command in (
            [UV, "venv", "--quiet", "--python", python, venv],
            [*into, "--require-hashes", "-r", ROOT / "requirements" / "full.txt"],
            [*into, "--no-deps", wheel],
        ):
            done = subprocess.run(
                [str(word) for word in command], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
        return venv / ("Scripts" if os.name == "nt" else "bin") / "cc-proxy"

    return installed
