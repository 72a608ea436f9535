"""A HOME that cannot be read, or is no folder: each command says so, and what to do about it."""

import os
from pathlib import Path

import pytest

from cc_proxy.app import private_files
from cc_proxy.tests.cli.conftest import Home

COMMANDS = [
    ("status",),
    ("start",),
    ("stop",),
    ("restart",),
    ("reload",),
    ("logs",),
    ("models",),
    ("config", "show"),
    ("config", "check"),
    ("config", "path"),
    ("config", "init"),
    ("doctor", "--no-model"),
    ("claude", "--print-env"),
    ("service", "status"),
    ("service", "uninstall"),
]


@pytest.mark.posix_only("symbolic links")
@pytest.mark.parametrize(
    "kind",
    [
        "file",
        "loop",
        pytest.param(
            "locked",
            marks=pytest.mark.skipif(
                hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read every folder"
            ),
        ),
    ],
)
def test_no_command_calls_a_bad_home_a_fault_of_its_own(home: Home, kind: str) -> None:
    bad = home.path / "bad"
    match kind:
        case "file":
            bad.touch()
        case "loop":
            bad.symlink_to(bad)
        case _:
            bad.mkdir(mode=0)
    wrong = {}
    for arguments in COMMANDS:
        ran = home.json(*arguments, HOME=str(bad))
        errors = ran.envelope["errors"]
        if any(item["code"] == "internal_error" or not item["hint"] for item in errors):
            wrong[" ".join(arguments)] = errors
    assert not wrong


@pytest.mark.posix_only("symbolic links")
def test_stop_does_not_say_that_nothing_runs_where_it_may_not_look(home: Home) -> None:
    (home.path / "bad").symlink_to(home.path / "bad")
    ran = home.json("stop", HOME=str(home.path / "bad"))
    assert (ran.code, ran.error["code"]) == (1, "folder_unusable")


def test_the_obstacle_is_the_thing_that_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert private_files.obstacle(tmp_path / "file" / "a" / "b") == tmp_path / "file"
    assert private_files.obstacle(tmp_path / "none" / "a") == tmp_path
    assert private_files.obstacle(tmp_path / "file") == tmp_path
