"""Refusal of requests that a web page sends through the user's browser.

A page knows no key. But it may send what it likes to an address of the user's own machine, and
by DNS rebinding (a name of its own that is made to lead here) it could read the answer as well.
So a request must name a host that no page can have for itself, and must not come from a page.
Nothing here sends CORS headers, and a browser shows no page an answer without them.
"""

import ipaddress
import re
from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import HttpVersion11, web

from cc_proxy.app.anthropic.errors import ApiError, invalid_request
from cc_proxy.app.gateway.http.aiohttp_versions import target_of, values_of

# Names under which no public DNS answers: the machine itself (RFC 6761), and what is set aside for
# private networks (ICANN, July 2024), such as host.docker.internal and host.containers.internal.
_PRIVATE_ENDINGS = (".localhost", ".internal")
_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9_.-]+))(?::[0-9]{1,5})?")
_SHOWN = 100


def check(request: web.Request, allowed_hosts: Sequence[str] = ()) -> None:
    """Let a request pass that names this proxy by a name of its own, and is not a web page's.

    `allowed_hosts` are more names, `*.example.com` for all below one.

    Raises:
        ApiError: 400 when the request does not name one host; 403 when it names a strange one, or
            a page has sent it. Do not retry either.

    """
    _check_target(request)
    hosts = values_of(request, "Host")
    if len(hosts) > 1 or (not hosts and request.version >= HttpVersion11):
        raise invalid_request(f"Host: expected the header once, found it {len(hosts)} times.")
    if hosts and not _is_allowed(hosts[0], allowed_hosts):
        name = hosts[0][:_SHOWN]
        raise _forbidden(
            f"Host: expected an address, localhost, a name without a dot or one that ends in"
            f" .internal, found {name!r}. If this proxy is meant to be reached by that name, add it"
            f" to server.allowed_hosts in cc-proxy.user.yaml (or CC_PROXY_ALLOWED_HOSTS), and"
            f" `cc-proxy reload`."
        )
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() not in _own_origins(hosts):
        raise _forbidden(
            f"Origin: expected none, found {origin[:_SHOWN]!r}. cc-proxy does not answer web pages;"
            " call it from a program."
        )
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site not in ("none", "same-origin"):
        raise _forbidden(
            f"Sec-Fetch-Site: expected none, found {site[:_SHOWN]!r}. cc-proxy does not answer web"
            " pages; call it from a program."
        )


def is_own_name(name: str, allowed_hosts: Sequence[str] = ()) -> bool:
    """Tell whether a host name, without a port, is one that cannot belong to a web page.

    That is an address (rebinding needs a name), a name without a dot (a machine of this network,
    a service of a composition of containers), a private one, or one of `allowed_hosts`.
    """
    name = name.lower().removesuffix(".")
    if _is_address(name) or name.endswith(_PRIVATE_ENDINGS):
        return True
    # A last part in digits is an address in disguise, and no machine's name: 127.1, 0x7f000001.
    if "." not in name:
        return bool(name) and not name[0].isdecimal()
    return any(
        name.endswith(allowed[1:]) if allowed.startswith("*.") else name == allowed
        for allowed in allowed_hosts
    )


def _check_target(request: web.Request) -> None:
    target = target_of(request)
    if not target.startswith("/"):
        raise invalid_request(
            f"Expected a path, found {target[:_SHOWN]!r}. cc-proxy is no HTTP proxy: it"
            " goes into ANTHROPIC_BASE_URL, not into http_proxy or https_proxy."
        )


def _is_allowed(host: str, allowed_hosts: Sequence[str]) -> bool:
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    if found["v6"] is not None:
        return _is_address(found["v6"])
    return is_own_name(found["name"], allowed_hosts)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _own_origins(hosts: Sequence[str]) -> set[str]:
    return {f"{scheme}://{host.lower()}" for host in hosts for scheme in ("http", "https")}


def _forbidden(message: str) -> ApiError:
    return ApiError(HTTPStatus.FORBIDDEN, "permission_error", message, retry=False)
