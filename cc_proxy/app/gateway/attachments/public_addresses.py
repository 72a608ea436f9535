"""The check that a URL from a conversation points to the public internet.

Such a URL may have been written by anyone. Fetching it must not reach what only this machine
or its network can reach: a router, a cloud's metadata service, a database on loopback.
"""

import errno
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Allowed = Callable[[Address], bool]

# 64:ff9b::/96 carries an IPv4 address in its last 32 bits (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PrivateAddressError(OSError):
    """A name led to an address that is not public."""

    def __init__(self, address: str) -> None:
        super().__init__(errno.EACCES, f"{address} is not a public address")


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the public internet, one carried inside it included."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _carried(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def checked_sockets(allowed: Allowed) -> Callable[[tuple[Any, ...]], socket.socket]:
    """Return a factory of sockets that refuses an address at the moment of connecting to it.

    No later look-up can change what was checked, and a host that is an address in disguise
    (`2130706433`, `0x7f.1`) is checked as what it is or refused.
    """

    def make(info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, where = info
        try:
            address = ipaddress.ip_address(where[0])
        except ValueError as error:
            raise PrivateAddressError(str(where[0])) from error
        if not allowed(address):
            raise PrivateAddressError(str(address))
        return socket.socket(family=family, type=kind, proto=protocol)

    return make


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
