"""Installing and removing the service: the manager's file, and then the manager's commands."""

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cc_proxy.app import private_files
from cc_proxy.app.daemon.errors import DaemonError, Notice
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.daemon.service.plan import Command, Plan

UNREACHABLE = "manager_unreachable"
_TIMEOUT_SECONDS = 60.0
# As long as a stop may take, and what launchd needs beyond it.
_LETS_GO_SECONDS = 30.0
_NOT_YET = frozenset({5, 37})
_PAUSE_SECONDS = 0.5
# There is nothing secret in it, and managers want to read it.
_FILE_MODE = 0o644


@dataclass(frozen=True)
class ProcessOutcome:
    """The exit code of a manager's command, and its output on both streams."""

    code: int
    output: str


Run = Callable[[Command], ProcessOutcome]


@dataclass(frozen=True)
class ServiceState:
    """The state of the service: its file is installed, up to date, and registered.

    `registered` is None when the manager cannot be asked.
    """

    installed: bool
    up_to_date: bool
    registered: bool | None


def run(command: Command) -> ProcessOutcome:
    """Run a command of the manager.

    Raises:
        DaemonError: there is no such command here, or it does not end.

    """
    try:
        done = subprocess.run(  # noqa: S603 - fixed words and our own paths
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired, PermissionError) as error:
        raise _unreachable(f"{command[0]} {_why(error)}") from error
    output = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace")
    return ProcessOutcome(done.returncode, output)


def install(plan: Plan, run: Run) -> bool:
    """Write the file and have the manager start the service; True if the file is another one.

    Raises:
        DaemonError: the file cannot be written, or the manager cannot do it; the file stays.

    """
    changed = not file_state(plan)[1]
    if changed:
        with explained(plan.path, "HOME"):
            private_files.make_folder(plan.path.parent)
            private_files.replace(plan.path, plan.content)
            plan.path.chmod(_FILE_MODE)
    commands = (*plan.register, *(plan.replace if changed else plan.start))
    try:
        if plan.manager == "launchd":
            # It takes a file once, and does not see that it has changed.
            known = run(plan.query).code == 0
            commands = plan.replace if changed or not known else plan.start
            if known and changed:
                _all(plan.unregister, run)
                run = _patient(run)
        _all(commands, run)
    except DaemonError as error:
        if error.code == UNREACHABLE:
            error.hint = f"Without one: cc-proxy start. Where there is one: {by_hand(commands)}"
        raise
    return changed


def uninstall(plan: Plan, run: Run) -> tuple[bool, tuple[Notice, ...]]:
    """Stop the service and remove its file; True if there was one.

    What the manager cannot do is no more than a notice: without the file it starts nothing.

    Raises:
        DaemonError: the file cannot be removed.

    """
    # Path.exists raises where it may not look.
    there, known = os.path.exists(plan.path), False  # noqa: PTH110
    trouble: list[DaemonError] = []
    try:
        known = run(plan.query).code == 0
        if known:
            _all(plan.unregister, run)
    except DaemonError as error:
        trouble.append(error)
    if there:
        with explained(plan.path, "HOME"):
            plan.path.unlink(missing_ok=True)
        try:
            _all(plan.forget, run)
        except DaemonError as error:
            trouble.append(error)
    was = there or known
    return was, tuple(Notice(one.code, one.message) for one in trouble[:1] if was)


def service_state(plan: Plan, run: Run) -> ServiceState:
    """Return how things are; nothing is changed."""
    installed, up_to_date = file_state(plan)
    try:
        answer = run(plan.query)
        _refuse_no_session(answer)
    except DaemonError:
        return ServiceState(installed, up_to_date, registered=None)
    return ServiceState(installed, up_to_date, registered=answer.code == 0)


def file_state(plan: Plan) -> tuple[bool, bool]:
    """Tell whether the file is there, and whether it is as the plan has it."""
    try:
        return True, plan.path.read_bytes() == plan.content
    except (FileNotFoundError, NotADirectoryError):
        return False, False
    except OSError:  # writing it gives the reason
        return True, False


def by_hand(commands: Sequence[Command]) -> str:
    """Return commands as a person types them."""
    return " && ".join(shlex.join(command) for command in commands)


def _patient(run: Run) -> Run:
    """Return what asks launchd again while it has not let go of the service yet.

    `launchctl bootout` returns at once, and for some seconds `bootstrap` fails with 5
    (Input/output error) or 37 (Operation already in progress).
    """
    deadline = time.monotonic() + _LETS_GO_SECONDS

    def patient(command: Command) -> ProcessOutcome:
        while True:
            answer = run(command)
            if answer.code not in _NOT_YET or time.monotonic() > deadline:
                return answer
            time.sleep(_PAUSE_SECONDS)

    return patient


def _all(commands: Sequence[Command], run: Run) -> None:
    for command in commands:
        answer = run(command)
        _refuse_no_session(answer)
        if answer.code != 0:
            output = answer.output or f"exit code {answer.code}"
            raise DaemonError(
                f"Expected `{by_hand([command])}` to succeed, found: {output}",
                code="manager_failed",
                hint="Run it yourself to see more, then: cc-proxy service install",
            )


def _refuse_no_session(answer: ProcessOutcome) -> None:
    # systemctl(1) says so in these words, which are not translated: sd-bus error texts.
    if answer.code != 0 and "connect to" in answer.output and "bus" in answer.output:
        raise _unreachable(answer.output)


def _unreachable(why: str) -> DaemonError:
    return DaemonError(
        f"The service manager cannot be reached ({why}). In a container, and after `su`, there"
        " is none.",
        code=UNREACHABLE,
        hint="Without one: cc-proxy start",
    )


def _why(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"did not answer within {_TIMEOUT_SECONDS:g} seconds"
    return "is not there" if isinstance(error, FileNotFoundError) else "may not be run"
