"""`python -m release.build`: the sdist and the wheel of a commit, the same bytes wherever built."""

import argparse
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from release.commands import ReleaseError, run, say

ROOT = Path(__file__).parents[1]
# All that the archives are made of.
SOURCES = (
    "cc_proxy",
    "docs/man",
    "CHANGELOG.md",
    "LICENSE",
    "MANIFEST.in",
    "README.md",
    "pyproject.toml",
    "setup.py",
)


def digests(folder: Path) -> dict[str, str]:
    """Return each file of a folder with its SHA-256 (hex)."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def export(commit: str, folder: Path) -> None:
    """Write the tracked files of a commit into `folder`.

    Raises:
        ReleaseError: this is no git checkout, or it has no such commit.

    """
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", commit]
    packed = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 -- git
    if packed.returncode:
        raise ReleaseError(
            f"expected a git checkout with {commit}: {packed.stderr.decode().strip()}"
        )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")


def build_tree(tree: Path, out: Path, umask: int = 0o022, timezone: str = "UTC") -> None:
    """Build sdist and wheel of a source tree into `out`, as a machine with these settings would.

    setuptools leaves files in the tree that it builds, so it gets a copy: other builds of the same
    tree may run at the same time.

    Raises:
        ReleaseError: the build failed.

    """
    before = os.umask(umask)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            copy_sources(tree, Path(scratch))
            build = [sys.executable, "-m", "build", "--no-isolation"]
            run([*build, "--outdir", out, scratch], env=os.environ | {"TZ": timezone})
    finally:
        os.umask(before)


def copy_sources(tree: Path, folder: Path) -> None:
    """Copy `SOURCES` of a source tree into `folder`, without tests and bytecode."""
    left_out = shutil.ignore_patterns("tests", "__pycache__")
    for name in SOURCES:
        source, target = tree / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=left_out)
        else:
            shutil.copyfile(source, target)


def build(commit: str, out: Path) -> dict[str, str]:
    """Build a commit twice, in two places with other settings; keep it if both are the same.

    Returns: the files in `out` with their SHA-256.

    Raises:
        ReleaseError: a build failed, or the two differ.

    """
    with tempfile.TemporaryDirectory() as scratch:
        first, second = Path(scratch, "one"), Path(scratch, "a-second-one")
        for folder, umask, timezone in (
            (first, 0o022, "UTC"),
            (second, 0o077, "Asia/Kathmandu"),
        ):
            export(commit, folder / "tree")
            build_tree(folder / "tree", folder / "dist", umask, timezone)
        made, again = digests(first / "dist"), digests(second / "dist")
        if made != again:
            raise ReleaseError(
                f"expected the same bytes from two builds of {commit}, found {made} and {again}"
            )
        out.mkdir(parents=True, exist_ok=True)
        for old in (*out.glob("*.whl"), *out.glob("*.tar.gz")):
            old.unlink()
        for name in made:
            (out / name).write_bytes((first / "dist" / name).read_bytes())
    run([sys.executable, "-m", "twine", "check", "--strict", *(out / name for name in made)])
    return made


def main() -> int:
    """Build and print the digests in the form of `sha256sum`."""
    parser = argparse.ArgumentParser(prog="python -m release.build", description=__doc__)
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    asked = parser.parse_args()
    try:
        made = build(asked.commit, asked.out)
    except ReleaseError as error:
        say(str(error))
        return 1
    for name, digest in made.items():
        say(f"{digest}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
