"""Differences between the running process and one that would be started now."""

from msgspec.structs import replace

from cc_proxy import __version__
from cc_proxy.app.addresses import is_loopback
from cc_proxy.app.config import LoadedConfig, Settings
from cc_proxy.app.daemon import running_file
from cc_proxy.app.daemon.errors import Notice
from cc_proxy.app.daemon.process import state
from cc_proxy.app.daemon.process.state import ProcessState

OTHER_SETTINGS = "other_settings"


def differences(now: ProcessState, loaded: LoadedConfig) -> list[Notice]:
    """Return how what runs differs from what these settings would start."""
    server, origins = loaded.settings.server, loaded.origins
    who = f"The cc-proxy that runs (pid {now.pid})"
    apply = "To apply it: cc-proxy restart"
    # A process keeps the variables that it was started with, and so their values.
    by_variable = now.has_variables or state.has_variables(origins)
    read_again = apply if by_variable else "To apply it: cc-proxy reload"
    notices = []
    if now.version != __version__:
        notices.append(
            Notice(
                "other_version", f"{who} is version {now.version}, this one {__version__}.", apply
            )
        )
    elif now.is_older:
        text = f"{who} is an earlier build of version {now.version}."
        notices.append(Notice("other_version", text, apply))
    other_port = origins["server.port"] != "default" and server.port not in {0, now.port}
    other_host = origins["server.host"] != "default" and not _is_at(now.host, server.host)
    if other_port or other_host:
        text = f"{who} listens on {now.host}:{now.port}, not on {server.host}:{server.port}."
        move = f"To move it: cc-proxy restart --host {server.host} --port {server.port}"
        notices.append(Notice("other_address", text, move))
    if running_file.is_other(now, loaded):
        text = f"{who} uses {running_file.in_use(now)}, not {loaded.path or 'the defaults'}."
        hint = f"To make it use that: {running_file.restart(loaded)}"
        notices.append(Notice("other_configuration", text, hint))
    elif not now.is_older and now.options_digest != state.options_digest(_as_asked(now, loaded)):
        text = f"{who} was started with a different configuration."
        notices.append(Notice(OTHER_SETTINGS, text, read_again))
    return notices


def _as_asked(now: ProcessState, loaded: LoadedConfig) -> Settings:
    """Return the settings with what was asked for when the process was started."""
    logged, origins = loaded.settings.logging, loaded.origins
    if now.asked_log_level and not origins["logging.level"].startswith("flag"):
        logged = replace(logged, level=now.asked_log_level)
    if now.asked_log_format and not origins["logging.format"].startswith("flag"):
        logged = replace(logged, format=now.asked_log_format)
    return replace(loaded.settings, logging=logged)


def _is_at(bound: str, asked: str) -> bool:
    return bound == asked or (asked == "localhost" and is_loopback(bound))
