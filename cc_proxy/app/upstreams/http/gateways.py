"""Errors of a web server or load balancer in front of a server that runs models.

Such a server sends its headers with the first token: a gateway waits for it while a prompt is
read, and most wait for a minute.
"""

from typing import NamedTuple

from cc_proxy.app.chat.errors import GatewayError, Refusal

_TOO_LARGE = frozenset({413})
# 524 is Cloudflare's: connected, and no answer in time.
_TOO_SLOW = frozenset({408, 504, 524})
# 520 to 523 are Cloudflare's, for what it cannot reach.
_NOT_REACHED = frozenset({502, 503, 520, 521, 522, 523})


class _Gateway(NamedTuple):
    """A kind of gateway: what its `Server` begins with, and what lifts its two limits."""

    name: str
    begins: str
    time: str
    size: str


_GATEWAYS = (
    _Gateway(
        "nginx", "nginx", "In nginx: proxy_read_timeout 1h;", "In nginx: client_max_body_size 64m;"
    ),
    _Gateway(
        "nginx",
        "openresty",
        "In nginx: proxy_read_timeout 1h;",
        "In nginx: client_max_body_size 64m;",
    ),
    _Gateway(
        "Cloudflare",
        "cloudflare",
        "Cloudflare waits 100 seconds on most plans: reach the server past it, over a VPN or SSH.",
        "Cloudflare takes 100 MB on most plans: reach the server past it, over a VPN or SSH.",
    ),
    _Gateway(
        "Caddy",
        "caddy",
        "In Caddy: no read_timeout or response_header_timeout in the transport of reverse_proxy.",
        "In Caddy: request_body { max_size 64MB }",
    ),
    _Gateway("Apache", "apache", "In Apache: ProxyTimeout 3600", "In Apache: LimitRequestBody 0"),
    _Gateway(
        "An AWS load balancer",
        "awselb",
        "Raise idle_timeout.timeout_seconds of the load balancer, up to 4000.",
        "A load balancer for Lambda takes 1 MB: use one for instances or addresses.",
    ),
    _Gateway(
        "Squid", "squid", "In Squid: read_timeout 1 hour", "In Squid: request_body_max_size 0"
    ),
    _Gateway("tinyproxy", "tinyproxy", "In tinyproxy: Timeout 3600", ""),
)
_ANY = _Gateway(
    "A gateway",
    "",
    "Raise its timeout: nginx proxy_read_timeout, HAProxy timeout server, Apache ProxyTimeout.",
    "Raise its limit: nginx client_max_body_size, Apache LimitRequestBody.",
)
# Without a name, but with these words (HAProxy 2 and 3).
_HAPROXY = _Gateway("HAProxy", "", "In HAProxy: timeout server 1h", "")
_OF_HAPROXY = (b"The server didn't respond in time.", b"No server is available to handle this")


def gateway_error(refusal: Refusal, software: str, body: bytes) -> GatewayError | None:
    """Return the error for an answer that is not the server's own; None if it is no gateway's.

    `software` is the `Server` header, whose own words are not shown.
    """
    gateway = _gateway(software, body)
    who, server, status = gateway.name, refusal.server, refusal.status
    between = f"{who} in front of {server}"
    if status in _TOO_LARGE:
        text = f"{between} takes no request as large as this one ({status})."
        return GatewayError(refusal, text, gateway.size or _ANY.size, is_lasting=True)
    if status in _TOO_SLOW:
        text = f"{between} did not wait for the model's first word ({status})."
        return GatewayError(refusal, text, gateway.time, is_lasting=True)
    if status in _NOT_REACHED:
        text = f"{between} does not reach it ({status}): {refusal.text}."
        where = f"Check that {server} runs, and the address that the gateway has for it."
        return GatewayError(refusal, text, where, is_lasting=False)
    return None


def _gateway(software: str, body: bytes) -> _Gateway:
    if any(words in body for words in _OF_HAPROXY):
        return _HAPROXY
    begins = software.lower()
    return next((one for one in _GATEWAYS if begins.startswith(one.begins)), _ANY)
