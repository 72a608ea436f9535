"""Files and folders that others have planted or can write to, as a person meets them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cc_proxy.tests.cli.conftest import Home

pytestmark = pytest.mark.posix_only("owners, modes and named pipes")
STATE = ["cc-proxy.lock", "cc-proxy.pid", "cc-proxy.state.json", "cc-proxy.stop.json", "auth.key"]
LEARNED = ["turns.jsonl", "fronts.json", "token-counts.json", "model-tests.json"]


@pytest.fixture
def folder(home: Home) -> Iterator[Path]:
    home.run_dir.mkdir(parents=True, mode=0o700)
    home.log_file.parent.mkdir(mode=0o700)
    yield home.run_dir
    home.run("stop")


@pytest.mark.parametrize("names", [*([name] for name in STATE), LEARNED, ["log"]], ids=" ".join)
def test_no_command_waits_for_a_pipe_in_place_of_a_file(
    home: Home, folder: Path, names: list[str]
) -> None:
    for name in names:
        path = home.log_file if name == "log" else folder / name
        os.mkfifo(path)
    # Each of them ends, or the time of the test is over.
    started = home.run("start")
    if {"cc-proxy.lock", "auth.key", "log"} & {*names}:
        assert started.code == 1, started
        assert "something that is not a file" in started.err
        assert str(path) in started.err
    else:
        assert started.code == 0, started
    for command in ("status", "logs", "models", "doctor --no-model", "stop"):
        home.run(*command.split())


@pytest.mark.parametrize("flag", ["--state-dir", "--log-dir"])
def test_a_folder_that_every_user_can_write_to_is_refused(
    home: Home, folder: Path, flag: str
) -> None:
    assert folder
    shared = home.path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    error = home.json("start", flag, str(shared)).error
    assert error["code"] == "folder_unusable"
    assert error["message"] == (
        f"Expected to read and write {shared}, found a folder that every user can write to"
        " (mode 0777)."
    )
    assert error["hint"] == (
        f"Take it away from others: chmod 700 {shared}, or name another folder with {flag}."
    )
    assert list(shared.iterdir()) == []
    (check,) = [
        check
        for check in home.json("doctor", "--no-model", flag, str(shared)).envelope["data"]["checks"]
        if check["name"] == "folders"
    ]
    assert check["status"] == "fail"
    assert check["fix"] == f"Take it away from others: chmod 700 {shared}"


@pytest.mark.parametrize("name", ["turns.jsonl", "fronts.json", "token-counts.json"])
def test_a_file_that_every_user_can_write_to_is_told_of(
    home: Home, folder: Path, name: str
) -> None:
    path = folder / name
    path.write_text("planted")
    path.chmod(0o666)
    assert home.run("start").code == 0
    told = f"{path} is a file that every user can write to (mode 0666)"
    assert told in home.log_file.read_text()
    assert told in home.run("doctor", "--no-model").out
    home.run("stop")
    assert path.read_text() == "planted"


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", ["auth.key", "cc-proxy.lock", "log"])
def test_a_file_of_another_user_keeps_it_from_starting_and_says_whose_it_is(
    home: Home, folder: Path, name: str
) -> None:
    path = home.log_file if name == "log" else folder / name
    path.write_text("planted-planted-planted")
    os.chown(path, 1234, -1)
    ran = home.json("start")
    assert ran.code == 1
    assert "a file of the user with id 1234" in ran.error["message"]
    assert str(path) in ran.error["hint"]
    assert path.read_text() == "planted-planted-planted"


@pytest.mark.parametrize("name", ["turns.jsonl", "fronts.json", "model-tests.json"])
def test_a_file_of_deep_json_keeps_nothing_from_starting(
    home: Home, folder: Path, name: str
) -> None:
    (folder / name).write_text('{"version":' + "[" * 100_000 + "\n")
    (folder / name).chmod(0o600)
    assert home.run("start").code == 0
    for command in ("status", "models"):
        assert "Traceback" not in home.run(command).err


def test_a_state_of_deep_json_is_cleaned_up(home: Home, folder: Path) -> None:
    (folder / "cc-proxy.state.json").write_text('{"pid":' + "[" * 30_000)
    ran = home.json("start")
    assert ran.code == 0
    assert "stale_state" in ran.warnings
