"""`cc-proxy status`."""

from typing import TYPE_CHECKING

from cc_proxy.app.cli.access import load_access
from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output import report
from cc_proxy.app.cli.output.amounts import duration
from cc_proxy.app.cli.output.result import NOT_RUNNING, REFUSED, ErrorItem, Result, aligned
from cc_proxy.app.cli.reload import needs_restart
from cc_proxy.app.daemon import confirm, differences
from cc_proxy.app.daemon.process import ports, running

if TYPE_CHECKING:
    from cc_proxy.app.control.wire import Health
    from cc_proxy.app.daemon.paths import Paths

_ANSWER_SECONDS = 3.0


@define("status")
def command(common: Common) -> Result:
    """Show what runs, and whether Ollama answers.

    Exits with 3 if cc-proxy is not running, or is stopping.

    Example: cc-proxy status --json
    """
    paths = common.paths()
    known = load_access(common, paths)
    found = running.inspect(paths)
    now = found.state
    if now is None:
        return _not_running(paths, found.stale, known.problems)
    if now.stopping_until is not None:
        return _stopping(ErrorItem.of(confirm.stopping(now)), paths, known.problems)
    if known.key is None:
        item = ErrorItem.of(confirm.refused(now))
        return Result("status", warnings=known.problems, errors=(item,), exit_code=REFUSED)
    health = confirm.confirm(now, known.key, timeout_seconds=_ANSWER_SECONDS)
    if health is None:  # it ended while it was asked
        return _not_running(paths, running.inspect(paths).stale, known.problems)
    health = report.with_upstream(now, health, known.key)
    other = differences.differences(now, known.loaded) if known.loaded else ()
    if health.last_reload is not None and health.last_reload.needs_restart:
        # It has been read, and only a restart applies it: another reload would not.
        other = [notice for notice in other if notice.code != differences.OTHER_SETTINGS]
    rows = [
        ("Uptime", duration(health.uptime_seconds)),
        *report.location_rows(now),
        *report.upstream_rows(health),
        *report.loaded_model_rows(health),
        ("Requests", report.requests_row(health)),
        *report.assists(health),
        *report.keys(health),
        *report.last_error(health),
    ]
    return Result(
        "status",
        {"running": True, **report.data(now, health)},
        (f"cc-proxy {now.version} is running (pid {now.pid}).", *aligned(rows)),
        warnings=(
            *known.problems,
            *map(ErrorItem.of, (*other, *ports.shadowed(now))),
            *_last_reload(health, known.problems),
            *report.warnings(health),
        ),
    )


def _last_reload(health: "Health", told: tuple[ErrorItem, ...] = ()) -> tuple[ErrorItem, ...]:
    done = health.last_reload
    if done is None:
        return ()
    if done.status == "ok":
        return needs_restart(done)
    text = (
        f"The configuration was read again at {done.at} and could not be used,"
        " so the previous one still applies"
    )
    is_told = any(item.message in (done.error or "") for item in told)
    text = f"{text}." if is_told else f"{text}: {done.error}"
    return (ErrorItem("reload_failed", text, "Correct it, then: cc-proxy reload"),)


def _stopping(item: ErrorItem, paths: "Paths", problems: tuple[ErrorItem, ...]) -> Result:
    return Result(
        "status",
        {"running": False, "log_file": str(paths.log_file)},
        warnings=problems,
        errors=(item,),
        exit_code=NOT_RUNNING,
    )


def _not_running(paths: "Paths", stale: str | None, problems: tuple[ErrorItem, ...]) -> Result:
    item = ErrorItem("not_running", "cc-proxy is not running.", "To start it: cc-proxy start")
    left = [ErrorItem("stale_state", f"{stale}; the next start cleans it up.")] if stale else []
    return Result(
        "status",
        {"running": False, "log_file": str(paths.log_file)},
        warnings=(*problems, *left),
        errors=(item,),
        exit_code=NOT_RUNNING,
    )
