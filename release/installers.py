"""The ways in which people install cc-proxy, each into a home of its own."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from release.build import ROOT
from release.commands import clean_environment, run

TOOLS = Path(sys.executable).parent


@dataclass(frozen=True)
class Index:
    """Where packages come from; `more`: another one, for what the first does not have.

    `constraints`: a file with the versions to take, where there are two to choose from.
    """

    simple: str | None
    more: str | None = None
    constraints: Path | None = None

    def for_pip(self) -> dict[str, str]:
        """Return the variables that pip and pipx take; without an address they use pip's own."""
        if self.simple is None:
            return {}
        # Python compiles what it starts; the rest of each of a dozen installations need not be.
        chosen = {
            "PIP_INDEX_URL": self.simple,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_COMPILE": "0",
        }
        if self.constraints:
            chosen["PIP_CONSTRAINT"] = str(self.constraints)
        return chosen | ({"PIP_EXTRA_INDEX_URL": self.more} if self.more else {})

    def for_uv(self) -> dict[str, str]:
        """Return the variables that uv takes."""
        if self.simple is None:
            return {}
        chosen = {"UV_DEFAULT_INDEX": self.simple, "UV_NO_CONFIG": "1"}
        if self.constraints:
            chosen["UV_CONSTRAINT"] = str(self.constraints)
        # As pip does it: the newest of what either has.
        strategy = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
        return chosen | ({"UV_INDEX": self.more} | strategy if self.more else {})


class Installer(ABC):
    """A tool that installs programs; a subclass a tool."""

    name: str

    def __init__(self, home: Path, env: Mapping[str, str]) -> None:
        self.home = home
        self.env = dict(env)

    @abstractmethod
    def install(self, requirement: str) -> None:
        """Install cc-proxy, as `cc-proxy==1.2.3`."""

    @abstractmethod
    def upgrade(self, version: str) -> None:
        """Go from an older version to this one."""

    @abstractmethod
    def uninstall(self) -> None:
        """Remove it."""

    @property
    def program(self) -> Path:
        """Where the installed `cc-proxy` is."""
        return self.home / ".local" / "bin" / "cc-proxy"


class Pipx(Installer):
    """`pipx install cc-proxy`. It installs by pip or by uv, whichever it finds."""

    name = "pipx"

    def __init__(self, home: Path, index: Index) -> None:
        super().__init__(home, clean_environment(home, **index.for_pip(), **index.for_uv()))

    def _pipx(self, *words: str) -> None:
        run([sys.executable, "-m", "pipx", *words], env=self.env)

    def install(self, requirement: str) -> None:
        """Install by `pipx install`."""
        self._pipx("install", "--python", sys.executable, requirement)

    def upgrade(self, version: str) -> None:
        """Upgrade as a person would; a version that was asked for by name is asked for anew."""
        self._pipx("install", "--force", "--python", sys.executable, f"cc-proxy=={version}")

    def uninstall(self) -> None:
        """Remove by `pipx uninstall`."""
        self._pipx("uninstall", "cc-proxy")


class Uv(Installer):
    """`uv tool install cc-proxy`."""

    name = "uv"

    def __init__(self, home: Path, index: Index) -> None:
        never = {"UV_PYTHON_DOWNLOADS": "never"}
        super().__init__(home, clean_environment(home, **index.for_uv(), **never))

    def _uv(self, *words: str) -> None:
        run([TOOLS / "uv", "tool", *words], env=self.env)

    def install(self, requirement: str) -> None:
        """Install by `uv tool install`."""
        self._uv("install", "--quiet", "--python", sys.executable, requirement)

    def upgrade(self, version: str) -> None:
        """Install the version over the one that is there."""
        self.install(f"cc-proxy=={version}")

    def uninstall(self) -> None:
        """Remove by `uv tool uninstall`."""
        self._uv("uninstall", "cc-proxy")


class Pip(Installer):
    """`pip install cc-proxy` in a virtual environment."""

    name = "pip"

    def __init__(self, home: Path, index: Index) -> None:
        super().__init__(home, clean_environment(home, **index.for_pip()))
        self._bin = home / "venv" / ("Scripts" if os.name == "nt" else "bin")
        run([sys.executable, "-m", "venv", home / "venv"], env=self.env)

    @property
    def program(self) -> Path:
        """Where it is in the environment."""
        return self._bin / "cc-proxy"

    def _pip(self, *words: str) -> None:
        run([self._bin / "python", "-m", "pip", "--quiet", *words], env=self.env)

    def install(self, requirement: str) -> None:
        """Install by `pip install`."""
        self._pip("install", requirement)

    def upgrade(self, version: str) -> None:
        """Upgrade by `pip install --upgrade`."""
        self._pip("install", "--upgrade", f"cc-proxy=={version}")

    def uninstall(self) -> None:
        """Remove by `pip uninstall`."""
        self._pip("uninstall", "--yes", "cc-proxy")


class Script(Installer):
    """`sh install.sh`, on a machine without pipx."""

    name = "install.sh"

    def __init__(self, home: Path, index: Index) -> None:
        env = clean_environment(home, **index.for_pip(), **index.for_uv())
        if sys.platform != "win32" and os.getuid() == 0:
            # The script refuses root, and many a build machine knows nobody else.
            shim = home / "shim" / "id"
            shim.parent.mkdir()
            shim.write_text("#!/bin/sh\necho 1000\n", encoding="utf-8")
            shim.chmod(0o755)
            env["PATH"] = f"{shim.parent}{os.pathsep}{env['PATH']}"
        super().__init__(home, env | {"PYTHON": sys.executable})

    def install(self, requirement: str) -> None:
        """Install the version by the script."""
        run(["sh", ROOT / "install.sh", requirement.removeprefix("cc-proxy==")], env=self.env)

    def upgrade(self, version: str) -> None:
        """Run the script again, which takes the pipx that it brought."""
        self.install(version)

    def uninstall(self) -> None:
        """Remove by the pipx that it took, as the script says."""
        own = self.home / ".local" / "bin" / "pipx"
        run([own if own.exists() else "pipx", "uninstall", "cc-proxy"], env=self.env)


INSTALLERS: dict[str, Callable[[Path, Index], Installer]] = {
    kind.name: kind for kind in (Pipx, Uv, Pip)
}
if sys.platform != "win32":
    INSTALLERS[Script.name] = Script
