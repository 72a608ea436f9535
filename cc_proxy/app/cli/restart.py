"""`cc-proxy restart`."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import ErrorItem, Result
from cc_proxy.app.cli.start import launch_flags, outcome
from cc_proxy.app.cli.stop import timeout_option

if TYPE_CHECKING:
    from cc_proxy.app.config import LaunchOptions
    from cc_proxy.app.daemon.process.state import ProcessState


@define("restart")
@launch_flags
@timeout_option
def command(common: Common, *, options: "LaunchOptions", timeout_seconds: float) -> Result:
    """Stop cc-proxy, and start it as it was.

    The configuration is read again, and checked before anything is stopped. The file stays what it
    was, and so does an address that flags or variables named, unless flags say otherwise.

    Example: cc-proxy restart --port 11500
    """
    from cc_proxy.app.daemon import restart  # noqa: PLC0415 - see common.Common

    paths = common.paths()
    now = common.running()
    at_will = options.port is not None
    if now is not None:
        options = options.filled_from(now.asked)
    loaded = common.load(options)
    with waiting("Restarting cc-proxy"):
        done = restart.restart(paths, loaded, environ=os.environ, stop_seconds=timeout_seconds)
    before = done.stopped.state
    result = outcome("restart", done.started)
    return Result(
        "restart",
        {**result.data, "stopped_pid": before.pid if before else None},
        (
            f"cc-proxy (pid {before.pid}) has stopped." if before else "cc-proxy was not running.",
            *result.lines,
        ),
        warnings=(
            *map(ErrorItem.of, done.stopped.notices),
            *(() if at_will else _moved(before, done.started.state)),
            *result.warnings,
        ),
    )


def _moved(before: "ProcessState | None", now: "ProcessState") -> Iterator[ErrorItem]:
    """Yield a warning if the port is another one than before: open sessions have the old one."""
    if before is None or before.port == now.port:
        return
    text = f"cc-proxy listens on port {now.port} now, and listened on {before.port} before."
    hint = (
        f"Sessions that are open, and settings that name port {before.port}, do not reach it. To"
        f" have that port again: cc-proxy restart --port {before.port}, or server.port in the"
        " configuration"
    )
    yield ErrorItem("moved", text, hint)
