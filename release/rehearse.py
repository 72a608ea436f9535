"""`python -m release.rehearse`: a release from the commit to the uninstall.

Without arguments it builds this commit, uploads it to an index on loopback and installs it from
there, as every installer would on a new machine. With `--index` and `--version` it takes what is
published there already: so the release workflow tries what it has put on an index.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cc_proxy import __version__
from release import first_steps
from release.build import ROOT, build, build_tree, digests, export
from release.commands import ReleaseError, clean_environment, run, say
from release.index import serve_index
from release.installers import INSTALLERS, Index, Installer
from release.smoke import data, expect, practice_model, smoke

# A configuration of the person's own: an upgrade keeps it, an uninstall leaves it.
CONFIGURATION = "aliases:\n  default: practice:latest # mine\n"


@contextmanager
def rehearsal_index(scratch: Path, dist: Path, older: str) -> Iterator[Index]:
    """Build, check and upload this commit and one before it; yields the index they are on.

    What cc-proxy depends on is on a second index, as it is for a test index: so that what is
    rehearsed here is what the release workflow does there.
    """
    made = build("HEAD", dist)
    say("built twice, the same bytes: " + ", ".join(made))
    previous_release(scratch / "older", older)
    own, others = scratch / "own", scratch / "others"
    own.mkdir()
    others.mkdir()
    # A new machine has no pip that is new, and perhaps no pipx: the second index has both.
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--quiet", "download", "--dest", others]
    run([*pip, "--require-hashes", "-r", ROOT / "requirements" / "full.txt"])
    run([*pip, "pip", "pipx", "setuptools", "wheel"])
    with serve_index(own) as address, serve_index(others) as more:
        index = Index(f"{address}/simple/", f"{more}/simple/", pinned(scratch))

        def publish() -> None:
            for name in made:
                upload(dist / name, address)

        for file in (scratch / "older").iterdir():
            upload(file, address)
        if sys.platform == "win32":  # the pages are for a POSIX shell
            publish()
        else:
            first_steps.follow(scratch / "home-of-a-reader", index, older, __version__, publish)
            say(f"README.md and {first_steps.PAGE}: followed to the letter")
            checkout = scratch / "checkout"
            export("HEAD", checkout)
            home = scratch / "home-of-an-installer"
            first_steps.install_in_each_way(home, index, checkout, __version__, __version__)
            say("README.md: installed in each way, and from a checkout")
        say(f"uploaded by twine to {address}")
        yield index


def pinned(scratch: Path) -> Path:
    """Write the versions of requirements/full.txt as constraints, without their hashes.

    On a test index anybody may have put an aiohttp that is newer than the real one, and of two
    indexes installers take what is newest. (With hashes pip would want one for cc-proxy as well.)
    """
    locked = Path(ROOT, "requirements", "full.txt").read_text(encoding="utf-8")
    lines = re.findall(r"^\w[^\\\n]*", locked, re.MULTILINE)
    constraints = scratch / "constraints.txt"
    constraints.write_text("\n".join(lines), encoding="utf-8")
    return constraints


def upload(file: Path, address: str) -> None:
    """Upload a file to the index on loopback; to none else, as it asks for no login.

    Raises:
        ReleaseError: the index did not take it.

    """
    to = ["--repository-url", f"{address}/", "--username", "anybody", "--password", "none"]
    twine = [sys.executable, "-m", "twine", "upload", "--non-interactive"]
    run([*twine, "--disable-progress-bar", *to, file])


def await_release(index: Index, version: str, dist: Path, patience: float) -> None:
    """Wait until an index has a version, and compare its files with those that were built.

    `patience`: seconds; an index shows a new release only after a while.

    Raises:
        ReleaseError: it did not come, or its wheel is another one.

    """
    built = digests(dist)
    until = time.monotonic() + patience
    pip = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--no-cache-dir"]
    while True:
        with tempfile.TemporaryDirectory() as scratch:
            home = Path(scratch, "home")
            env = clean_environment(home, **index.for_pip())
            into = Path(scratch, "found")
            try:
                run([*pip, "--dest", into, f"cc-proxy=={version}"], env=env)
            except ReleaseError:
                if time.monotonic() > until:
                    raise
                time.sleep(5)
                continue
            for name, digest in digests(into).items():
                expect(f"the SHA-256 of {name}", found=digest, expected=built.get(name))
            return


def previous_release(out: Path, version: str) -> None:
    """Build what people have before the upgrade: the last tag, or this commit under an older name.

    Raises:
        ReleaseError: the build failed.

    """
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch)
        tag = f"v{version}"
        if tag in released():
            export(tag, tree)
        else:
            export("HEAD", tree)
            source = tree / "cc_proxy" / "__init__.py"
            text = source.read_text(encoding="utf-8")
            source.write_text(text.replace(__version__, version), encoding="utf-8")
        build_tree(tree, out)


def released() -> list[str]:
    """Return the tags of releases before this version, the newest first."""
    command = ["git", "-C", str(ROOT), "tag", "--list", "v*", "--sort=-version:refname"]
    tags = run(command).split()
    return [tag for tag in tags if re.fullmatch(r"v\d+\.\d+\.\d+", tag) and tag[1:] != __version__]


def rehearse(installer: Installer, version: str, older: str | None) -> None:
    """Install, use, upgrade and remove cc-proxy as one installer does it.

    `older`: a version on the same index to upgrade from, if there is one.

    Raises:
        ReleaseError: a step failed, or left something else than it should.

    """
    home = installer.home
    own = home / ".cc-proxy" / "cc-proxy.user.yaml"
    if older:
        installer.install(f"cc-proxy=={older}")
        own.parent.mkdir(mode=0o700, exist_ok=True)
        own.write_text(CONFIGURATION, encoding="utf-8")
        upgrade(installer, version, older)
    else:
        installer.install(f"cc-proxy=={version}")
    smoke(installer.program, installer.env, version)
    installer.uninstall()
    expect("the program, after the uninstall", found=installer.program.exists(), expected=False)
    if older:
        kept = own.read_text(encoding="utf-8")
        expect("the configuration, after the uninstall", found=kept, expected=CONFIGURATION)


def upgrade(installer: Installer, version: str, older: str) -> None:
    """Upgrade while the older version runs: what the person has decided and the key stay.

    Raises:
        ReleaseError: something was lost.

    """
    own = installer.home / ".cc-proxy" / "cc-proxy.user.yaml"
    with practice_model(installer.program, installer.env) as upstream:
        env = {**installer.env, "CC_PROXY_PORT": "0", "OLLAMA_BASE_URL": upstream}
        started = data(run([installer.program, "start", "--json"], env=env))
        expect("the version before the upgrade", found=started["version"], expected=older)
        key_file = installer.home / ".cc-proxy" / "run" / "auth.key"
        key = key_file.read_bytes()
        installer.upgrade(version)
        again = data(run([installer.program, "restart", "--json"], env=env))
        run([installer.program, "stop"], env=env)
    expect("the version after the restart", found=again["version"], expected=version)
    expect("the key, after the upgrade", found=key_file.read_bytes(), expected=key)
    kept = own.read_text(encoding="utf-8")
    expect("the configuration, after the upgrade", found=kept, expected=CONFIGURATION)


def main() -> int:
    """Rehearse with every installer."""
    parser = argparse.ArgumentParser(prog="python -m release.rehearse", description=__doc__)
    parser.add_argument(
        "--index", metavar="URL", type=simple_pages, help="take what is published at this index"
    )
    parser.add_argument(
        "--more", metavar="URL", type=simple_pages, help="an index for what that one has not"
    )
    parser.add_argument("--published", action="store_true", help="take it from pip's own index")
    parser.add_argument("--version", default=__version__, help="the version to install")
    parser.add_argument("--wait", type=float, default=0, help="seconds until it must be there")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="the folder of its files")
    parser.add_argument("--only", choices=INSTALLERS)
    asked = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            scratch = Path(folder)
            if asked.index or asked.published:
                index = Index(asked.index, asked.more, pinned(scratch) if asked.more else None)
                await_release(index, asked.version, asked.dist, asked.wait)
                walk(index, scratch, asked.version, None, asked.only)
            else:
                older = next((tag[1:] for tag in released()), "0.0.1")
                with rehearsal_index(scratch, asked.dist, older) as index:
                    await_release(index, __version__, asked.dist, asked.wait)
                    walk(index, scratch, __version__, older, asked.only)
    except ReleaseError as error:
        say(f"The rehearsal failed: {error}")
        return 1
    say("The rehearsal is done: nothing failed.")
    return 0


def simple_pages(address: str) -> str:
    """Return the address of an index as it was given, if it is one.

    Raises:
        argparse.ArgumentTypeError: it is none, as where a variable of the workflow is not set.

    """
    if not address.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(
            f"expected the address of an index's simple pages, found {address!r}. In the workflow "
            "it comes from a variable of the repository: see release/README.md"
        )
    return address


def walk(index: Index, scratch: Path, version: str, older: str | None, only: str | None) -> None:
    """Rehearse with each installer in a home of its own.

    Raises:
        ReleaseError: one failed.

    """
    for name in [only] if only else INSTALLERS:
        rehearse(INSTALLERS[name](scratch / f"home-of-{name}", index), version, older)
        steps = "installed, upgraded, used, removed" if older else "installed, used, removed"
        say(f"{name}: {steps} cc-proxy {version}")


if __name__ == "__main__":
    sys.exit(main())
