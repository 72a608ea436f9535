"""A checkout: what the extra `dev` has to have, and what `make run` says and needs."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from release.build import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
# `make run` in a folder that has only what it looks at.
FILES = (
    "requirements/full.txt",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "cc_proxy/tests/clients/current/package-lock.json",
)
TOOLS = ("sh", "make", "find", "mkdir", "touch", "true", "echo")
PROGRAM = ".venv-wheel/bin/cc-proxy"


def imported(folder: Path) -> set[str]:
    """Return the top-level names of the modules that the Python files of a folder import."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def required() -> Iterator[str]:
    """Yield what `pip install -e ".[dev]"` installs, with what that brings along."""
    todo = [Requirement("cc-proxy[dev]")]
    seen: set[tuple[str, str]] = set()
    while todo:
        wanted = todo.pop()
        for extra in wanted.extras or {""}:
            key = (wanted.name.lower().replace("_", "-"), extra)
            if key in seen:
                continue
            seen.add(key)
            yield key[0]
            try:
                lines = metadata.requires(wanted.name) or []
            except metadata.PackageNotFoundError:  # of another system or Python
                continue
            more = map(Requirement, lines)
            todo += [one for one in more if not one.marker or one.marker.evaluate({"extra": extra})]


def names_of(lines: list[str]) -> set[str]:
    return {Requirement(line).name for line in lines}


def grouped() -> set[str]:
    """Return what `make` installs of the dependency groups; without it, tests are skipped."""
    groups = PYPROJECT["dependency-groups"]
    return names_of([*groups["docs"], *groups["fuzz"], *groups["release"]])


def test_the_extra_dev_has_nothing_that_a_group_is_for() -> None:
    dev = names_of(PYPROJECT["project"]["optional-dependencies"]["dev"])
    assert dev & (grouped() | names_of(PYPROJECT["dependency-groups"]["bench"])) == set()


def test_the_extra_dev_has_all_that_the_tests_import() -> None:
    folders = ("cc_proxy", "tools", "release")
    modules = {name for folder in folders for name in imported(ROOT / folder)}
    ours = {*folders, "bench", *sys.stdlib_module_names}
    owners = metadata.packages_distributions()
    # pip comes with a virtual environment, colorama with click on Windows.
    known = {*required(), *grouped(), "pip", "colorama"}
    lacking = {
        module: owners.get(module)
        for module in (modules - ours) & owners.keys()
        if not {owner.lower().replace("_", "-") for owner in owners[module]} & known
    }
    assert lacking == {}
    assert "pypdf" in known


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    for file in FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    shutil.copy(ROOT / "Makefile", folder)
    program(folder / PROGRAM, 'echo "cc-proxy $*"')
    # What is installed is newer than what it is made of.
    (folder / ".make").mkdir()
    (folder / ".make/runtime").touch()
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return folder


def program(path: Path, script: str) -> None:
    """Write a program of a few lines of shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def make_run(checkout: Path) -> tuple[int, str]:
    """Return the exit code of `make run` and all that it says."""
    done = subprocess.run(
        [str(shutil.which("make")), "run", f"PYTHON={sys.executable}"],
        cwd=checkout,
        env={"PATH": str(checkout.parent / "bin"), "HOME": str(checkout.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


needs_make = pytest.mark.skipif(os.name == "nt", reason="Windows has no make")
NEXT = [
    f"Now on your own model: {PROGRAM} claude",
    f"See what happens meanwhile: {PROGRAM} ui",
]


@needs_make
def test_make_run_needs_no_npm_where_there_is_a_claude(checkout: Path) -> None:
    program(checkout.parent / "bin/claude", "true")
    program(checkout.parent / "bin/npm", "echo npm was asked; exit 1")
    code, said = make_run(checkout)
    assert code == 0, said
    assert "npm was asked" not in said
    assert "cc-proxy demo --upstream auto" in said
    assert said.splitlines()[-2:] == NEXT


@needs_make
def test_make_run_without_claude_and_npm_plays_all_the_same(checkout: Path) -> None:
    code, said = make_run(checkout)
    assert code == 0, said
    assert said.splitlines()[0].startswith("There is no claude and no npm on the PATH")
    assert said.splitlines()[-2:] == NEXT


@needs_make
def test_make_run_shows_what_npm_says_when_it_fails(checkout: Path) -> None:
    program(checkout.parent / "bin/npm", "echo npm error: no space left >&2; exit 1")
    code, said = make_run(checkout)
    assert code != 0
    assert "Installing Claude Code from npm into" in said
    assert "npm error: no space left" in said
    assert not (checkout / ".make/client").exists()
