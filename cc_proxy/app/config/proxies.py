"""The HTTP proxy that the environment names for an address.

The variables mean what they mean to Ollama's own client (Go's httpproxy, `FromEnvironment`):
HTTP_PROXY is for http, HTTPS_PROXY for https, and this machine is never reached through a proxy.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

from cc_proxy.app.addresses import is_loopback
from cc_proxy.app.config.errors import RefusedValueError
from cc_proxy.app.config.upstream_url import base_url

AUTO, NONE = "auto", "none"
# With these settings, once the environment has been asked, there is no proxy.
NO_PROXY = (AUTO, NONE)

_NO_SOCKS = "cc-proxy speaks no SOCKS; over SSH: ssh -N -L 11434:127.0.0.1:11434 HOST"
_PORTS = {"http": 80, "https": 443}


def proxy(text: str) -> str:
    """Return `auto`, `none`, or the address of a proxy, which without a scheme is http.

    Raises:
        RefusedValueError: it is none of them.

    """
    if text in NO_PROXY:
        return text
    scheme, separator, _ = text.partition("://")
    if separator and scheme.lower() not in _PORTS:
        fix = f"name an http or https proxy, not {scheme}"
        if scheme.lower().startswith("socks"):
            fix += f" ({_NO_SOCKS})"
        raise RefusedValueError(fix=fix if scheme.isalnum() else None)
    url = base_url(text if separator else f"http://{text}")
    if urlsplit(url).path:
        raise RefusedValueError(fix="leave out everything after the port")
    return url


def from_environment(url: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the variable that names a proxy for an address, and its text; None for no proxy."""
    target = urlsplit(url)
    if is_loopback(target.hostname or "") or _is_excepted(target, environ):
        return None
    upper = "HTTPS_PROXY" if target.scheme == "https" else "HTTP_PROXY"
    for name in (upper, upper.lower()):
        if text := environ.get(name, "").strip():
            return name, text
    return None


def unread_variable(url: str, environ: Mapping[str, str]) -> str | None:
    """Return the variable that names a proxy for an address to other programs, but not to Ollama's.

    ALL_PROXY is curl's; it has a SOCKS server as a rule, and no part of cc-proxy reads it.
    """
    target = urlsplit(url)
    if is_loopback(target.hostname or "") or _is_excepted(target, environ):
        return None
    names = ("ALL_PROXY", "all_proxy")
    return next((name for name in names if environ.get(name, "").strip()), None)


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """Return the address of the proxy that the environment names for an address, if any.

    Raises:
        RefusedValueError: it cannot be used.

    """
    named = from_environment(url, environ)
    found = proxy(named[1]) if named else NONE
    return None if found in NO_PROXY else found


def _is_excepted(target: SplitResult, environ: Mapping[str, str]) -> bool:
    host = (target.hostname or "").rstrip(".").lower()
    port = target.port or _PORTS[target.scheme]
    return any(_covers(entry, host, port) for entry in _exceptions(environ))


def _exceptions(environ: Mapping[str, str]) -> Iterator[str]:
    text = environ.get("NO_PROXY", "") or environ.get("no_proxy", "")
    return (entry.strip().lower() for entry in text.split(",") if entry.strip())


def _covers(entry: str, host: str, port: int) -> bool:
    """Tell whether an entry of NO_PROXY covers a host: a name, an address, a network or `*`."""
    if entry == "*":
        return True
    address = _address(host)
    if "/" in entry:
        return address is not None and _is_in(address, entry)
    name, number = _split(entry)
    if number is not None and number != str(port):
        return False
    if address is not None:
        return _address(name) == address
    if name.startswith(("*.", ".")):
        return host.endswith(name.removeprefix("*"))
    return host == name or host.endswith(f".{name}")


def _split(entry: str) -> tuple[str, str | None]:
    """Return the host of an entry without brackets, and its port if it has one."""
    if _address(entry) is not None:
        return entry, None
    name, separator, number = entry.rpartition(":")
    if not separator:
        return entry.strip("[]"), None
    return name.strip("[]"), number


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _is_in(address: ipaddress.IPv4Address | ipaddress.IPv6Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:  # no network: it covers nothing
        return False
