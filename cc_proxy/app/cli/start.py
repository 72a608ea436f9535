"""`cc-proxy start`."""

import functools
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from cc_proxy.app.cli.claude import preloading
from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output import report
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import ErrorItem, Result, aligned, show
from cc_proxy.app.cli.value_types import WholeNumber

if TYPE_CHECKING:
    from cc_proxy.app.config import LaunchOptions, LoadedConfig
    from cc_proxy.app.daemon.foreground import Announce
    from cc_proxy.app.daemon.paths import Paths
    from cc_proxy.app.daemon.process.state import ProcessState
    from cc_proxy.app.daemon.start import StartOutcome

# The flags that `restart` has too.
_LAUNCH_FLAGS = {
    "host": click.option("--host", metavar="ADDRESS", help="Listen on this address."),
    "port": click.option(
        "--port", type=WholeNumber(), metavar="PORT", help="Listen on this port; 0: any free one."
    ),
    "log_level": click.option(
        "--log-level", metavar="LEVEL", help="Log from this level: debug, info, warning, error."
    ),
    "log_format": click.option(
        "--log-format", metavar="FORM", help="Write the log as text or json."
    ),
}


def launch_flags(function: Callable[..., Result]) -> Callable[..., Result]:
    """Give a command the flags with which a proxy is started, as its argument `options`."""

    @functools.wraps(function)
    def with_options(common: Common, **values: Any) -> Result:  # noqa: ANN401 - click's own
        options = common.launch_options(**{name: values.pop(name) for name in _LAUNCH_FLAGS})
        return function(common, options=options, **values)

    for flag in reversed(_LAUNCH_FLAGS.values()):
        with_options = flag(with_options)
    return with_options


@define("start")
@launch_flags
@click.option("--foreground", is_flag=True, help="Serve in this terminal, until Ctrl-C.")
@click.option(
    "--preload/--no-preload",
    default=False,
    show_default=True,
    help="Have Ollama load the default model, and wait for it.",
)
def command(common: Common, *, options: "LaunchOptions", foreground: bool, preload: bool) -> Result:
    """Start cc-proxy in the background.

    Returns once it answers, and with --preload once the model is loaded. If it runs already,
    that is fine: its pid is shown.

    Example: cc-proxy start --port 11500 --preload
    """
    load = functools.partial(common.load, options)
    loaded = load()
    paths = common.paths()
    if not foreground:
        from cc_proxy.app.daemon import start  # noqa: PLC0415 - see common.Common

        with waiting("Starting cc-proxy"):
            started = start.in_background(paths, loaded, environ=os.environ)
        result = outcome("start", started, list(report.alias_slips(loaded)))
        return preloading.wait_for_default_model(result, started, loaded) if preload else result
    from cc_proxy.app.daemon.foreground import in_terminal  # noqa: PLC0415 - as above

    show(Result("start", warnings=report.alias_slips(loaded)), as_json=False)

    served = in_terminal(paths, loaded, load, _loads_model(paths, loaded) if preload else None)
    if isinstance(served, int):
        return Result("start", exit_code=served)
    text = "This terminal does not serve, since cc-proxy runs in the background."
    hint = "To serve here: cc-proxy stop, then start again."
    result = outcome("start", served, [ErrorItem("not_in_foreground", text, hint)])
    return preloading.wait_for_default_model(result, served, loaded) if preload else result


def outcome(name: str, started: "StartOutcome", more: list[ErrorItem] | None = None) -> Result:
    """Return the result of a command that has made sure that cc-proxy runs."""
    now = started.state
    from cc_proxy.app.daemon.process import ports  # noqa: PLC0415 - see common.Common

    health = report.with_upstream(now, started.health, started.auth_key)
    did = "cc-proxy is already running" if started.already_running else "cc-proxy has started"
    return Result(
        name,
        {"already_running": started.already_running, **report.data(now, health)},
        (
            f"{did} (pid {now.pid}).",
            *aligned([*report.location_rows(now), *report.upstream_rows(health)]),
        ),
        warnings=(
            *map(ErrorItem.of, (*started.notices, *ports.shadowed(now))),
            *report.warnings(health),
            *(more or ()),
        ),
    )


def _loads_model(paths: "Paths", loaded: "LoadedConfig") -> "Announce":
    """Return what has the proxy of this terminal load its model once it listens."""
    from cc_proxy.app.daemon import auth_key  # noqa: PLC0415 - see common.Common

    def announce(now: "ProcessState") -> None:
        key = auth_key.known(loaded.settings, paths, os.environ)
        if key is not None:
            # The loop that serves runs in this very thread.
            threading.Thread(target=preloading.in_background, args=(now, key), daemon=True).start()

    return announce
