"""The README's first line and docs/how-to/upgrade.md, followed to the letter by a new person."""

import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from release.build import ROOT
from release.commands import clean_environment, run
from release.documented import commands
from release.installers import Index
from release.smoke import expect, practice_model

PAGE = "docs/how-to/upgrade.md"


class Reader:
    """A person with pipx and an empty home, who types what the documents say."""

    def __init__(self, home: Path, index: Index) -> None:
        self.home = home
        self.program = home / ".local" / "bin" / "cc-proxy"
        shim = home / "shim"
        env = clean_environment(home, **index.for_pip(), **index.for_uv())
        path = (self.program.parent, shim, env["PATH"])
        self.env = env | {
            "PATH": os.pathsep.join(map(str, path)),
            "PIPX_DEFAULT_PYTHON": sys.executable,
            "CC_PROXY_PORT": "0",
        }
        shim.mkdir()
        played = {
            "pipx": f'exec {shlex.join([sys.executable, "-m", "pipx"])} "$@"',
            "python3": f'exec {shlex.quote(sys.executable)} "$@"',
            # install.sh refuses root, and many a build machine knows nobody else.
            "id": "echo 1000",
        }
        for name, command in played.items():
            (shim / name).write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
            (shim / name).chmod(0o755)

    def type(self, *lines: str, cwd: Path | None = None) -> None:
        """Run lines in a shell, in the home if no other folder is named.

        Raises:
            ReleaseError: one of them ended with anything but 0.

        """
        run(["sh", "-ec", "\n".join(lines)], env=self.env, cwd=cwd or self.home)

    @property
    def version(self) -> str:
        """The version that the installed program prints."""
        return self.version_of(self.program)

    def version_of(self, program: Path) -> str:
        """Return the version that a program prints."""
        return run([program, "--version"], env=self.env).strip().removeprefix("cc-proxy ")

    @property
    def reads_pdfs(self) -> bool:
        """Whether the installed program says that it reads PDFs."""
        told = run(["sh", "-c", "cc-proxy doctor --no-model --json || true"], env=self.env)
        (check,) = (one for one in json.loads(told)["data"]["checks"] if one["name"] == "pdf")
        return str(check["detail"]).startswith("read ")


def follow(home: Path, index: Index, older: str, newer: str, publish: Callable[[], None]) -> None:
    """Install as the README says, then upgrade, go back, add and remove as the page says.

    `older` is on the index at first; `publish` brings `newer` there.

    Raises:
        ReleaseError: a command failed, or had not the result that the page promises.

    """
    reader = Reader(home, index)
    install = commands((ROOT / "README.md").read_text(encoding="utf-8"))[0]
    upgrade, check, back, forward, with_pdfs, remove = steps(older)
    reader.type(install)
    expect(f"the version after `{install}`", found=reader.version, expected=older)
    with practice_model(reader.program, reader.env) as upstream:
        reader.env["OLLAMA_BASE_URL"] = upstream
        reader.type("cc-proxy start")
        publish()
        for lines, version in ((upgrade, newer), (check, newer), (back, older), (forward, newer)):
            reader.type(*lines)
            expect(f"the version after {lines}", found=reader.version, expected=version)
            expect(f"PDFs are read after {lines}", found=reader.reads_pdfs, expected=False)
        reader.type(*with_pdfs)
        expect(f"PDFs are read after {with_pdfs}", found=reader.reads_pdfs, expected=True)
        reader.type(*remove)
    for path in (reader.program, home / ".cc-proxy"):
        expect(f"{path.name}, after {remove}", found=path.exists(), expected=False)


def install_in_each_way(home: Path, index: Index, tree: Path, indexed: str, built: str) -> None:
    """Install by pipx, by pip and by the script, as the README says; then the checkout `tree`.

    `indexed` is the version on the index, `built` that of the checkout.

    Raises:
        ReleaseError: a command failed, or installed another version.

    """
    reader = Reader(home, index)
    in_venv = home / ".venvs/cc-proxy/bin/cc-proxy"
    lines = commands((ROOT / "README.md").read_text(encoding="utf-8"))
    (make_venv,) = (line for line in lines if line.startswith("python3 -m venv "))
    reader.type(make_venv)
    for what, expected in (("cc-proxy", indexed), (".", built)):
        by_pipx, by_pip = f"pipx install {what}", f"~/.venvs/cc-proxy/bin/pip install {what}"
        by_script = "sh install.sh" + (" ." if what == "." else "")
        for line in (by_pipx, by_pip, by_script):
            expect(f"`{line}` in README.md", found=line in lines, expected=True)
        reader.type(by_pipx, cwd=tree)
        expect(f"the version after `{by_pipx}`", found=reader.version, expected=expected)
        reader.type(by_pip, cwd=tree)
        found = reader.version_of(in_venv)
        expect(f"the version after `{by_pip}`", found=found, expected=expected)
        reader.type("pipx uninstall cc-proxy", by_script, cwd=tree)
        expect(f"the version after `{by_script}`", found=reader.version, expected=expected)
        reader.type("pipx uninstall cc-proxy", f"{in_venv.parent}/pip uninstall --yes cc-proxy")


def steps(older: str) -> Iterator[list[str]]:
    """Yield the lines of each block of the page, with `older` for the version that it names."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield re.sub(r"==\d+\.\d+\.\d+", f"=={older}", block).splitlines()
