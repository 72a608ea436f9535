"""`cc-proxy stop`."""

from typing import TYPE_CHECKING

import click

from cc_proxy.app.cli.access import load_access
from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import ErrorItem, Result
from cc_proxy.app.cli.value_types import NumberFrom

if TYPE_CHECKING:
    from cc_proxy.app.cli.json_data.process import Stop

# `restart` has it too.
timeout_option = click.option(
    "--timeout-seconds",
    type=NumberFrom(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Give running answers this long to finish, then cut them off.",
)


@define("stop")
@timeout_option
def command(common: Common, *, timeout_seconds: float) -> Result:
    """Stop cc-proxy.

    Running answers have 10 seconds to finish, or as long as --timeout-seconds says; then they are
    cut off. If cc-proxy is not running, that is fine.

    Example: cc-proxy stop --timeout-seconds 60
    """
    from cc_proxy.app.daemon import running_file, stop  # noqa: PLC0415 - see common.Common

    paths = common.paths()
    known = load_access(common, paths)
    now = common.running()
    if now is not None and known.loaded is not None and common.config is not None:
        hint = "To stop it all the same, leave out --config: cc-proxy stop"
        running_file.refuse_other(now, known.loaded, hint)
    with waiting(f"Stopping cc-proxy; running answers have {timeout_seconds:g} seconds to finish"):
        stopped = stop.stop(paths, key=known.key, timeout_seconds=timeout_seconds)
    if stopped.state is None:
        line = "cc-proxy is not running."
    elif stopped.killed:
        line = f"cc-proxy (pid {stopped.state.pid}) did not end in time and was killed."
    elif stopped.cut_off:
        line = (
            f"cc-proxy (pid {stopped.state.pid}) has stopped."
            f" Answers that still ran after {timeout_seconds:g} seconds were cut off."
        )
    else:
        line = f"cc-proxy (pid {stopped.state.pid}) has stopped."
    data: Stop = {
        "was_running": stopped.state is not None,
        "pid": stopped.state.pid if stopped.state else None,
        "killed": stopped.killed,
    }
    return Result(
        "stop",
        data,
        (line,),
        warnings=(*known.problems, *map(ErrorItem.of, stopped.notices)),
    )
