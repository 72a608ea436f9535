"""What is built, what is in it, and what it costs to start."""

import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from cc_proxy import __version__
from release.build import build_tree, copy_sources, digests
from release.commands import run

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.xdist_group("dist")
MAN_PAGES = f"cc_proxy-{__version__}.data/data/share/man/man1/"


def wheel_names(dist: Path) -> set[str]:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_every_runtime_module_and_its_data_and_no_test(dist: Path) -> None:
    names = wheel_names(dist)
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "cc_proxy/app").rglob("*.py")}
    kept = (path for path in (ROOT / "cc_proxy/data").rglob("*") if path.is_file())
    data = {str(path.relative_to(ROOT)) for path in kept}
    assert modules | data | {"cc_proxy/py.typed", "cc_proxy/__main__.py"} <= names
    assert not [name for name in names if "tests" in name]


def test_every_command_has_a_man_page_where_man_looks(dist: Path) -> None:
    pages = {path.name for path in (ROOT / "docs/man").iterdir()}
    assert {"cc-proxy.1", "cc-proxy-start.1", "cc-proxy-models-pull.1"} <= pages
    assert {f"{MAN_PAGES}{name}" for name in pages} <= wheel_names(dist)


def test_the_metadata_is_whole(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        stem = f"cc_proxy-{__version__}.dist-info"
        metadata = Parser().parsestr(archive.read(f"{stem}/METADATA").decode())
        scripts = archive.read(f"{stem}/entry_points.txt").decode()
    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    for script in ("cc-proxy", "cc_proxy"):
        assert f"{script} = cc_proxy.app.cli:main" in scripts


def test_twine_finds_nothing_to_complain_about(dist: Path) -> None:
    files = [str(path) for path in dist.iterdir()]
    command = [sys.executable, "-m", "twine", "check", "--strict", *files]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_sdist_has_what_builds_the_wheel_and_what_a_packager_reads(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        stem = f"cc_proxy-{__version__}/"
        files = [member.name for member in archive if member.isfile()]
        names = {name.removeprefix(stem) for name in files}
    packaged = {
        name.replace(MAN_PAGES, "docs/man/")
        for name in wheel_names(dist)
        if ".dist-info/" not in name
    }
    read = {"CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md"}
    build = {"MANIFEST.in", "pyproject.toml", "setup.py"}
    by_setuptools = {"setup.cfg"} | {name for name in names if name.startswith("cc_proxy.egg-info")}
    assert names - by_setuptools == packaged | read | build


def test_the_archives_are_the_same_bytes_on_another_machine(dist: Path, tmp_path: Path) -> None:
    build_tree(ROOT, tmp_path, umask=0o077, timezone="Asia/Kathmandu")
    assert digests(tmp_path) == digests(dist)


def test_two_builds_differ_when_the_sources_do(dist: Path, tmp_path: Path) -> None:
    copy_sources(ROOT, tmp_path / "tree")
    module = tmp_path / "tree" / "cc_proxy" / "__main__.py"
    module.write_text(module.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    build_tree(tmp_path / "tree", tmp_path / "dist")
    one, other = digests(dist), digests(tmp_path / "dist")
    assert one.keys() == other.keys()
    assert not one.items() & other.items()


def test_a_wheel_has_nothing_that_an_earlier_build_left_in_the_folder(tmp_path: Path) -> None:
    copy_sources(ROOT, tmp_path)
    left = tmp_path / "build/lib/cc_proxy/no_longer_there.py"
    left.parent.mkdir(parents=True)
    left.touch()
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel"]
    run([*build, "--outdir", tmp_path / "dist", tmp_path])
    assert "cc_proxy/no_longer_there.py" not in wheel_names(tmp_path / "dist")


HEAVY = ("aiohttp", "asyncio", "ruamel", "pypdf", "cc_proxy.app.gateway", "msgspec")


def test_help_starts_without_what_only_a_server_needs() -> None:
    script = (
        "import sys\n"
        "from cc_proxy.app.cli.commands import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit as end:\n    assert not end.code\n"
        f"print('loaded:', *[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "Usage: cc-proxy" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_python_dash_m_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cc_proxy", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"cc-proxy {__version__}\n"
