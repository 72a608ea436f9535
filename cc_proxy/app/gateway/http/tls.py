"""TLS on the port of plain HTTP: the first byte of a connection decides which of the two it is.

A client that speaks TLS begins with a record of the type `handshake` (RFC 8446, section 5.1: 22),
which no method of HTTP does. Programs on this machine need no TLS: nobody can overhear them, and
the command line talks to a proxy whose certificate names other hosts.
"""

import asyncio
import logging
import time
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from cc_proxy.app.addresses import is_loopback
from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.config import Server
from cc_proxy.app.gateway.http.error_response import closing_answer
from cc_proxy.app.gateway.http.limits import Limits
from cc_proxy.app.server_certificate import (
    UnusableCertificateError,
    facts,
    server_context,
)

if TYPE_CHECKING:
    import ssl

log = logging.getLogger(__name__)

_HANDSHAKE = 22
# How long the rest of a refused request is read, so that its sender gets to the answer.
_LINGERING_SECONDS = 1.0


class Evictable(Protocol):
    """A connection that may have to make room for another one."""

    def force_close(self) -> None:
        """Close at once."""


class ServerTls:
    """The certificate that new connections get; `is_on` is False where none is configured."""

    def __init__(self, server: Server) -> None:
        self.is_on = False
        self.context: ssl.SSLContext | None = None
        # Those that are not yet connections of the server.
        self.entering: set[TlsEntry] = set()
        self.use(server)

    def use(self, server: Server) -> None:
        """Read the files anew; connections that are open keep what they have."""
        certificate, key = server.tls_certificate, server.tls_key
        self.is_on = certificate is not None and key is not None
        if certificate is None or key is None:
            self.context = None
            return
        try:
            found = facts(certificate, key)
            self.context = server_context(certificate, key)
        except UnusableCertificateError:
            # They were right when the configuration was read, an instant ago.
            log.exception("the certificate cannot be read: cc-proxy reload, once it can")
        else:
            names = ",".join(found.names)
            log.info("https certificate=%s names=%s until=%s", certificate, names, found.last_day)


class TlsEntry(asyncio.Protocol):
    """A connection until it is known what it speaks, and until its handshake is done.

    `protocol` makes what goes on with it. Among `keyless` it makes room as those do that have not
    shown the key.
    """

    def __init__(
        self,
        tls: ServerTls,
        limits: Limits,
        keyless: dict[Evictable, float],
        protocol: Callable[[], asyncio.Protocol],
    ) -> None:
        self._tls = tls
        self._limits = limits
        self._keyless = keyless
        self._protocol = protocol
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._is_refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close the connection if its handshake is not done within `header_seconds`."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server makes
        self._transport = transport
        self._tls.entering.add(self)
        self._keyless[self] = time.monotonic()
        self._close_in(self._limits.header_seconds)

    def data_received(self, data: bytes) -> None:
        """Decide by the first byte."""
        if self._is_refused or self._transport is None:
            return
        if data[0] == _HANDSHAKE:
            self._secure(self._transport, data)
        elif _is_on_this_machine(self._transport):
            self._leave()
            plain = self._protocol()
            self._transport.set_protocol(plain)
            plain.connection_made(self._transport)
            plain.data_received(data)
        else:
            self._refuse(self._transport)

    def connection_lost(self, exc: BaseException | None) -> None:  # noqa: ARG002 - asyncio's name
        """Forget the connection."""
        self._leave()

    def force_close(self) -> None:
        """Close at once, in the middle of a handshake as well."""
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    def _secure(self, transport: asyncio.Transport, data: bytes) -> None:
        context = self._tls.context
        if context is None:
            self.force_close()
            return
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        done.add_done_callback(self._handshake_done)
        # loop.start_tls() would take a connection of which nothing has been read.
        secured = SSLProtocol(loop, self._protocol(), context, done, server_side=True)
        transport.set_protocol(secured)
        # What a client does not take is in one buffer, where it is watched.
        transport.set_write_buffer_limits(high=0)
        secured.connection_made(transport)
        rest = memoryview(data)
        while rest:
            buffer = secured.get_buffer(len(rest))
            count = min(len(buffer), len(rest))
            buffer[:count] = rest[:count]
            secured.buffer_updated(count)
            rest = rest[count:]

    def _handshake_done(self, done: asyncio.Future[None]) -> None:
        self._leave()
        if not done.cancelled() and (error := done.exception()) is not None:
            log.debug("a handshake failed: %s", error)

    def _refuse(self, transport: asyncio.Transport) -> None:
        host = transport.get_extra_info("peername")[0]
        log.warning("plain HTTP from %s is refused: other machines must use https", host)
        self._is_refused = True
        error = invalid_request(
            "Expected https, found plain HTTP from another machine. Write https:// in"
            " ANTHROPIC_BASE_URL. If a key was sent, others may have overheard it."
        )
        transport.write(closing_answer(error, "400 Bad Request"))
        transport.write_eof()
        self._close_in(_LINGERING_SECONDS)

    def _close_in(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(seconds, self.force_close)

    def _leave(self) -> None:
        self._keyless.pop(self, None)
        self._tls.entering.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _is_on_this_machine(transport: asyncio.Transport) -> bool:
    """Return whether the other end is here: on loopback, or at the very address that it asks."""
    other, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
    # A connection that is already broken has none.
    return bool(other and own) and (is_loopback(other[0]) or other[0] == own[0])
