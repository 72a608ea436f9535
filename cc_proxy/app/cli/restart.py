"""`cc-proxy restart`."""

import os

import click

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import ErrorItem, Result
from cc_proxy.app.cli.start import log_format_option, log_level_option, outcome
from cc_proxy.app.cli.stop import timeout_option
from cc_proxy.app.cli.value_types import WholeNumber


@define("restart")
@click.option("--host", metavar="ADDRESS", help="Listen on this address from now on.")
@click.option("--port", type=WholeNumber(), metavar="PORT", help="Listen on this port from now on.")
@log_level_option
@log_format_option
@timeout_option
def command(  # noqa: PLR0913 - the flags
    common: Common,
    *,
    host: str | None,
    port: int | None,
    log_level: str | None,
    log_format: str | None,
    timeout_seconds: float,
) -> Result:
    """Stop cc-proxy, and start it as it was.

    The configuration is read again, and checked before anything is stopped. The file and the
    address stay what they were, unless flags say otherwise.

    Example: cc-proxy restart --port 11500
    """
    from cc_proxy.app.daemon import restart  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.daemon.process import running  # noqa: PLC0415 - see common.Common

    paths = common.paths()
    now = running.inspect(paths).state
    if now is not None:
        host = now.asked_host if host is None else host
        port = now.port if port is None and now.asked_port is not None else port
        log_level = log_level or now.asked_log_level
        log_format = log_format or now.asked_log_format
    loaded = common.load(host=host, port=port, log_level=log_level, log_format=log_format)
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
