"""Programs run in a clean environment, loud when they fail."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class ReleaseError(Exception):
    """Something that stops a release; the text says what was expected and what was found."""


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """Return what a program in a new person's `home` sees: nothing of this machine's settings.

    What reaches the network through a proxy or a certificate file of its own still does. The
    programs of an activated virtual environment are not on PATH: a new person has no pipx there.
    """
    home.mkdir(parents=True, exist_ok=True)
    kept = ("LANG", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    folders = os.environ["PATH"].split(os.pathsep)
    if sys.prefix != sys.base_prefix:
        own = Path(sys.executable).parent
        folders = [folder for folder in folders if Path(folder) != own]
    person = {"PATH": os.pathsep.join(folders), "HOME": str(home), "USERPROFILE": str(home)}
    return environment | person | more


def run(
    command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> str:
    """Run a program and return its stdout.

    Raises:
        ReleaseError: it ended with anything but 0; with all that it printed.

    """
    words = [str(word) for word in command]
    done = subprocess.run(  # noqa: S603 -- the commands are this package's own
        words, env=env, cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ReleaseError(
            f"`{' '.join(words)}` ended with {done.returncode}.\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def say(text: str) -> None:
    """Tell the maintainer how far it is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
