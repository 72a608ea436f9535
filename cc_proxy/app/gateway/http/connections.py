"""Connections before they are requests: how many, for how long, and what is no HTTP."""

import asyncio
import logging
import time
from collections.abc import Callable

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.http import HttpRequestParser, RawRequestMessage
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestPayloadError

from cc_proxy.app.anthropic.errors import ApiError, fault, invalid_request
from cc_proxy.app.gateway.http.aiohttp_versions import values_of
from cc_proxy.app.gateway.http.error_response import (
    closing_answer,
    error_response,
    new_request_id,
)
from cc_proxy.app.gateway.http.limits import Limits
from cc_proxy.app.gateway.http.tls import Evictable, ServerTls, TlsEntry

log = logging.getLogger(__name__)

# What `Server` says of this one.
NAME = "cc-proxy"
# How often it is looked, in the time that a client may take nothing, whether it does.
_LOOKS = 10
# How long the rest of a body is read that nobody wants, so that its sender gets to the answer.
_LINGERING_SECONDS = 10.0
_KEYLESS_LINGERING_SECONDS = 1.0
# So much of a header is shown in an error.
_SHOWN = 50
# From connecting to showing the key, before a connection may have to make room.
_GRACE_SECONDS = 1.0


def protocol_factory(
    server: web.Server, limits: Limits, tls: ServerTls
) -> Callable[[], asyncio.Protocol]:
    """Return what makes the protocol of each new connection; those too many are refused."""
    keyless: dict[Evictable, float] = {}

    def make() -> asyncio.Protocol:
        # Whoever has the key gets in, however many come without: the oldest of those makes room.
        # Of many that come at once, none had the time to show it.
        now = time.monotonic()
        while len(keyless) >= limits.keyless_connections:
            oldest, since = next(iter(keyless.items()))
            if now - since < _GRACE_SECONDS:
                break
            oldest.force_close()
        if len(server.connections) + len(tls.entering) >= limits.connections:
            if not keyless:
                log.warning("a connection is refused: %d are open", limits.connections)
                return _Refusal(limits)
            next(iter(keyless)).force_close()
        return TlsEntry(tls, limits, keyless, connection) if tls.is_on else connection()

    def connection() -> Connection:
        return Connection(server, limits, keyless)

    return make


class Connection(web.RequestHandler):
    """One connection; its first request must come soon, and what is no HTTP is told so.

    A client that takes nothing of an answer for too long (one that was suspended, say) is given
    up, as if it had left: its handler is cancelled, which stops the model.
    """

    __slots__ = (
        "_keyless",
        "_keyless_bytes",
        "_limits",
        "_secured",
        "_taken_at",
        "_unheard",
        "_untaken",
        "_untaken_look",
    )

    def __init__(self, server: web.Server, limits: Limits, keyless: dict[Evictable, float]) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # as web.AppRunner passes it
            keepalive_timeout=limits.idle_seconds,
            max_line_size=limits.line_bytes,
            max_field_size=limits.line_bytes,
            max_headers=limits.headers,
            # What is small on the wire must not become large here.
            auto_decompress=False,
            lingering_time=_KEYLESS_LINGERING_SECONDS,
        )
        # aiohttp's parser reads many requests in one go, and drops them all if what follows is no
        # request: this one stops after each.
        self._parser = HttpRequestParser(
            self,
            self._loop,
            self._read_bufsize,
            max_line_size=limits.line_bytes,
            max_field_size=limits.line_bytes,
            max_headers=limits.headers,
            payload_exception=RequestPayloadError,
            auto_decompress=False,
            max_msg_queue_size=1,
        )
        self._limits = limits
        # Those that have not shown the key, the oldest first; this one is among them at first.
        self._keyless = keyless
        self._keyless_bytes = 0
        self._unheard: asyncio.TimerHandle | None = None
        self._secured: asyncio.Transport | None = None
        # What the client has not taken yet, in bytes, and when it last took something.
        self._untaken = 0
        self._taken_at = 0.0
        self._untaken_look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close the connection if no request has come within `header_seconds`."""
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server makes
        # Writing is paused by every byte that is not taken, even behind the end of an answer.
        # (That of TLS pauses with as many bytes as it may have.)
        self._secured = transport if transport.get_extra_info("sslcontext") else None
        transport.set_write_buffer_limits(high=1 if self._secured else 0)
        loop = asyncio.get_running_loop()
        self._unheard = loop.call_later(self._limits.header_seconds, self.force_close)
        self._keyless[self] = time.monotonic()

    def data_received(self, data: bytes) -> None:
        """Take what came; who has not shown the key may not send much."""
        if self in self._keyless:
            self._keyless_bytes += len(data)
            if self._keyless_bytes > self._limits.keyless_bytes:
                self.force_close()
                return
        try:
            self._read_requests(data)
        except MemoryError:
            log.error(  # noqa: TRY400 - a traceback takes memory, too, and says no more
                "there is no memory for what a client sends: its connection is closed"
            )
            self.force_close()

    def _read_requests(self, data: bytes) -> None:
        is_first = True
        while True:
            count = self._request_count
            super().data_received(data)
            # The first go may have done no more than end the body of an earlier request.
            if self._is_held_up() or (self._request_count == count and not is_first):
                return
            is_first, data = False, b""

    def _is_held_up(self) -> bool:
        """Return whether what has come holds no further request for now."""
        if self._reading_paused or self._upgraded or self._close or self._force_close:
            return True
        is_full = len(self._messages) >= self._max_msg_queue_size
        # What follows garbage is not read.
        return is_full or bool(
            self._messages and not isinstance(self._messages[-1][0], RawRequestMessage)
        )

    def force_close(self) -> None:
        """Close at once, and make room for another one."""
        was_keyless = self._keyless.pop(self, None) is not None
        super().force_close()
        if was_keyless and self._secured is not None:
            # TLS would wait for the other side to close as well.
            self._secured.abort()

    def trust(self) -> None:
        """Note that the key was shown: longer limits apply from now on."""
        self._keyless.pop(self, None)
        self._lingering_time = _LINGERING_SECONDS

    def answered(self) -> None:
        """Note that a request was answered: without the key the next one must come soon."""
        if self in self._keyless and self._unheard is None:
            loop = asyncio.get_running_loop()
            self._unheard = loop.call_later(self._limits.keyless_idle_seconds, self.force_close)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Cancel the time limits."""
        self._keyless.pop(self, None)
        self.heard()
        self._all_taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Watch whether what waits is taken."""
        super().pause_writing()
        if self.transport is not None:
            self._untaken = 0
            self._look_at_untaken(self.transport)

    def resume_writing(self) -> None:
        """Note that all is taken."""
        self._all_taken()
        super().resume_writing()

    def _all_taken(self) -> None:
        if self._untaken_look is not None:
            self._untaken_look.cancel()
            self._untaken_look = None

    def _look_at_untaken(self, transport: asyncio.Transport) -> None:
        # The transport as it was: aiohttp forgets one that it closes, which first sends what waits.
        loop = asyncio.get_running_loop()
        untaken, now = transport.get_write_buffer_size(), loop.time()
        seconds = self._limits.stall_seconds
        if untaken != self._untaken:
            self._untaken, self._taken_at = untaken, now
        elif now - self._taken_at >= seconds:
            log.warning("the client has read nothing for %g seconds: it is given up", seconds)
            transport.abort()
            return
        self._untaken_look = loop.call_later(seconds / _LOOKS, self._look_at_untaken, transport)

    def heard(self) -> None:
        """Note that a request has come."""
        if self._unheard is not None:
            self._unheard.cancel()
            self._unheard = None

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Write a response in HTTP/1.1, and in the API's form if none of ours has made it."""
        if resp.status == web.HTTPExpectationFailed.status_code:
            # aiohttp raises it before any handler runs; nothing of ours answers so.
            found = request.headers.get("Expect", "")[:_SHOWN]
            error = ApiError(
                resp.status,
                "invalid_request_error",
                f"Expect: expected 100-continue or no such header, found {found!r}.",
                retry=False,
                quotes=(repr(found),),
            )
            log.warning("a request is refused: %s", error.log_text)
            resp = error_response(error, new_request_id())
            resp.headers["Server"] = NAME
            resp.force_close()
        if request.version not in (HttpVersion10, HttpVersion11):
            # aiohttp would answer in a version that neither side speaks.
            request._version = HttpVersion11  # noqa: SLF001 - it has no other way
            request._cache.pop("version", None)  # noqa: SLF001 - it was read, and kept
        wanted_upgrade = self._upgraded
        finished = await super().finish_response(request, resp, start_time)
        if wanted_upgrade:
            # What followed a declined upgrade: it has read one request of that.
            self.data_received(b"")
        return finished

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP, or what no other place has caught, and close."""
        self.heard()
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun and cannot become another one")
        if status == web.HTTPBadRequest.status_code:
            # That of a request that could not be read is not known.
            request._version = HttpVersion11  # noqa: SLF001 - it has no other way
            error = _unreadable(exc, message, self._limits)
            log.warning("a request that cannot be read: %s", error.message)
        else:
            log.error("internal error outside of every handler", exc_info=exc)
            error = fault()
        response = error_response(error, new_request_id())
        response.headers["Server"] = NAME
        response.force_close()
        return response


def note(request: web.BaseRequest) -> None:
    """Note on a request's connection that it has come."""
    if isinstance(request.protocol, Connection):
        request.protocol.heard()


def trust(request: web.BaseRequest) -> None:
    """Note on a request's connection that it has shown the key."""
    if isinstance(request.protocol, Connection):
        request.protocol.trust()


def answered(request: web.BaseRequest) -> None:
    """Note on a request's connection that it was answered."""
    if isinstance(request.protocol, Connection):
        request.protocol.answered()


def check(request: web.BaseRequest) -> None:
    """Let a request pass that is one of HTTP/1.0 or 1.1, with a body that is cut in one way.

    Raises:
        ApiError: 400.

    """
    version = request.version
    if version not in (HttpVersion10, HttpVersion11):
        raise invalid_request(
            f"Expected a request in HTTP/1.1, found HTTP/{version.major}.{version.minor}."
        )
    codings = values_of(request, "Transfer-Encoding")
    if codings and [coding.strip().lower() for coding in codings] != ["chunked"]:
        raise invalid_request("Transfer-Encoding: expected chunked and no other coding.")


class _Refusal(asyncio.Protocol):
    """A connection too many."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server makes
        most = self._limits.connections
        error = ApiError(529, "overloaded_error", f"cc-proxy has {most} connections open.")
        transport.write(closing_answer(error, "529 Overloaded", "retry-after: 1"))
        transport.close()


def _unreadable(exc: BaseException | None, message: str | None, limits: Limits) -> ApiError:
    if isinstance(exc, LineTooLong):
        return ApiError(
            431,
            "invalid_request_error",
            f"Expected a first line and headers of at most {limits.line_bytes} bytes each,"
            " found more.",
            retry=False,
        )
    # What follows is the text that was found; a key may be in it.
    reason = (message or "").partition("\n")[0].partition(":")[0].strip()
    return invalid_request(f"Expected a request in HTTP/1.1, found what is none ({reason}).")
