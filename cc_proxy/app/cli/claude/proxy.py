"""The proxy that a session of Claude Code goes through: the one that runs, or a new one."""

import dataclasses
import os
from typing import TYPE_CHECKING

from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import NOT_RUNNING

if TYPE_CHECKING:
    from cc_proxy.app.cli.common import Common
    from cc_proxy.app.config import LoadedConfig
    from cc_proxy.app.daemon.start import StartOutcome

_ANSWER_SECONDS = 15.0


def refuse_other_file(shared: "Common", loaded: "LoadedConfig") -> None:
    """Refuse a session through a proxy that uses another configuration file than the named one.

    Raises:
        DaemonError: code `other_configuration`.

    """
    from cc_proxy.app.daemon import running_file  # noqa: PLC0415 - not for `--help`

    now = shared.running()
    if now is not None:
        running_file.refuse_other(now, loaded)


def start(shared: "Common", loaded: "LoadedConfig") -> "StartOutcome":
    """Return the proxy that runs, started now if need be.

    Where another program has the default port, it gets any free one: Claude Code is told which.

    Raises:
        DaemonError: it cannot be started.

    """
    from cc_proxy.app.daemon import start as starting  # noqa: PLC0415 - not for `--help`
    from cc_proxy.app.daemon.errors import DaemonError, Notice  # noqa: PLC0415 - as above
    from cc_proxy.app.daemon.process import ports  # noqa: PLC0415 - as above

    paths = shared.paths()
    with waiting("Starting cc-proxy"):
        try:
            return starting.in_background(paths, loaded, environ=os.environ)
        except DaemonError as error:
            if error.code != ports.IN_USE or loaded.origins["server.port"] != "default":
                raise
        started = starting.in_background(
            paths, shared.load(shared.launch_options(port=0)), environ=os.environ
        )
    server = loaded.settings.server
    text = (
        f"Port {server.port} is in use by {ports.occupant(server.host, server.port)}, so cc-proxy"
        f" listens on port {started.state.port}."
    )
    notice = Notice("other_port", text, "To choose one: CC_PROXY_PORT, or server.port in the file")
    return dataclasses.replace(started, notices=(notice, *started.notices))


def running(shared: "Common", loaded: "LoadedConfig") -> "StartOutcome":
    """Return the proxy that runs.

    Raises:
        DaemonError: none runs, or it does not answer.

    """
    from cc_proxy.app.daemon import auth_key, confirm  # noqa: PLC0415 - not for `--help`
    from cc_proxy.app.daemon.errors import DaemonError  # noqa: PLC0415 - as above
    from cc_proxy.app.daemon.process import running as processes  # noqa: PLC0415 - as above
    from cc_proxy.app.daemon.start import StartOutcome  # noqa: PLC0415 - as above

    paths = shared.paths()
    state = processes.inspect(paths).state
    key = auth_key.known(loaded.settings, paths, os.environ)
    health = confirm.confirm(state, key, timeout_seconds=_ANSWER_SECONDS) if state and key else None
    if state is None or key is None or health is None:
        raise DaemonError(
            "cc-proxy is not running.",
            code="not_running",
            exit_code=NOT_RUNNING,
            hint="To start it: cc-proxy start",
        )
    return StartOutcome(state, health, key, already_running=True)
