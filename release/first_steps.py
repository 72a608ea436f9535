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
        pipx = home / "shim" / "pipx"
        env = clean_environment(home, **index.for_pip(), **index.for_uv())
        path = (self.program.parent, pipx.parent, env["PATH"])
        self.env = env | {
            "PATH": os.pathsep.join(map(str, path)),
            "PIPX_DEFAULT_PYTHON": sys.executable,
            "CC_PROXY_PORT": "0",
        }
        pipx.parent.mkdir()
        words = shlex.join([sys.executable, "-m", "pipx"])
        pipx.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        pipx.chmod(0o755)

    def type(self, *lines: str) -> None:
        """Run lines in a shell.

        Raises:
            ReleaseError: one of them ended with anything but 0.

        """
        run(["sh", "-ec", "\n".join(lines)], env=self.env, cwd=self.home)

    @property
    def version(self) -> str:
        """What the installed program says that it is."""
        return run([self.program, "--version"], env=self.env).strip().removeprefix("cc-proxy ")

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


def steps(older: str) -> Iterator[list[str]]:
    """Yield the lines of each block of the page, with `older` for the version that it names."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield re.sub(r"==\d+\.\d+\.\d+", f"=={older}", block).splitlines()
