"""A release, from the commit to the uninstall, on an index on loopback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from release.build import ROOT, export
from release.check_tag import check
from release.commands import ReleaseError, clean_environment
from release.installers import Index
from release.rehearse import pinned
from release.smoke import expect


@pytest.mark.needs("pypiserver", "release")
@pytest.mark.needs("pipx", "release")
@pytest.mark.timeout(1800)
def test_a_release_can_be_installed_upgraded_used_and_removed_by_every_installer(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "release.rehearse", "--dist", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.splitlines()
    for installer in ("pipx", "uv", "pip", "install.sh"):
        assert [line for line in told if line.startswith(f"{installer}: installed, upgraded, used")]
    assert "README.md and docs/how-to/upgrade.md: followed to the letter" in told
    assert "README.md: installed in each way, and from a checkout" in told
    assert {path.suffix for path in tmp_path.iterdir()} == {".gz", ".whl"}


def test_a_commit_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="expected a git checkout with no-such-commit"):
        export("no-such-commit", tmp_path)


def test_a_new_person_has_no_program_of_the_environment_that_runs_the_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), "/usr/bin", "/bin"]))
    path = clean_environment(tmp_path)["PATH"]
    assert path == os.pathsep.join(["/usr/bin", "/bin"])


CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-22\n\n## [1.2.2]\n"


def test_a_tag_is_the_version_and_has_its_section_with_a_date() -> None:
    check("v1.2.3", "1.2.3", CHANGELOG)


@pytest.mark.parametrize(
    ("tag", "version", "said"),
    [
        ("v1.2.4", "1.2.3", "expected the tag v1.2.3"),
        ("1.2.3", "1.2.3", "expected the tag v1.2.3"),
        ("v1.2.2", "1.2.2", r"found '## \[1.2.2\]'"),
        ("v1.2.1", "1.2.1", "found 'no such section'"),
        ("v1x2.3", "1x2.3", "found 'no such section'"),
    ],
)
def test_any_other_tag_is_not_released(tag: str, version: str, said: str) -> None:
    with pytest.raises(ReleaseError, match=said):
        check(tag, version, CHANGELOG)


def test_a_smoke_test_says_what_it_expected_and_what_it_found() -> None:
    with pytest.raises(ReleaseError, match="the answer: expected 42, found 41"):
        expect("the answer", found=41, expected=42)


@pytest.mark.parametrize("flag", ["--index", "--more"])
def test_a_variable_of_the_workflow_that_is_not_set_is_no_rehearsal_on_loopback(flag: str) -> None:
    command = [sys.executable, "-m", "release.rehearse", flag, ""]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "expected the address of an index's simple pages, found ''" in done.stderr


def test_beside_a_test_index_only_pinned_versions_are_taken(tmp_path: Path) -> None:
    constraints = pinned(tmp_path)
    lines = constraints.read_text(encoding="utf-8").splitlines()
    names = {line.partition("==")[0] for line in lines}
    assert {"aiohttp", "click", "msgspec", "pypdf", "ruamel-yaml"} <= names
    assert not [line for line in lines if "==" not in line or "--hash" in line]
    index = Index("http://127.0.0.1:1/simple/", "http://127.0.0.1:2/simple/", constraints)
    assert index.for_pip()["PIP_CONSTRAINT"] == str(constraints)
    assert index.for_uv()["UV_CONSTRAINT"] == str(constraints)
