"""`cc-proxy restart`."""

import os
from typing import TYPE_CHECKING

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import ErrorItem, Result
from cc_proxy.app.cli.start import launch_flags, outcome
from cc_proxy.app.cli.stop import timeout_option

if TYPE_CHECKING:
    from cc_proxy.app.config import LaunchOptions


@define("restart")
@launch_flags
@timeout_option
def command(common: Common, *, options: "LaunchOptions", timeout_seconds: float) -> Result:
    """Stop cc-proxy, and start it as it was.

    The configuration is read again, and checked before anything is stopped. The file and the
    address stay what they were, unless flags say otherwise.

    Example: cc-proxy restart --port 11500
    """
    from cc_proxy.app.daemon import restart  # noqa: PLC0415 - see common.Common

    paths = common.paths()
    now = common.running()
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
        warnings=(*map(ErrorItem.of, done.stopped.notices), *result.warnings),
    )
