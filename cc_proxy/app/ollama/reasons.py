"""Why a connection to Ollama failed, in a few words."""

import os
import ssl

import aiohttp

from cc_proxy.app.ollama import absence


def how(error: Exception) -> absence.How:
    """Return in which way no connection came about."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "unknown name"
        case aiohttp.ClientConnectorCertificateError():
            return "not trusted"
        case aiohttp.ClientConnectorSSLError():
            return "not https"
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return "refused"
    return "silent"


def reason(error: Exception) -> str:  # noqa: PLR0911 - a table
    """Return what a person is told of an error on the way to Ollama."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return error.os_error.strerror or "unknown name"
        case aiohttp.ClientConnectorCertificateError(
            certificate_error=ssl.SSLCertVerificationError() as found
        ):
            return f"its certificate is not trusted: {found.verify_message}"
        case aiohttp.ClientConnectorSSLError():
            return "it does not speak https"
        case aiohttp.ClientConnectorError():
            return _system_words(error.os_error)
        case aiohttp.ClientPayloadError() if "content-encoding" in str(error):
            return "what came is not compressed as it says"
        case aiohttp.ClientPayloadError():
            return "it ended before the answer did"
        case aiohttp.ClientResponseError():
            return "what came is not HTTP"
    return str(error) or type(error).__name__


def _system_words(error: OSError) -> str:
    """Return why a connection was not made; asyncio's text has the address, and not the reason."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    words = os.strerror(error.errno) if error.errno else ""
    if not words or words.startswith("Unknown error"):  # Windows numbers sockets' errors apart
        words = error.strerror or type(error).__name__
    return words
