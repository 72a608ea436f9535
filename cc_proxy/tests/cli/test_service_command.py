"""`cc-proxy service` on this system, with a manager that is a script."""

import sys
from pathlib import Path

import pytest

from .conftest import Home

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the script plays systemctl")


@pytest.fixture
def unit(home: Home) -> Path:
    """The unit's path, where a `systemctl` notes what it is asked and knows what it enabled."""
    folder = home.path / "bin"
    folder.mkdir()
    script = folder / "systemctl"
    script.write_text(
        "#!/bin/sh\n"
        'echo "$@" >> "$HOME/asked"\n'
        '[ "$2" = enable ] && touch "$HOME/enabled"\n'
        '[ "$2" = disable ] && rm -f "$HOME/enabled"\n'
        '[ "$2" = is-enabled ] && { [ -e "$HOME/enabled" ]; exit; }\n'
        "exit 0\n"
    )
    script.chmod(0o755)
    home.environ["PATH"] = f"{folder}:{home.environ['PATH']}"
    return home.path / ".config/systemd/user/cc-proxy.service"


def test_a_service_comes_and_goes(home: Home, unit: Path) -> None:
    missing = home.json("service", "status")
    assert (missing.code, missing.error["code"]) == (3, "not_installed")
    installed = home.json("service", "install", OLLAMA_BASE_URL="")
    assert installed.data == {
        "manager": "systemd",
        "path": str(unit),
        "installed": True,
        "changed": True,
    }
    assert installed.warnings == ["variables_left_out"]
    assert "CC_PROXY_PORT" in installed.out
    assert f'"--state-dir" "{home.run_dir}"' in unit.read_text()
    assert home.json("service", "install").data["changed"] is False
    status = home.json("service", "status").data
    assert (status["installed"], status["registered"], status["pid"]) == (True, True, None)
    assert home.json("service", "uninstall").data["was_installed"] is True
    assert not unit.exists()
    assert home.json("service", "uninstall").data["was_installed"] is False
    assert "--user disable --now cc-proxy.service" in (home.path / "asked").read_text()


def test_print_shows_the_unit_and_does_nothing(home: Home, unit: Path) -> None:
    ran = home.run("service", "install", "--print")
    assert ran.code == 0
    assert ran.out.startswith("[Unit]\n")
    assert "ExecReload=/bin/kill -HUP $MAINPID" in ran.out
    assert not unit.exists()
    assert not (home.path / "asked").exists()


def test_without_a_manager_it_says_what_to_run(home: Home, unit: Path) -> None:
    (home.path / "bin" / "systemctl").write_text(
        "#!/bin/sh\necho 'Failed to connect to bus: No medium found' >&2\nexit 1\n"
    )
    ran = home.json("service", "install")
    assert (ran.code, ran.error["code"]) == (1, "manager_unreachable")
    assert "systemctl --user enable cc-proxy.service" in ran.error["hint"]
    assert ran.envelope["data"]["installed"] is True
    assert unit.exists()


def test_one_that_runs_outside_of_the_service_is_named(home: Home, unit: Path) -> None:
    del unit
    home.run("start")
    assert "runs_already" in home.json("service", "install").warnings


def test_the_program_of_the_unit_serves(home: Home, unit: Path) -> None:
    home.run("service", "install")
    line = next(line for line in unit.read_text().splitlines() if line.startswith("ExecStart="))
    words = [word.strip('"') for word in line.removeprefix("ExecStart=").split('" "')]
    home.command = words[:4]
    with home.popen(*words[4:]) as process:
        assert process.stderr is not None
        assert " listening " in process.stderr.readline()
        process.terminate()
        assert process.wait(30) == 0


def test_without_a_command_of_its_own_it_is_a_usage_error(home: Home) -> None:
    assert home.json("service").error["code"] == "usage_error"
