"""The wheel, installed and used on every Python of this machine that it supports."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cc_proxy import __version__
from release.build import ROOT, build_tree
from release.commands import clean_environment
from release.smoke import smoke

UV = Path(sys.executable).with_name("uv")
MINORS = range(11, 20)


def pythons() -> dict[str, str]:
    """Return an interpreter for each minor version on PATH or in pyenv, by that version."""
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    folders = [*map(str, sorted(root.glob("versions/*/bin"))), os.environ["PATH"]]
    places = {
        f"3.{minor}": shutil.which(f"python3.{minor}", path=os.pathsep.join(folders))
        for minor in MINORS
    }
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {version: place for version, place in places.items() if place} | {here: sys.executable}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of this checkout, from a copy as other builds may be going on."""
    out = tmp_path_factory.mktemp("dist")
    build_tree(ROOT, out)
    return next(out.glob("*.whl"))


@pytest.mark.parametrize("version", sorted(pythons()))
def test_the_wheel_works_on(version: str, wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    install = [UV, "pip", "install", "--quiet", "--python", venv]
    for command in (
        [UV, "venv", "--quiet", "--python", pythons()[version], venv],
        [*install, "--require-hashes", "-r", ROOT / "requirements" / "full.txt"],
        [*install, "--no-deps", wheel],
    ):
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    program = venv / ("Scripts" if os.name == "nt" else "bin") / "cc-proxy"
    smoke(program, clean_environment(tmp_path / "home"), __version__)
