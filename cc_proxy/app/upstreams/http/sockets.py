"""The sockets towards a server, which notice that the other machine has gone.

A model may be silent for minutes while it reads, and so may a cable that was pulled, a machine that
sleeps, or a router that has forgotten the connection: only the system can tell them apart.
"""

import socket

from aiohttp import AddrInfoType

GONE_SECONDS = 60
_PROBE_SECONDS = 10
_OPTIONS = {
    "TCP_KEEPIDLE": GONE_SECONDS // 2,
    "TCP_KEEPALIVE": GONE_SECONDS // 2,  # the same on macOS
    "TCP_KEEPINTVL": _PROBE_SECONDS,
    "TCP_KEEPCNT": GONE_SECONDS // 2 // _PROBE_SECONDS,
    # Without it a request that is not received is sent again for a quarter of an hour (Linux).
    "TCP_USER_TIMEOUT": GONE_SECONDS * 1000,
}


def watched(address: AddrInfoType) -> socket.socket:
    """Return a socket for an address whose connection breaks soon after the other side is gone.

    Raises:
        OSError: the system has no such sockets.

    """
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _OPTIONS.items():
            if (option := getattr(socket, name, None)) is not None:
                made.setsockopt(socket.IPPROTO_TCP, option, value)
    except OSError:
        made.close()
        raise
    return made
