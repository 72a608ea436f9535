"""The shortest way to ask the proxy of a session about it.

Claude Code runs the status line with the variables that it itself uses, so the address and the key
are there. `http.client` alone takes longer to import than all of this to run.
"""

import json
import socket
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

_SECONDS = 1.0
_MAX_BYTES = 1 << 20
_DEFAULT_PORT = 80
_OK = b"200"

Json = dict[str, object]


def activity_of(session: str, environ: Mapping[str, str]) -> Json:
    """Return the proxy's answer about a session, empty if it does not answer in time.

    `environ` has the address and the key that Claude Code uses.
    """
    key = environ.get("ANTHROPIC_AUTH_TOKEN", "")
    try:
        address = urlsplit(environ.get("ANTHROPIC_BASE_URL", ""))
        host, port = address.hostname, address.port or _DEFAULT_PORT
    except ValueError:
        return {}
    # Both go into a header as they are.
    plain = f"{address.netloc}{key}"
    if address.scheme != "http" or not host or not key or not plain.isprintable():
        return {}
    target = f"/activity?upstream=0&session={quote(session, safe='')}"
    # Without chunks, and the connection ends with the answer.
    head = f"GET {target} HTTP/1.0\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n\r\n"
    try:
        answer = _exchange(host, port, head.encode())
    except (OSError, UnicodeError):
        return {}
    headers, _, body = answer.partition(b"\r\n\r\n")
    if headers[:12].split(b" ")[1:2] != [_OK]:
        return {}
    return read_object(body)


def read_object(text: bytes) -> Json:
    """Return the JSON object that a text is, empty if it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _exchange(host: str, port: int, request: bytes) -> bytes:
    with socket.create_connection((host, port), timeout=_SECONDS) as connection:
        connection.sendall(request)
        pieces = []
        size = 0
        while size < _MAX_BYTES and (piece := connection.recv(1 << 16)):
            pieces.append(piece)
            size += len(piece)
    return b"".join(pieces)
