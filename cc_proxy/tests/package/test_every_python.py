"""The wheel, installed and used on every Python of this machine that it supports."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from cc_proxy import __version__
from release.commands import clean_environment
from release.smoke import smoke

from .conftest import Install

pytestmark = pytest.mark.xdist_group("dist")
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


@pytest.mark.parametrize("version", sorted(pythons()))
def test_the_wheel_works_on(version: str, install: Install, tmp_path: Path) -> None:
    program = install(tmp_path / "venv", pythons()[version])
    smoke(program, clean_environment(tmp_path / "home"), __version__)
