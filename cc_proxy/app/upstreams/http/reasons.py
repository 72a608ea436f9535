"""The reason why a connection to a server failed, in a few words."""

import errno
import os
import re
import ssl
from typing import Literal

import aiohttp

How = Literal["unknown name", "refused", "silent", "not trusted", "not https"]

# What the system has found by asking after the other side (sockets.py), and not we by waiting.
_GONE = frozenset({errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN})
_WINDOWS_GONE = frozenset({10050, 10051, 10060, 10065})  # WSAENETDOWN, …UNREACH, …TIMEDOUT
# aiohttp's text, which names the way in brackets behind a longer name, where it is one that only
# another package could undo.
_COMPRESSED = re.compile(r"decode content-encoding: (?:\w+ \((\w+)\))?")


def is_gone(error: BaseException | None) -> bool:
    """Tell whether a connection was lost because the other machine no longer answers at all.

    aiohttp has the system's error as a cause, or its number in an error of its own.
    """
    while error is not None:
        number = error.errno if isinstance(error, OSError) else None
        if number in _GONE or number in _WINDOWS_GONE:
            return True
        error = error.__cause__
    return False


def is_compressed(error: Exception) -> bool:
    """Tell whether an answer came compressed, unasked, and cannot be decompressed."""
    return _COMPRESSED.search(str(error)) is not None


def compressed_as(error: Exception) -> str | None:
    """Return the way in which an answer came compressed, if it is none that is known here."""
    found = _COMPRESSED.search(str(error))
    return found[1] if found else None


def how(error: Exception) -> How:
    """Return in which way no connection came about."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "unknown name"
        case aiohttp.ClientConnectorCertificateError():
            return "not trusted"
        case aiohttp.ClientConnectorSSLError():
            return "not https"
        case aiohttp.ClientProxyConnectionError():
            return "silent"
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return "refused"
    return "silent"


def reason(error: Exception) -> str:  # noqa: PLR0911 - a table
    """Return what a person is told of an error on the way to a server."""
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
        case _ if is_gone(error):
            return "it timed out: the other machine no longer answers"
        case _ if is_compressed(error):
            way = compressed_as(error)
            if way is None:
                return "what came is not compressed as it says"
            return f"what came is compressed as {way}, which was not asked for"
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
