"""The commands that change an installation of cc-proxy, by what has made it."""

import shlex
import subprocess
import sys
from pathlib import Path

# What pipx and uv leave in the environments that they make.
_PIPX_MARK, _UV_MARK = "pipx_metadata.json", "uv-receipt.toml"


def add_pdf() -> str:
    """Return the command that adds what reads PDFs."""
    if _is_from(_PIPX_MARK):
        return "pipx inject cc-proxy pypdf"
    if _is_from(_UV_MARK):
        return 'uv tool install "cc-proxy[pdf]"'
    return _pip_install("pypdf")


def again() -> str:
    """Return the command that installs cc-proxy again, with the packages that it needs."""
    if _is_from(_PIPX_MARK):
        return "pipx reinstall cc-proxy"
    if _is_from(_UV_MARK):
        return "uv tool install --reinstall cc-proxy"
    return _pip_install("cc-proxy")


def _is_from(mark: str) -> bool:
    return Path(sys.prefix, mark).is_file()


def _pip_install(package: str) -> str:
    words = [sys.executable, "-m", "pip", "install", package]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
