"""Which Claude Code is installed, without starting it."""

import json
from pathlib import Path

import pytest

from cc_proxy.app.cli.claude import version

pytestmark = pytest.mark.posix_only("links that anybody may make")


def npm(folder: Path, package: object) -> Path:
    root = folder / "lib/node_modules/@anthropic-ai/claude-code"
    (root / "bin").mkdir(parents=True)
    (root / "package.json").write_text(json.dumps(package))
    (root / "bin/claude.exe").touch()
    link = folder / "claude"
    link.symlink_to(root / "bin/claude.exe")
    return link


def test_an_npm_package_tells_its_version(tmp_path: Path) -> None:
    program = npm(tmp_path, {"name": "@anthropic-ai/claude-code", "version": "2.1.330"})
    assert version.of(str(program)) == (2, 1, 330)


def test_the_native_installer_s_folder_tells_it(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions/2.1.197").touch()
    link = tmp_path / "claude"
    link.symlink_to(tmp_path / "versions/2.1.197")
    assert version.of(str(link)) == (2, 1, 197)


@pytest.mark.parametrize("package", [{"name": "other", "version": "1.0.0"}, [], "x", {}])
def test_another_program_tells_nothing(tmp_path: Path, package: object) -> None:
    assert version.of(str(npm(tmp_path, package))) is None


def test_a_program_by_itself_tells_nothing(tmp_path: Path) -> None:
    assert version.of(str(tmp_path / "claude")) is None


def test_a_path_stays_the_text_that_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path, tmp_path / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "claude").touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    # Text, not a Path: with that Python 3.11 raises AttributeError on Windows.
    assert version.locate("./claude") == "./claude"
    assert version.locate("claude") == str(tmp_path / "bin" / "claude")
    assert version.locate("~/claude") == str(tmp_path / "claude")
    assert version.locate("~/none") is None


@pytest.mark.parametrize(
    "folder", [".local/bin", ".claude/local", ".claude/local/node_modules/.bin"]
)
def test_where_its_installers_put_it_it_is_found_without_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert version.locate("claude") is None
    program = tmp_path / folder / "claude"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert version.locate("claude") == str(program)
    assert version.locate("another") is None
    # What is on the PATH comes first.
    first = tmp_path / "bin" / "claude"
    first.parent.mkdir()
    first.write_text("#!/bin/sh\n")
    first.chmod(0o755)
    assert version.locate("claude") == str(first)


def test_the_script_in_the_home_has_its_package_beside_it(tmp_path: Path) -> None:
    program = tmp_path / "claude"
    program.write_text("#!/bin/sh\n")
    package = tmp_path / "node_modules/@anthropic-ai/claude-code"
    package.mkdir(parents=True)
    (package / "package.json").write_text(
        '{"name": "@anthropic-ai/claude-code", "version": "1.0.128"}'
    )
    assert version.of(str(program)) == (1, 0, 128)
