"""Addresses: which are this machine's alone, and how to reach what listens on them."""

import ipaddress

# It may resolve to either, and programs differ in which they try first.
IPV4_LOOPBACK, IPV6_LOOPBACK = "127.0.0.1", "::1"
IPV4_ANY = "0.0.0.0"  # noqa: S104 - the name of it; nothing is bound here


def is_localhost(host: str) -> bool:
    """Return whether `host` is the name for both loopback addresses."""
    return host.lower() == "localhost"


def to_bind(host: str) -> str:
    """Return the address to bind for `host`; for `localhost` the one of IPv4, which all have."""
    return IPV4_LOOPBACK if is_localhost(host) else host


def is_ipv6_any(host: str) -> bool:
    """Return whether `host` is every address of IPv6, however it is spelled."""
    address = _parse(host)
    return isinstance(address, ipaddress.IPv6Address) and address.is_unspecified


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach what is bound to `host`."""
    if is_localhost(host):
        return True
    address = _parse(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address is not None and address.is_loopback


def to_connect(host: str) -> str:
    """Return the address to connect to; what is bound to every address is asked on loopback."""
    address = _parse(host)
    if address is None or not address.is_unspecified:
        return to_bind(host)
    return IPV4_LOOPBACK if address.version == 4 else IPV6_LOOPBACK  # noqa: PLR2004 - the 4 of IPv4


def url(host: str, port: int) -> str:
    """Return the URL of what listens at `host` and `port`."""
    name = to_connect(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _parse(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
