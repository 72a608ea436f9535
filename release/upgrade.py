"""`python -m release.upgrade [COMMIT]`: an upgrade from an earlier commit, and the way back.

Both are installed one over the other in one environment, as pip and pipx do, while the version
before it runs. Needs the network, for pip; `make release-rehearsal` is without it.
"""

import argparse
import json
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

from release.build import ROOT, export
from release.commands import ReleaseError, clean_environment, run, say
from release.smoke import Answer, expect, practice_model

# The version of which cc_proxy/tests/cli has kept files.
FIRST = "5b92095"
KEPT = ROOT / "cc_proxy" / "tests" / "cli" / f"state_of_{FIRST}"
CONFIGURATION = "cc-proxy.user.yaml"


class Machine:
    """A home, and an environment into which one version after the other is installed."""

    def __init__(self, scratch: Path, env: dict[str, str]) -> None:
        self.scratch = scratch
        self.env = env
        self.folder = Path(env["HOME"], ".cc-proxy")
        venv = scratch / "venv"
        run([sys.executable, "-m", "venv", venv])
        self.bin = venv / ("Scripts" if os.name == "nt" else "bin")
        self.program = self.bin / "cc-proxy"

    def install(self, commit: str) -> None:
        """Install a commit over what is there.

        Raises:
            ReleaseError: there is no such commit, or pip failed.

        """
        tree = self.scratch / f"tree-{commit}"
        if not tree.exists():
            export(commit, tree)
        pip: list[str | Path] = [self.bin / "python", "-m", "pip", "install", "--quiet", tree]
        run(pip)
        # Two commits may have one version number, and then nothing was installed.
        run([*pip, "--force-reinstall", "--no-deps"])
        say(f"{commit} is installed")

    def ask(self, *arguments: str) -> Answer:
        """Return all that a command prints with `--json`.

        Raises:
            ReleaseError: it ended with anything but 0.

        """
        found: Answer = json.loads(run([self.program, *arguments, "--json"], env=self.env))
        return found


def upgrade(older: str, newer: str) -> None:
    """Upgrade while `older` runs, use what it left, and go back while `newer` runs.

    Raises:
        ReleaseError: a command failed, or something was lost.

    """
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        machine = Machine(scratch, clean_environment(scratch / "home"))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        machine.install(older)
        # The practice model is this checkout's: nothing is installed over it.
        with practice_model(Path(sys.executable).with_name("cc-proxy"), machine.env) as upstream:
            text = (KEPT / CONFIGURATION).read_text(encoding="utf-8")
            text = text.replace("11444", str(port)).replace("http://127.0.0.1:9\n", f"{upstream}\n")
            machine.folder.mkdir(mode=0o700)
            own = machine.folder / CONFIGURATION
            own.touch(mode=0o600)
            own.write_text(text, encoding="utf-8")
            _both_ways(machine, older, newer, port)
            expect("the configuration", found=own.read_text(encoding="utf-8"), expected=text)


def _both_ways(machine: Machine, older: str, newer: str, port: int) -> None:
    run_folder = machine.folder / "run"
    expect("the port", found=machine.ask("start", "--preload")["data"]["port"], expected=port)
    key = (run_folder / "auth.key").read_bytes()
    for name in ("turns.jsonl", "fronts.json"):
        shutil.copyfile(KEPT / name, run_folder / name)
        (run_folder / name).chmod(0o600)
    for commit in (newer, older):
        machine.install(commit)
        # What runs is the version before it.
        expect("it runs", found=machine.ask("status")["data"]["running"], expected=True)
        for command in (("reload",), ("config", "check"), ("models",)):
            machine.ask(*command)
        again = machine.ask("restart")["data"]
        expect("the port after the restart", found=again["port"], expected=port)
        warned = [one["code"] for one in machine.ask("status")["warnings"]]
        other = [code for code in warned if code.startswith("other_")]
        expect("differences after the restart", found=other, expected=[])
        machine.ask("start", "--preload")
        expect("the key", found=(run_folder / "auth.key").read_bytes(), expected=key)
        aside = sorted(path.name for path in run_folder.rglob("*.broken*"))
        expect("files that it could not read", found=aside, expected=[])
        log = (machine.folder / "logs" / "cc-proxy.log").read_text(encoding="utf-8")
        bad = [line for line in log.splitlines() if " ERROR " in line or "cannot be read" in line]
        expect("errors in the log", found=bad, expected=[])
        say(f"{commit}: took over what ran, with its port, key and files")
    expect("it ran", found=machine.ask("stop")["data"]["was_running"], expected=True)


def main() -> int:
    """Upgrade both ways."""
    parser = argparse.ArgumentParser(prog="python -m release.upgrade", description=__doc__)
    parser.add_argument("older", nargs="?", default=FIRST, metavar="COMMIT")
    asked = parser.parse_args()
    try:
        upgrade(asked.older, "HEAD")
    except ReleaseError as error:
        say(f"The upgrade failed: {error}")
        return 1
    say("The upgrade is done, both ways: nothing failed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
