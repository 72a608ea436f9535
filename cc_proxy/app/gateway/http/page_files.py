"""The files of the page that `cc-proxy ui` opens, and the headers that a browser keeps to."""

from importlib.resources import files

from aiohttp import web

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FOLDER = "/ui/"
# By the path that asks for it; no other file can be had.
FILES = {
    "/ui": "index.html",
    **{
        _FOLDER + name: name
        for name in (
            "style.css",
            "icon.svg",
            "main.js",
            "access.js",
            "dom.js",
            "format.js",
            "history.js",
            "now.js",
            "requests.js",
            "theme.js",
            "timeline.js",
        )
    },
}
# Nothing from elsewhere, no script or style within the page, and no other page around it.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Another version of the proxy has other files.
    "Cache-Control": "no-store",
}


def response(path: str) -> web.Response:
    """Return the file that a path of `FILES` names."""
    name = FILES[path]
    body = (files("cc_proxy") / "data" / "ui" / name).read_bytes()
    kind = _TYPES[name.rpartition(".")[2]]
    return web.Response(body=body, headers={**_HEADERS, "Content-Type": kind})
