"""How what runs differs from what would be started now."""

from cc_proxy import __version__
from cc_proxy.app.config import Loaded
from cc_proxy.app.daemon import state
from cc_proxy.app.daemon.addresses import is_loopback
from cc_proxy.app.daemon.errors import Notice
from cc_proxy.app.daemon.state import State


def differences(now: State, loaded: Loaded) -> list[Notice]:
    """Return how what runs differs from what these settings would start."""
    server, origins = loaded.settings.server, loaded.origins
    who = f"The cc-proxy that runs (pid {now.pid})"
    apply = "To apply it: cc-proxy restart"
    notices = []
    if now.version != __version__:
        notices.append(
            Notice(
                "other_version", f"{who} is version {now.version}, this one {__version__}.", apply
            )
        )
    other_port = origins["server.port"] != "default" and server.port not in {0, now.port}
    other_host = origins["server.host"] != "default" and not _is_at(now.host, server.host)
    if other_port or other_host:
        text = f"{who} listens on {now.host}:{now.port}, not on {server.host}:{server.port}."
        move = f"To move it: cc-proxy restart --host {server.host} --port {server.port}"
        notices.append(Notice("other_address", text, move))
    if now.options_digest != state.options_digest(loaded.settings):
        text = f"{who} has other settings than those that hold now."
        notices.append(Notice("other_settings", text, apply))
    return notices


def _is_at(bound: str, asked: str) -> bool:
    return bound == asked or (asked == "localhost" and is_loopback(bound))
