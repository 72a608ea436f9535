"""What install.sh refuses; that it installs is part of the rehearsal."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.posix_only("a POSIX shell")


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with nothing but what is put there: an ordinary user, and no Python."""
    folder = tmp_path / "tools"
    program(folder, "id", "echo 1000")
    return folder


def install(
    tools: Path, *words: str, script: Path = ROOT / "install.sh", **env: str
) -> subprocess.CompletedProcess[str]:
    shell = shutil.which("sh")
    assert shell
    return subprocess.run(
        [shell, str(script), *words],
        env={"PATH": str(tools), **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "package"),
    [
        ((), "cc-proxy[pdf]"),
        (("1.2.3",), "cc-proxy[pdf]==1.2.3"),
        ((".",), f"{ROOT}[pdf]"),
    ],
)
def test_root_is_refused_and_told_how_to_install_the_same(
    tools: Path, words: tuple[str, ...], package: str
) -> None:
    program(tools, "id", "echo 0")
    done = install(tools, *words, HOME="/nonexistent")
    assert done.returncode == 1
    assert "not for root. Run it as yourself, without sudo." in done.stderr
    assert "If root is the only account, as in a container: python3 -m venv" in done.stderr
    assert f"/opt/cc-proxy/bin/pip install '{package}'\n" in done.stderr


@pytest.mark.parametrize("version", ["1.2; rm -rf ~", "--index-url=x", "$(id)", "latest release"])
def test_a_version_is_nothing_else(tools: Path, version: str) -> None:
    done = install(tools, version, HOME="/nonexistent")
    assert done.returncode == 1
    assert f"expected a version such as 1.2.3, found: {version}" in done.stderr


def test_a_second_argument_is_refused(tools: Path) -> None:
    done = install(tools, "1.2.3", "4", HOME="/nonexistent")
    assert done.returncode == 1
    assert "expected at most one version, found: 1.2.3 4" in done.stderr


def test_without_a_home_there_is_no_place(tools: Path) -> None:
    done = install(tools)
    assert done.returncode == 1
    assert "HOME is not set" in done.stderr


def test_an_old_python_is_passed_over_and_named(tools: Path) -> None:
    program(tools, "python3", "exit 1")
    done = install(tools, HOME="/nonexistent")
    assert done.returncode == 1
    assert "expected Python 3.11 or newer on PATH, found none" in done.stderr


def test_a_pipx_that_is_there_is_used(tools: Path, tmp_path: Path) -> None:
    program(tools, "python3.12", "exit 0")
    program(tools, "pipx", f'echo "$@" >> "{tmp_path}/asked"')
    done = install(tools, "1.2.3", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "Open a new terminal and type: cc-proxy claude" in done.stdout
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked == ["install --force --python python3.12 cc-proxy[pdf]==1.2.3", "ensurepath"]


def test_a_pipx_that_is_not_on_path_is_used_and_not_replaced(tools: Path, tmp_path: Path) -> None:
    program(tools, "python3.12", "exit 0")
    (tmp_path / ".local").mkdir()
    program(tmp_path / ".local/bin", "pipx", f'echo "$@" >> "{tmp_path}/asked"')
    done = install(tools, HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked == ["--version", "install --force --python python3.12 cc-proxy[pdf]", "ensurepath"]
    assert not (tmp_path / ".local/bin/pipx").is_symlink()


def test_a_pipx_that_fails_is_told_of(tools: Path, tmp_path: Path) -> None:
    program(tools, "python3.12", "exit 0")
    program(tools, "pipx", "exit 1")
    done = install(tools, HOME=str(tmp_path))
    assert done.returncode == 1
    assert "pipx could not install cc-proxy" in done.stderr
    assert "To install this checkout instead: sh install.sh ." in done.stderr
    alone = tmp_path / "downloads/install.sh"
    alone.parent.mkdir()
    shutil.copyfile(ROOT / "install.sh", alone)
    assert "checkout" not in install(tools, script=alone, HOME=str(tmp_path)).stderr


def test_the_checkout_that_it_is_in_can_be_installed(tools: Path, tmp_path: Path) -> None:
    program(tools, "python3.12", "exit 0")
    program(tools, "pipx", f'echo "$@" >> "{tmp_path}/asked"')
    done = install(tools, ".", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked == [f"install --force --python python3.12 {ROOT}[pdf]", "ensurepath"]
    alone = tmp_path / "install.sh"
    shutil.copyfile(ROOT / "install.sh", alone)
    done = install(tools, ".", script=alone, HOME=str(tmp_path))
    assert done.returncode == 1
    assert f"expected a checkout of cc-proxy in {tmp_path}, found none" in done.stderr


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_the_three_ways_in_the_order_of_the_readme(tools: Path, flag: str) -> None:
    done = install(tools, flag)
    assert done.returncode == 0, done.stderr
    places = [done.stdout.index(way) for way in ("pipx install", "pip install", "sh install.sh")]
    assert places == sorted(places)
