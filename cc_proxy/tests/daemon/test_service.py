"""The service of each system, with its manager played by the test."""

import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.service import manager as service_manager
from cc_proxy.app.daemon.service.manager import ProcessOutcome
from cc_proxy.app.daemon.service.plan import Command, Plan, launchd, systemd, task_scheduler

PROGRAM = (sys.executable, "-P", "-m", "cc_proxy", "start", "--state-dir", 'a b%c$d\\e"f ä')
NO_BUS = ProcessOutcome(1, "Failed to connect to bus: No medium found")


class Manager:
    """Does as it is told; what `answers` has for a command is what it says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, ProcessOutcome] = {}

    def __call__(self, command: Command) -> ProcessOutcome:
        self.asked.append(" ".join(command))
        return next(
            (a for word, a in self.answers.items() if word in command), ProcessOutcome(0, "")
        )


@pytest.fixture
def manager() -> Manager:
    return Manager()


@pytest.fixture(params=["systemd", "launchd", "task scheduler"])
def plan(request: pytest.FixtureRequest, tmp_path: Path) -> Plan:
    match request.param:
        case "systemd":
            return systemd(PROGRAM, tmp_path, {})
        case "launchd":
            return launchd(PROGRAM, tmp_path, 501)
        case _:
            return task_scheduler(PROGRAM, tmp_path, "PC\\ada")


def test_an_install_writes_the_file_and_starts_the_service(plan: Plan, manager: Manager) -> None:
    assert service_manager.install(plan, manager)
    assert plan.path.read_bytes() == plan.content
    if sys.platform != "win32":
        assert plan.path.stat().st_mode & 0o777 == 0o644
    started = {
        "systemd": "systemctl --user restart cc-proxy.service",
        "launchd": f"launchctl bootstrap gui/501 {plan.path}",
        "task scheduler": "schtasks /Run /TN cc-proxy",
    }
    assert manager.asked[-1] == started[plan.manager]


def test_a_second_install_writes_nothing_and_restarts_nothing(plan: Plan, manager: Manager) -> None:
    service_manager.install(plan, manager)
    before = plan.path.stat()
    manager.asked.clear()
    assert not service_manager.install(plan, manager)
    assert plan.path.stat().st_mtime_ns == before.st_mtime_ns
    assert not any("restart" in asked or "bootstrap" in asked for asked in manager.asked)


def test_a_file_that_has_changed_is_written_anew(plan: Plan, manager: Manager) -> None:
    service_manager.install(plan, manager)
    plan.path.write_text("by hand")
    assert service_manager.service_state(plan, manager).up_to_date is False
    manager.asked.clear()
    assert service_manager.install(plan, manager)
    assert plan.path.read_bytes() == plan.content
    if plan.manager == "launchd":
        assert [asked.split()[1] for asked in manager.asked] == ["print", "bootout", "bootstrap"]


def test_launchd_is_asked_again_until_it_has_let_go(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_manager, "_PAUSE_SECONDS", 0.0)
    plan = launchd(PROGRAM, tmp_path, 501)
    service_manager.install(plan, manager)
    plan.path.write_text("by hand")
    busy = [
        ProcessOutcome(5, "Bootstrap failed: 5: Input/output error"),
        ProcessOutcome(37, "already in progress"),
    ]

    def run(command: Command) -> ProcessOutcome:
        answer = manager(command)
        return busy.pop() if "bootstrap" in command and busy else answer

    manager.asked.clear()
    assert service_manager.install(plan, run)
    assert [asked.split()[1] for asked in manager.asked] == ["print", "bootout", *3 * ["bootstrap"]]


def test_an_uninstall_leaves_nothing_and_once_more_is_fine(plan: Plan, manager: Manager) -> None:
    service_manager.install(plan, manager)
    assert service_manager.uninstall(plan, manager) == (True, ())
    assert not plan.path.exists()
    manager.answers = dict.fromkeys(
        ("is-enabled", "print", "/Query"), ProcessOutcome(1, "no such service")
    )
    assert service_manager.uninstall(plan, manager) == (False, ())
    assert service_manager.service_state(plan, manager).registered is False


def test_a_command_that_fails_is_named_with_what_it_said(plan: Plan, manager: Manager) -> None:
    manager.answers = dict.fromkeys(
        ("restart", "bootstrap", "/Run"), ProcessOutcome(5, "it is broken")
    )
    if plan.manager == "launchd":
        manager.answers["print"] = ProcessOutcome(113, "Could not find service")
    with pytest.raises(DaemonError, match="to succeed, found: it is broken") as caught:
        service_manager.install(plan, manager)
    assert caught.value.code == "manager_failed"
    assert plan.path.exists()


def test_without_a_session_the_file_stays_and_the_commands_are_told(
    tmp_path: Path, manager: Manager
) -> None:
    plan = systemd(PROGRAM, tmp_path, {"XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    assert plan.path == tmp_path / "xdg/systemd/user/cc-proxy.service"
    manager.answers = {"--user": NO_BUS}
    with pytest.raises(DaemonError, match="In a container") as caught:
        service_manager.install(plan, manager)
    assert caught.value.code == "manager_unreachable"
    assert caught.value.hint == (
        "Without one: cc-proxy start. Where there is one: systemctl --user daemon-reload"
        " && systemctl --user enable cc-proxy.service && systemctl --user restart cc-proxy.service"
    )
    assert service_manager.service_state(plan, manager).registered is None
    was, notices = service_manager.uninstall(plan, manager)
    assert (was, [notice.code for notice in notices]) == (True, ["manager_unreachable"])
    assert not plan.path.exists()


def test_a_manager_that_is_not_there_is_an_error() -> None:
    with pytest.raises(DaemonError, match="no-such-manager is not there"):
        service_manager.run(("no-such-manager", "start"))
    said = service_manager.run((sys.executable, "-c", "raise SystemExit('why')"))
    assert said == ProcessOutcome(1, "why")


def test_the_agent_and_the_task_carry_the_program_word_for_word(tmp_path: Path) -> None:
    agent = plistlib.loads(launchd(PROGRAM, tmp_path, 501).content)
    assert agent["ProgramArguments"] == list(PROGRAM)
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    task = task_scheduler(PROGRAM, tmp_path, "PC\\<ada>")
    root = ET.fromstring(task.content)  # noqa: S314 - our own text
    words = {element.tag.rpartition("}")[2]: element.text for element in root.iter()}
    assert words["Command"] == sys.executable
    assert words["Arguments"] == subprocess.list2cmdline(PROGRAM[1:])
    assert words["UserId"] == "PC\\<ada>"
    assert task.text.startswith("<?xml")


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")
def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    plan = systemd(PROGRAM, tmp_path, {})
    assert '"a b%%c$$d\\\\e\\"f ä"' in plan.text
    assert '"x\\ny"' in systemd(["x\ny"], tmp_path, {}).text
    analyze = shutil.which("systemd-analyze")
    if analyze is None:  # a machine without systemd; the words above are then all there is
        return
    service_manager.install(plan, Manager())
    checked = subprocess.run(
        [analyze, "--user", "verify", str(plan.path)],
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
