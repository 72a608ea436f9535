"""Checks of who can reach the proxy over the network, and the address for containers."""

import socket
import struct
import sys

from cc_proxy.app.addresses import is_loopback, to_connect
from cc_proxy.app.cli.common import Common
from cc_proxy.app.cli.doctor.check import Check, ok, warn
from cc_proxy.app.config import LoadedConfig
from cc_proxy.app.daemon.process import running
from cc_proxy.app.errors import CcProxyError

# The bridge that Docker's Linux engine puts its containers on.
_BRIDGE = "docker0"
# linux/sockios.h: the address of an interface; struct ifreq has it at byte 20.
_SIOCGIFADDR = 0x8915
_ADDRESS = slice(20, 24)


def exposure(common: Common, loaded: LoadedConfig, bridge: str | None) -> Check | None:
    """Warn of a proxy that others reach, None if it is this machine alone.

    `bridge` is Docker's address on this machine, as `docker_bridge` has it.
    """
    host = _bound(common) or loaded.settings.server.host
    if is_loopback(host):
        return None
    if bridge is not None and host == bridge:
        return None  # containers on this machine, over no cable
    if loaded.settings.server.tls_certificate is not None:
        return ok("exposure", f"bound to {host}: other machines reach it over https alone")
    text = f"bound to {host}: other machines reach it over plain HTTP, and the key can be overheard"
    if bridge is not None and to_connect(host) != host:
        return warn(
            "exposure",
            f"{text}; for containers alone: {bridge}",
            f"cc-proxy restart --host {bridge}",
        )
    return warn(
        "exposure",
        f"{text}, unless TLS or a tunnel is in front",
        "cc-proxy restart --host 127.0.0.1",
    )


def docker_bridge() -> str | None:
    """Return the address of this machine on Docker's own network, None if it is on none."""
    if sys.platform != "linux":
        return None
    import fcntl  # noqa: PLC0415 - Windows has none

    request = struct.pack("256s", _BRIDGE.encode())
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            return socket.inet_ntoa(fcntl.ioctl(asking, _SIOCGIFADDR, request)[_ADDRESS])
    except OSError:  # no such interface, or one without an address
        return None


def _bound(common: Common) -> str | None:
    try:
        now = running.inspect(common.paths()).state
    except CcProxyError:  # the checks of folders and proxy say what is wrong
        return None
    return None if now is None else now.host
