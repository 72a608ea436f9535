"""Ollama's checks of the Host and Origin headers."""

import ipaddress
import re
import socket

from aiohttp import web

_METHODS = ("HEAD", "GET", "POST")
_LOCAL_ENDINGS = (".localhost", ".local", ".internal")
# Ollama's default list of origins; others get 403 (recordings 84b, 84c).
_ORIGIN = re.compile(
    r"(?:https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?"
    r"|(?:app|file|tauri|vscode-webview|vscode-file)://.*)"
)
_CORS = {
    "Access-Control-Allow-Headers": (
        "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta,"
        "X-Stainless-Arch,X-Stainless-Async,X-Stainless-Custom-Poll-Interval,"
        "X-Stainless-Helper-Method,X-Stainless-Lang,X-Stainless-Os,X-Stainless-Package-Version,"
        "X-Stainless-Poll-Helper,X-Stainless-Retry-Count,X-Stainless-Runtime,"
        "X-Stainless-Runtime-Version,X-Stainless-Timeout"
    ),
    "Access-Control-Allow-Methods": "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS",
    "Access-Control-Max-Age": "43200",
}


def forbids(request: web.Request, *, loopback: bool) -> bool:
    """Tell whether a request is refused for its Host (only when bound to loopback) or Origin."""
    origin = request.headers.get("Origin")
    if origin and not _ORIGIN.fullmatch(origin) and origin.partition("://")[2] != request.host:
        return True
    return loopback and not _is_local(_host(request.host))


def preflight(request: web.Request) -> web.Response:
    """Answer OPTIONS (recording 97c)."""
    origin = request.headers.get("Origin")
    response = web.Response(status=204)
    unrouted = request.match_info.http_exception
    if isinstance(unrouted, web.HTTPMethodNotAllowed):
        response.headers["Allow"] = allowed(unrouted)
    if origin:
        response.headers.update(_CORS)
        response.headers["Access-Control-Allow-Origin"] = origin
        for name in ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"):
            response.headers.add("Vary", name)
    return response


def allowed(error: web.HTTPMethodNotAllowed) -> str:
    """Return the methods of a path in the order that Ollama names them (recordings 24, 25)."""
    return ", ".join(name for name in _METHODS if name in error.allowed_methods)


def allow_origin(request: web.Request, response: web.StreamResponse) -> None:
    """Add what a browser needs to a normal answer (recording 84c)."""
    origin = request.headers.get("Origin")
    if origin and request.method != "OPTIONS" and _ORIGIN.fullmatch(origin):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"


def _host(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0] if header.count(":") == 1 else header


def _is_local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.lower()
        named = ("", "localhost", socket.gethostname().lower())
        return name in named or name.endswith(_LOCAL_ENDINGS)
    return address.is_loopback or address.is_private or address.is_unspecified
