"""What is under test, built and installed into a folder of its own."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
WORK = Path(__file__).parent / ".work"
_NATIVE = Path(__file__).parent / "native"
_SOURCES = ("cc_proxy", "docs/man", "pyproject.toml", "README.md", "LICENSE")
_SECONDS = 600
_LITELLM = "litellm[proxy]==1.106.2"
_CCR = "@musistudio/claude-code-router"
# The last release that is one package; pinned, so that two runs measure the same program.
_CCR_VERSION = "2.0.0"


class InstallError(Exception):
    """A tool that is needed is missing, or failed."""


@dataclass(frozen=True)
class Installed:
    """A program: how it is called, the tree it was installed as, its packages, its version.

    `megabytes` is what the tree takes on the disk; of that, `bytecode` what Python made itself.
    `extras` is what it takes without byte code once its extras are there, None if it has none.
    """

    command: tuple[str, ...]
    python: Path | None
    megabytes: float
    bytecode: float
    packages: int
    version: str
    extras: float | None = None


def native(name: str) -> Path:
    """Compile a C program of `native/` and return it.

    Raises:
        InstallError: there is no C compiler, or it failed.

    """
    WORK.mkdir(exist_ok=True)
    program = WORK / name
    source = _NATIVE / f"{name}.c"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        _run([_tool("cc"), "-O2", "-Wall", "-o", str(program), str(source)])
    return program


def cc_proxy() -> Installed:
    """Install this checkout, as its users do, into an environment of its own.

    Raises:
        InstallError: pip failed.

    """
    folder = WORK / "cc-proxy"
    shutil.rmtree(folder, ignore_errors=True)
    # A copy: a build leaves folders beside the sources.
    sources = folder / "sources"
    for name in _SOURCES:
        _copy(REPOSITORY / name, sources / name)
    environment = folder / "environment"
    _run([sys.executable, "-m", "venv", "--without-pip", str(environment)])
    python = environment / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    locked = REPOSITORY / "requirements/runtime.txt"
    _run([*pip, "--require-hashes", "-r", str(locked)])
    _run([*pip, "--no-deps", str(sources)])
    program = environment / "bin/cc-proxy"
    tree = next(environment.glob("lib/*/site-packages"))
    installed = Installed(
        command=(str(program),),
        python=python,
        megabytes=_megabytes(tree),
        bytecode=_megabytes(tree, "*.pyc"),
        packages=len(list(tree.glob("*.dist-info"))),
        version=_said([str(program), "--version"]).split()[-1],
    )
    # What is measured has all that it can do.
    _run([*pip, "--require-hashes", "-r", str(REPOSITORY / "requirements/full.txt")])
    return replace(installed, extras=_megabytes(tree) - _megabytes(tree, "*.pyc"))


def litellm() -> Installed:
    """Install LiteLLM's proxy from PyPI, some 700 MB, once.

    Raises:
        InstallError: pip failed.

    """
    environment = WORK / "litellm/environment"
    python, program = environment / "bin/python", environment / "bin/litellm"
    if not program.exists():
        _run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(environment)])
        _run([sys.executable, "-m", "pip", "--python", str(python), "install", "-q", _LITELLM])
    tree = next(environment.glob("lib/*/site-packages"))
    return Installed(
        command=(str(program),),
        python=python,
        megabytes=_megabytes(tree),
        bytecode=_megabytes(tree, "*.pyc"),
        packages=len(list(tree.glob("*.dist-info"))),
        version=_LITELLM.partition("==")[2],
    )


def claude_code_router() -> Installed:
    """Install claude-code-router from npm.

    Raises:
        InstallError: npm is missing, or failed.

    """
    folder = WORK / "ccr"
    folder.mkdir(parents=True, exist_ok=True)
    tree = folder / "node_modules"
    manifest = tree / _CCR / "package.json"
    if not manifest.exists():
        quiet = ["--silent", "--no-audit", "--no-fund", "--no-update-notifier"]
        wanted = f"{_CCR}@{_CCR_VERSION}"
        _run([_tool("npm"), "install", "--prefix", str(folder), *quiet, wanted])
    described = json.loads(manifest.read_text(encoding="utf-8"))
    found = [*tree.glob("*/package.json"), *tree.glob("@*/*/package.json")]
    return Installed(
        command=(_tool("node"), str(manifest.parent / described["bin"]["ccr"])),
        python=None,
        megabytes=_megabytes(tree),
        bytecode=0.0,
        packages=len(found),
        version=str(described["version"]),
    )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _megabytes(tree: Path, name: str = "*") -> float:
    """Return the MB (10^6 bytes) that a tree's files take on the disk, hard links counted once."""
    sizes: dict[tuple[int, int], int] = {}
    for path in tree.rglob(name):
        told = path.lstat()
        if stat.S_ISDIR(told.st_mode):
            continue
        sizes[told.st_dev, told.st_ino] = told.st_blocks * 512
    return sum(sizes.values()) / 1e6


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise InstallError(f"Expected `{name}` on PATH; install it to run this benchmark.")
    return found


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - a tool with arguments of our own
            command,
            capture_output=True,
            check=False,
            text=True,
            timeout=_SECONDS,
            env=dict(os.environ),
        )
    except subprocess.TimeoutExpired as error:
        raise InstallError(f"{command[0]} took longer than {_SECONDS} s.") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-2000:]
        raise InstallError(f"{' '.join(command)} ended with {done.returncode}: {said}")


def _said(command: Sequence[str]) -> str:
    return subprocess.run(  # noqa: S603 - what was just installed
        command, capture_output=True, check=True, text=True, timeout=60
    ).stdout
