"""The error for what an HTTP proxy on the way to a server did."""

from urllib.parse import urlsplit

import aiohttp

from cc_proxy.app.chat.errors import UpstreamError, UpstreamUnreachableError
from cc_proxy.app.upstreams.http.words import ServerWords


def proxy_error(
    error: Exception, reason: str, words: ServerWords, shown_proxy: str | None, base_url: str
) -> UpstreamError | None:
    """Return the error for what the HTTP proxy on the way did; None for what it did not do."""
    around, host = _around(words, base_url), urlsplit(base_url).hostname
    match error:
        case aiohttp.ClientProxyConnectionError():
            return UpstreamUnreachableError(
                f"The HTTP proxy at {shown_proxy} does not answer ({reason}).", hint=around
            )
        case aiohttp.ClientHttpProxyError(status=407):
            return proxy_login(words, shown_proxy)
        case aiohttp.ClientHttpProxyError():
            return UpstreamUnreachableError(
                f"The HTTP proxy at {shown_proxy} does not connect to {host}: {error.status}"
                f" {error.message}.",
                hint=around,
            )
    return None


def proxy_page_error(
    error: UpstreamError, words: ServerWords, shown_proxy: str | None, base_url: str
) -> UpstreamUnreachableError:
    """Return the error for a status with a text that is not the server's, behind an HTTP proxy.

    tinyproxy 1.11 answers 401 to a wrong login, and 500 for what it does not reach.
    """
    text = f"{error.message} The HTTP proxy at {shown_proxy} may have said so."
    return UpstreamUnreachableError(text, hint=_around(words, base_url))


def proxy_login(words: ServerWords, shown_proxy: str | None) -> UpstreamUnreachableError:
    """Return the error for a proxy that lets nobody through without a login."""
    where = f"{words.section}.proxy: http://USER:PASSWORD@HOST:PORT"
    return UpstreamUnreachableError(
        f"The HTTP proxy at {shown_proxy} asks for a login (407).",
        hint=f"Put it into the address of the proxy: {where}",
    )


def _around(words: ServerWords, base_url: str) -> str:
    host = urlsplit(base_url).hostname
    return (
        f"To reach {words.name} without it, set {words.section}.proxy to none, or NO_PROXY={host}"
    )
