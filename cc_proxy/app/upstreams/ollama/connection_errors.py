"""The error for a connection to Ollama that was not made, broke or stayed silent."""

import aiohttp

from cc_proxy.app.chat.errors import (
    UpstreamBrokeError,
    UpstreamError,
    UpstreamStalledError,
    UpstreamUnreachableError,
    WrongServerError,
)
from cc_proxy.app.upstreams.ollama import absence, reasons
from cc_proxy.app.upstreams.ollama.refusals import CHECK_ADDRESS

_CHECK_MACHINE = "Check that its machine is on, and check the network, tunnel or VPN in between."
_CHECK_COMPRESSION = (
    "Ollama does not compress: something in front of it does. Turn that off there for this address."
)
_CHECK_LOG = "Look at Ollama's own log: its runner may have crashed or been restarted."


def connection_error(
    error: Exception, reason: str, *, base_url: str, shown_url: str, silence_seconds: float
) -> UpstreamError:
    """Return the error to raise for what aiohttp or the system reported.

    `reason` is the reason in words, and `shown_url` the address, both without secrets;
    `silence_seconds` is the longest silence that was tolerated.
    """
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
    return UpstreamBrokeError(broke, hint=_CHECK_LOG)


def without_end(max_tokens: int) -> UpstreamBrokeError:
    """Return the error for an answer that is longer than what was asked for."""
    return UpstreamBrokeError(
        f"Ollama was asked for at most {max_tokens} tokens, and its answer does not end.",
        hint=CHECK_ADDRESS,
    )
