"""The error for a connection to a server that was not made, broke or stayed silent."""

import aiohttp

from cc_proxy.app.chat.errors import (
    UpstreamBrokeError,
    UpstreamError,
    UpstreamStalledError,
    UpstreamUnreachableError,
    WrongServerError,
)
from cc_proxy.app.redaction import without_user_info
from cc_proxy.app.upstreams.http import reasons
from cc_proxy.app.upstreams.http.words import ServerWords

_CHECK_MACHINE = "Check that its machine is on, and check the network, tunnel or VPN in between."


def connection_error(
    error: Exception,
    reason: str,
    words: ServerWords,
    base_url: str,
    silence_seconds: float,
) -> UpstreamError:
    """Return the error to raise for what aiohttp or the system reported.

    `reason` is the reason in words, without secrets; `silence_seconds` is the longest silence that
    was tolerated.
    """
    shown_url = without_user_info(base_url)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        more, hint = words.absence(base_url, reasons.how(error))
        text = f"{words.name} does not answer at {shown_url} ({reason})."
        return UpstreamUnreachableError(f"{text} {more}" if more else text, hint=hint)
    broke = f"The connection to {words.name} at {shown_url} broke ({reason})."
    # Python's name for what the system has found is the same as for our own patience.
    if reasons.is_gone(error):
        return UpstreamBrokeError(broke, hint=_CHECK_MACHINE)
    if reasons.is_compressed(error):
        kind = WrongServerError if reasons.compressed_as(error) else UpstreamBrokeError
        return kind(broke, hint=words.check_compression)
    if isinstance(error, TimeoutError):
        return UpstreamStalledError(
            f"{words.name} at {shown_url} was silent for more than {silence_seconds:g} seconds.",
            hint=words.more_time,
        )
    # In TLS 1.3 a missing certificate is refused after the handshake.
    by_gateway = base_url.startswith("https:") and isinstance(
        error, aiohttp.ServerDisconnectedError
    )
    return UpstreamBrokeError(broke, hint=words.check_gateway if by_gateway else words.check_log)
