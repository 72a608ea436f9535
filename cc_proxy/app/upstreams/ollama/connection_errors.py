"""The error for a connection to Ollama that was not made, broke or stayed silent."""

from urllib.parse import urlsplit

import aiohttp

from cc_proxy.app.chat.errors import (
    UpstreamBrokeError,
    UpstreamError,
    UpstreamStalledError,
    UpstreamUnreachableError,
    WrongServerError,
)
from cc_proxy.app.redaction import without_user_info
from cc_proxy.app.upstreams.ollama import absence, reasons
from cc_proxy.app.upstreams.ollama.refusals import CHECK_ADDRESS

_CHECK_MACHINE = "Check that its machine is on, and check the network, tunnel or VPN in between."
_CHECK_COMPRESSION = (
    "Ollama does not compress: something in front of it does. Turn that off there for this address."
)
_PROXY_LOGIN = "Put it into the address of the proxy: ollama.proxy: http://USER:PASSWORD@HOST:PORT"
# Ollama itself has no https. In TLS 1.3 a missing certificate is refused after the handshake.
_CHECK_GATEWAY = (
    "Look at the log of the gateway in front of Ollama. If it asks for a certificate, set"
    " ollama.client_cert (and ollama.client_key) in cc-proxy.user.yaml."
)
_CHECK_LOG = "Look at Ollama's own log: its runner may have crashed or been restarted."


def connection_error(
    error: Exception,
    reason: str,
    *,
    base_url: str,
    silence_seconds: float,
    shown_proxy: str | None,
) -> UpstreamError:
    """Return the error to raise for what aiohttp or the system reported.

    `reason` is the reason in words, without secrets; `silence_seconds` is the longest
    silence that was tolerated; `shown_proxy` is the HTTP proxy on the way, None for none.
    """
    shown_url = without_user_info(base_url)
    if found := _proxy_error(error, reason, shown_proxy, base_url):
        return found
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        more, hint = absence.explained(base_url, reasons.how(error))
        text = f"Ollama does not answer at {shown_url} ({reason})."
        return UpstreamUnreachableError(f"{text} {more}" if more else text, hint=hint)
    broke = f"The connection to Ollama at {shown_url} broke ({reason})."
    # Python's name for what the system has found is the same as for our own patience.
    if reasons.is_gone(error):
        return UpstreamBrokeError(broke, hint=_CHECK_MACHINE)
    if reasons.is_compressed(error):
        kind = WrongServerError if reasons.compressed_as(error) else UpstreamBrokeError
        return kind(broke, hint=_CHECK_COMPRESSION)
    if isinstance(error, TimeoutError):
        return UpstreamStalledError(
            f"Ollama at {shown_url} was silent for more than {silence_seconds:g} seconds.",
            hint="If the model needs longer, raise OLLAMA_TIMEOUT_SECONDS.",
        )
    by_gateway = base_url.startswith("https:") and isinstance(
        error, aiohttp.ServerDisconnectedError
    )
    return UpstreamBrokeError(broke, hint=_CHECK_GATEWAY if by_gateway else _CHECK_LOG)


def _proxy_error(
    error: Exception, reason: str, shown_proxy: str | None, base_url: str
) -> UpstreamError | None:
    """Return the error for what the HTTP proxy on the way did; None for what it did not do."""
    around, host = _around(base_url), urlsplit(base_url).hostname
    match error:
        case aiohttp.ClientProxyConnectionError():
            return UpstreamUnreachableError(
                f"The HTTP proxy at {shown_proxy} does not answer ({reason}).", hint=around
            )
        case aiohttp.ClientHttpProxyError(status=407):
            return proxy_login(shown_proxy)
        case aiohttp.ClientHttpProxyError():
            return UpstreamUnreachableError(
                f"The HTTP proxy at {shown_proxy} does not connect to {host}: {error.status}"
                f" {error.message}.",
                hint=around,
            )
    return None


def proxy_page_error(
    error: UpstreamError, shown_proxy: str | None, base_url: str
) -> UpstreamUnreachableError:
    """Return the error for a status with a text that is not Ollama's, behind an HTTP proxy.

    tinyproxy 1.11 answers 401 to a wrong login, and 500 for what it does not reach.
    """
    text = f"{error.message} The HTTP proxy at {shown_proxy} may have said so."
    return UpstreamUnreachableError(text, hint=_around(base_url))


def proxy_login(shown_proxy: str | None) -> UpstreamUnreachableError:
    """Return the error for a proxy that lets nobody through without a login."""
    return UpstreamUnreachableError(
        f"The HTTP proxy at {shown_proxy} asks for a login (407).", hint=_PROXY_LOGIN
    )


def _around(base_url: str) -> str:
    host = urlsplit(base_url).hostname
    return f"To reach Ollama without it, set ollama.proxy to none, or NO_PROXY={host}"


def without_end(max_tokens: int) -> UpstreamBrokeError:
    """Return the error for an answer that is longer than what was asked for."""
    return UpstreamBrokeError(
        f"Ollama was asked for at most {max_tokens} tokens, and its answer does not end.",
        hint=CHECK_ADDRESS,
    )
