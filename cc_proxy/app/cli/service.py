"""`cc-proxy service install`, `uninstall` and `status`."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cc_proxy.app.cli.common import Common, define, define_group
from cc_proxy.app.cli.output.result import NOT_RUNNING, ErrorItem, Result, aligned
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.daemon.paths import Paths
    from cc_proxy.app.daemon.service.plan import Plan


@define("install")
@click.option("--print", "show", is_flag=True, help="Show the manager's file and write nothing.")
def _install(common: Common, *, show: bool) -> Result:
    """Have the system start cc-proxy at login, and start it now.

    Writes a systemd user unit, a launchd agent or a Windows task. Once more is fine.

    Example: cc-proxy service install
    """
    from cc_proxy.app.daemon.service import manager  # noqa: PLC0415 - see common.Common

    common.load(
        follow=False
    )  # a configuration that cannot be used would only fail where nobody looks
    paths = common.paths()
    plan = _plan(common, paths)
    if show:
        data: dict[str, object] = {**_data(plan), "unit": plan.text}
        return Result("service install", data, tuple(plan.text.splitlines()))
    before = common.running()
    was_there = manager.file_state(plan)[0]
    try:
        changed = manager.install(plan, manager.run)
    except CcProxyError as error:
        written = manager.file_state(plan)[1]
        return Result(
            "service install",
            {**_data(plan), "installed": written, "changed": written},
            (f"{plan.path} is written, and cc-proxy is not started.",) if written else (),
            warnings=tuple(_left_out()),
            errors=(ErrorItem.of(error),),
            exit_code=error.exit_code,
        )
    lines = [f"{plan.path} {'is written' if changed else 'is as it was'}."]
    lines.append(f"{plan.manager} starts cc-proxy now and at login.")
    warnings = [*_left_out()]
    if before is not None and not was_there:
        text = f"cc-proxy (pid {before.pid}) runs already, outside of the service."
        hint = f"cc-proxy stop && {manager.by_hand(plan.start)}"
        warnings.append(ErrorItem("runs_already", text, f"To have the service run it: {hint}"))
    if plan.manager == "systemd" and changed:
        lines.append("To keep it running while you are logged out: loginctl enable-linger")
    return Result(
        "service install",
        {**_data(plan), "installed": True, "changed": changed},
        tuple(lines),
        warnings=tuple(warnings),
    )


@define("uninstall")
def _uninstall(common: Common) -> Result:
    """Have the system no longer start cc-proxy. If it never did, that is fine.

    Configuration, key and log stay.

    Example: cc-proxy service uninstall
    """
    from cc_proxy.app.daemon.service import manager  # noqa: PLC0415 - see common.Common

    plan = _plan(common, common.paths())
    was, notices = manager.uninstall(plan, manager.run)
    line = f"{plan.path} is removed." if was else "cc-proxy is not installed as a service."
    return Result(
        "service uninstall",
        {**_data(plan), "was_installed": was},
        (line,),
        warnings=tuple(map(ErrorItem.of, notices)),
    )


@define("status")
def _status(common: Common) -> Result:
    """Show whether the system starts cc-proxy. Exits with 3 if it does not.

    Example: cc-proxy service status --json
    """
    from cc_proxy.app.daemon.service import manager  # noqa: PLC0415 - see common.Common

    paths = common.paths()
    plan = _plan(common, paths)
    found = manager.service_state(plan, manager.run)
    now = common.running()
    pid = now.pid if now else None
    known = {True: "yes", False: "no", None: f"not known, {plan.manager} cannot be reached"}
    rows = [
        ("File", f"{plan.path} ({'there' if found.installed else 'missing'})"),
        ("Starts at login", known[found.registered]),
        ("Running", f"yes (pid {pid})" if pid else "no"),
    ]
    warnings = []
    if found.installed and not found.up_to_date:
        text = f"{plan.path} is not as it would be written now."
        warnings.append(ErrorItem("unit_differs", text, "To renew it: cc-proxy service install"))
    errors = []
    if not found.installed or found.registered is False:
        text = "cc-proxy is not installed as a service."
        errors.append(ErrorItem("not_installed", text, "To install it: cc-proxy service install"))
    return Result(
        "service status",
        {
            **_data(plan),
            "installed": found.installed,
            "up_to_date": found.up_to_date,
            "registered": found.registered,
            "pid": pid,
        },
        aligned(rows),
        warnings=tuple(warnings),
        errors=tuple(errors),
        exit_code=NOT_RUNNING if errors else 0,
    )


@define_group("service", _install, _uninstall, _status)
def command(common: Common) -> Result:
    """Have the system start cc-proxy at login.

    Example: cc-proxy service install
    """
    del common
    raise click.UsageError("Expected install, uninstall or status, found none.")


def _plan(common: Common, paths: "Paths") -> "Plan":
    from cc_proxy.app.daemon.service import plan as service_plan  # noqa: PLC0415 - see common.Common

    flags = ["--state-dir", str(paths.state_dir), "--log-dir", str(paths.log_dir)]
    named = common.config or os.environ.get("CC_PROXY_CONFIG_FILE")
    if named:
        flags += ["--config", str(Path(named).absolute())]
    # -P: no module is taken from the folder that the process runs in.
    start = [sys.executable, "-P", "-m", "cc_proxy", "start"]
    if sys.platform == "win32":
        user = f"{os.environ.get('USERDOMAIN', '.')}\\{os.environ.get('USERNAME', '')}"
        return service_plan.task_scheduler([*start, *flags], paths.state_dir, user)
    serve = [*start, "--foreground", *flags]
    if sys.platform == "darwin":
        return service_plan.launchd(serve, Path.home(), os.getuid())
    return service_plan.systemd(serve, Path.home(), os.environ)


def _data(plan: "Plan") -> dict[str, object]:
    return {"manager": plan.manager, "path": str(plan.path)}


def _left_out() -> Iterator[ErrorItem]:
    """Name the variables of this shell that the service will not have."""
    from cc_proxy.app.config.environment import VARIABLES  # noqa: PLC0415 - see common.Common

    found = [name for name in VARIABLES if os.environ.get(name)]
    if found:
        text = f"The service does not have the variables of this shell: {', '.join(found)}."
        yield ErrorItem("variables_left_out", text, "Put them into the file: cc-proxy config init")
