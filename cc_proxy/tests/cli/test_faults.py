import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Home, free_port

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_stale_pid_file_of_another_program_costs_that_program_nothing(home: Home) -> None:
    home.run_dir.mkdir(parents=True)
    with subprocess.Popen(SLEEPS) as other:
        try:
            pid_file = home.run_dir / "cc-proxy.pid"
            pid_file.write_text(f"{other.pid}\n")
            stopped = home.json("stop")
            assert stopped.data["was_running"] is False
            assert stopped.warnings == ["stale_state"]
            assert not pid_file.exists()
            pid_file.write_text(f"{other.pid}\n")
            started = home.json("start")
            assert started.warnings == ["stale_state"]
            assert other.poll() is None
        finally:
            other.kill()


def test_a_state_whose_pid_was_given_to_another_program_is_cleaned(home: Home) -> None:
    home.run("start")
    state = home.state
    home.run("stop")
    with subprocess.Popen(SLEEPS) as other:
        try:
            home.state_file.write_text(json.dumps(state | {"pid": other.pid}))
            ran = home.json("stop")
            assert "that pid is another program's now, which is left alone" in ran.out
            assert other.poll() is None
            assert not home.state_file.exists()
        finally:
            other.kill()


@pytest.mark.parametrize("content", ["", "{", "null", '{"pid": "x"}'])
def test_a_broken_state_is_cleaned_with_one_sentence(home: Home, content: str) -> None:
    home.run_dir.mkdir(parents=True)
    home.state_file.write_text(content)
    ran = home.json("start")
    assert ran.code == 0
    assert ran.warnings == ["stale_state"]
    assert home.state["pid"] == ran.data["pid"]


def test_a_port_in_use_names_who_has_it_and_what_to_do(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        ran = home.json("start", "--port", str(port))
    assert ran.code == 1
    assert ran.error["code"] == "port_in_use"
    assert f"port {port} on 127.0.0.1" in ran.error["message"]
    if sys.platform == "linux":
        assert f"by pid {os.getpid()}" in ran.error["message"]
    assert "--port" in ran.error["hint"]
    assert not home.state_file.exists()


def test_another_program_on_the_port_of_ipv6_is_a_warning(home: Home) -> None:
    try:
        other = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with other:
        port = str(other.getsockname()[1])
        started = home.json("start", "--port", port)
        assert started.data["url"] == f"http://127.0.0.1:{port}"
        assert started.warnings == ["localhost_is_shared"]
        assert f"http://localhost:{port} may lead there" in home.log_file.read_text()
        if sys.platform == "linux":
            assert f"in use by pid {os.getpid()}" in started.out
        assert home.json("status").warnings == ["localhost_is_shared"]
    home.run("stop")
    again = home.json("start", "--port", port)
    assert again.warnings == []
    with socket.create_connection(("::1", int(port)), 10):
        pass


def test_a_port_of_another_cc_proxy_is_said_to_be_one(home: Home) -> None:
    port = str(home.json("start").data["port"])
    other = ("--state-dir", str(home.path / "other"), "--port", port)
    ran = home.json("start", *other)
    assert (ran.code, ran.error["code"]) == (1, "port_in_use")
    assert "a cc-proxy with another state folder" in ran.error["message"]
    if sys.platform == "linux":
        stop = ran.error["hint"].partition("To stop it: cc-proxy ")[2]
        assert shlex.split(stop) == ["stop", "--state-dir", str(home.run_dir)]
    foreground = home.json("start", "--foreground", *other)
    assert (foreground.code, foreground.error["code"]) == (1, "port_in_use")


@pytest.mark.parametrize("flag", ["--state-dir", "--log-dir"])
def test_a_folder_that_cannot_be_used_is_an_error_with_the_flag(home: Home, flag: str) -> None:
    (home.path / "file").write_text("in the way")
    ran = home.json("start", flag, str(home.path / "file" / "folder"))
    assert (ran.code, ran.error["code"]) == (1, "folder_unusable")
    assert flag in ran.error["hint"]


@pytest.mark.posix_only("a place where nobody can make folders")
def test_a_place_where_nobody_can_make_folders_is_an_error(home: Home) -> None:
    # Not even root, who may do the rest.
    ran = home.json("start", "--state-dir", "/proc/cc-proxy")
    assert (ran.code, ran.error["code"]) == (1, "folder_unusable")
    assert "/proc/cc-proxy" in ran.error["message"]


@pytest.mark.posix_only("links that anybody may make")
def test_a_log_that_is_a_link_is_not_written_through(home: Home) -> None:
    home.log_file.parent.mkdir(parents=True)
    home.log_file.symlink_to(home.path / "elsewhere")
    ran = home.json("start")
    assert (ran.code, ran.error["code"]) == (1, "folder_unusable")
    assert "symbolic link" in ran.error["message"]
    assert not (home.path / "elsewhere").exists()


def test_without_a_home_the_folders_can_still_be_named(home: Home) -> None:
    del home.environ["HOME"]
    ran = home.json("status")
    assert (ran.code, ran.error["code"]) == (2, "home_not_set")
    folders = ("--state-dir", str(home.path / "s"), "--log-dir", str(home.path / "l"))
    assert home.run("start", *folders).code == 0
    assert home.run("stop", *folders).code == 0


def test_other_machines_are_not_let_in_without_a_chosen_key(home: Home) -> None:
    ran = home.json("start", "--host", "0.0.0.0")  # noqa: S104 - the case under test
    assert (ran.code, ran.error["code"]) == (2, "insecure_bind")
    assert not home.run_dir.exists()
    chosen = home.json("start", "--host", "0.0.0.0", CC_PROXY_AUTH_KEY="chosen-key")  # noqa: S104
    assert chosen.data["host"] == "0.0.0.0"  # noqa: S104
    assert chosen.data["url"].startswith("http://127.0.0.1:")
    assert chosen.warnings == ["short_key"]
    assert "The key is short (10 characters)" in home.log_file.read_text()


def test_another_key_than_the_running_one_is_refused(home: Home) -> None:
    home.run("start", CC_PROXY_AUTH_KEY="the-first-key")
    for command in ("start", "status"):
        ran = home.json(command, CC_PROXY_AUTH_KEY="another-key")
        assert (ran.code, ran.error["code"]) == (4, "auth_refused")
    # To stop it is to own its process, which no key is needed for.
    assert home.json("stop", CC_PROXY_AUTH_KEY="another-key").data["was_running"] is True


def test_a_host_that_is_not_of_this_machine_is_an_error(home: Home) -> None:
    ran = home.json("start", "--host", "192.0.2.1", CC_PROXY_AUTH_KEY="chosen-key")
    assert (ran.code, ran.error["code"]) == (1, "address_not_available")
    unknown = home.json("start", "--host", "no-such-host.invalid", CC_PROXY_AUTH_KEY="chosen-key")
    assert (unknown.code, unknown.error["code"]) == (1, "host_unknown")


@pytest.mark.parametrize("command", ["start", "stop", "restart", "status"])
def test_a_file_named_by_flag_that_is_missing_is_an_error(home: Home, command: str) -> None:
    ran = home.json(command, "--config", str(home.path / "missing.yaml"))
    assert (ran.code, ran.error["code"]) == (2, "config_error")
    assert "missing.yaml" in ran.error["message"]


def test_modules_of_the_working_directory_are_not_run(home: Home) -> None:
    (home.path / "logging.py").write_text("raise SystemExit('taken over')\n")
    (home.path / "yaml.py").write_text("raise SystemExit('taken over')\n")
    if home.command[1:2] == ["-m"]:  # python -m itself looks there first
        home.command.insert(1, "-P")
    assert home.run("start").code == 0
    assert "taken over" not in home.log_file.read_text()


@pytest.mark.posix_only("locales")
def test_paths_with_spaces_and_other_letters_work_in_locale_c(home: Home) -> None:
    folder = home.path / "ein ängstlicher Ordner" / ("x" * 150)
    flags = ("--state-dir", str(folder / "run"), "--log-dir", str(folder / "logs"))
    ran = home.json("start", *flags, LC_ALL="C")
    assert ran.data["log_file"] == str(folder / "logs" / "cc-proxy.log")
    people = home.run("status", *flags, LC_ALL="C", PYTHONIOENCODING="ascii")
    assert people.code == 0
    assert "ein \\xe4ngstlicher Ordner" in people.out
    assert home.run("stop", *flags).code == 0


@pytest.mark.posix_only("an open file that can be removed")
def test_a_log_that_is_removed_while_it_runs_is_made_anew(home: Home) -> None:
    home.run("start")
    home.log_file.unlink()
    home.run("stop")
    assert " stopped pid=" in home.log_file.read_text()


def test_a_folder_of_state_that_is_removed_while_it_runs_keeps_the_port_explained(
    home: Home,
) -> None:
    port = str(free_port())
    home.run("start", "--port", port)
    state = home.state
    backup = Path(home.path / "moved")
    home.run_dir.rename(backup)
    ran = home.json("start", "--port", port)
    assert (ran.code, ran.error["code"]) == (1, "port_in_use")
    if sys.platform == "linux":
        assert f"pid {state['pid']}" in ran.error["message"]
