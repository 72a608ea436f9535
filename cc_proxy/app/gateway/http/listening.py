"""A port that stays open: on Windows asyncio gives one up for one client's failure."""

import asyncio
import contextlib
import errno
import logging
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from cc_proxy.app.addresses import (
    IPV4_ANY,
    IPV6_LOOPBACK,
    is_ipv6_any,
    is_localhost,
    to_bind,
)

# Connections that may wait to be taken. Of many at once, the kernel holds up those over it for a
# second or more; aiohttp has 128.
BACKLOG = 4096
# asyncio's selectors accept as many at once as may wait; where no file can be opened any more, each
# try is a line of the log and a timer. Windows accepts one by one.
_TRIES = BACKLOG if sys.platform == "win32" else 8
_NO_FILES = "socket.accept() out of system resource"
_TOLD_SECONDS = 60.0
# CPython 93821: a client that is gone before its connection is accepted has the proactor close
# the listening socket, after it has said this to the handler of exceptions.
_GIVEN_UP = "Accept failed on a socket"

# Windows says EACCES where the other program wants the port for itself.
_TAKEN = {errno.EADDRINUSE, errno.EACCES}

log = logging.getLogger(__name__)


class BoundAddress(NamedTuple):
    """The address of a listening server.

    `shadowed`: it was to listen on `localhost`, and another program has the port on ::1, where
    that name may point.
    """

    host: str
    port: int
    shadowed: bool = False


class _Full:
    """Says that no connection can be accepted: not once for each try, which rotates the log."""

    def __init__(self) -> None:
        self._told_at = -_TOLD_SECONDS

    def note(self, error: OSError) -> None:
        now = time.monotonic()
        if now - self._told_at < _TOLD_SECONDS:
            return
        self._told_at = now
        log.warning(
            "no further connection is accepted for now: %s. Close some, or raise the limit"
            " (ulimit -n)",
            error.strerror,
        )


@contextlib.asynccontextmanager
async def listening(  # noqa: C901 - each of its branches is a failure of its own
    protocol: Callable[[], asyncio.BaseProtocol], host: str, port: int
) -> AsyncIterator[BoundAddress]:
    """Listen until the end of the block; give the address that was bound.

    `localhost` is 127.0.0.1, and ::1 where there is IPv6. `::` is every address of IPv6, and of
    IPv4 where there is IPv4.

    Raises:
        OSError: the address cannot be bound.

    """
    loop = asyncio.get_running_loop()
    servers = [await _listen(protocol, to_bind(host), port)]
    opening: set[asyncio.Task[None]] = set()
    full = _Full()

    def failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context["message"] == _NO_FILES:
            full.note(context["exception"])
        elif context["message"] == _GIVEN_UP:
            # It is closed only after this.
            task = loop.create_task(again(*context["socket"].getsockname()[:2]))
            opening.add(task)
            task.add_done_callback(opening.discard)
        elif before is None:
            loop.default_exception_handler(context)
        else:
            before(loop, context)

    async def again(host: str, port: int) -> None:
        try:
            servers.append(await _listen(protocol, host, port))
        except OSError:
            log.exception("listening again on %s port %d failed: cc-proxy restart", host, port)
        else:
            log.warning("a connection failed before it was accepted; listening again")

    before = loop.get_exception_handler()
    loop.set_exception_handler(failed)
    try:
        bound = BoundAddress(*servers[0].sockets[0].getsockname()[:2])
        if is_localhost(host):
            ipv6, taken = await _listen_on_ipv6(protocol, bound.port)
            servers += ipv6
            # Nobody types `localhost:` and a port that the system has picked.
            bound = bound._replace(shadowed=taken and port != 0)
        elif is_ipv6_any(host):
            servers += await _listen_on_ipv4(protocol, bound.port)
        yield bound
    finally:
        loop.set_exception_handler(before)
        for task in list(opening):
            task.cancel()
        for server in servers:
            server.close()


async def _listen_on_ipv6(
    protocol: Callable[[], asyncio.BaseProtocol], port: int
) -> tuple[list[asyncio.Server], bool]:
    """Listen on ::1 as well, if possible; return also whether another program has the port."""
    try:
        return [await _listen(protocol, IPV6_LOOPBACK, port)], False
    except OSError as error:
        if error.errno in _TAKEN:
            return [], True
        log.debug("this machine has no IPv6: %s", error)
        return [], False


async def _listen_on_ipv4(
    protocol: Callable[[], asyncio.BaseProtocol], port: int
) -> list[asyncio.Server]:
    """Listen on every address of IPv4 as well: asyncio keeps a socket of IPv6 to IPv6 alone.

    Raises:
        OSError: another program has the port there.

    """
    try:
        return [await _listen(protocol, IPV4_ANY, port)]
    except OSError as error:
        if error.errno in _TAKEN:
            raise
        log.debug("this machine has no IPv4: %s", error)
        return []


async def _listen(
    protocol: Callable[[], asyncio.BaseProtocol], host: str, port: int
) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(protocol, host, port, backlog=_TRIES)
    except OSError as error:
        if error.errno is None:  # since Python 3.13: where every address is another machine's
            error.errno = errno.EADDRNOTAVAIL
        raise
    for listener in server.sockets if _TRIES != BACKLOG else ():
        with socket.socket(fileno=os.dup(listener.fileno())) as same:
            same.listen(BACKLOG)
    return server
