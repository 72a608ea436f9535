"""A port that stays open: on Windows asyncio gives one up for one client's failure."""

import asyncio
import contextlib
import errno
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

# Connections that may wait to be taken. Of many at once, the kernel holds up those over it for a
# second or more; aiohttp has 128.
BACKLOG = 4096
# CPython 93821: a client that is gone before its connection is accepted has the proactor close
# the listening socket, after it has said this to the handler of exceptions.
_GIVEN_UP = "Accept failed on a socket"

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def listening(
    protocol: Callable[[], asyncio.BaseProtocol], host: str, port: int
) -> AsyncIterator[tuple[str, int]]:
    """Listen until the end of the block; give the host and the port that were bound.

    Raises:
        OSError: the address cannot be bound.

    """
    loop = asyncio.get_running_loop()
    servers = [await _listen(protocol, host, port)]
    opening: set[asyncio.Task[None]] = set()

    def failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context["message"] == _GIVEN_UP:
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
        bound = servers[0].sockets[0].getsockname()
        yield bound[0], bound[1]
    finally:
        loop.set_exception_handler(before)
        for task in list(opening):
            task.cancel()
        for server in servers:
            server.close()


async def _listen(
    protocol: Callable[[], asyncio.BaseProtocol], host: str, port: int
) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(protocol, host, port, backlog=BACKLOG)
    except OSError as error:
        if error.errno is None:  # since Python 3.13: where every address is another machine's
            error.errno = errno.EADDRNOTAVAIL
        raise
