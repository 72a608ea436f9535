"""A client of one server over pooled connections, whatever it speaks."""

import asyncio
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import msgspec
from yarl import URL

from cc_proxy.app import certificates
from cc_proxy.app.chat.answer import ChatAnswer
from cc_proxy.app.chat.errors import UpstreamError, WrongServerError
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.redaction import Redactor, login_secrets, without_secrets, without_user_info
from cc_proxy.app.upstreams.http import reasons, transfer
from cc_proxy.app.upstreams.http.connection_errors import connection_error
from cc_proxy.app.upstreams.http.decoder import AnswerDecoder, ReadBatch
from cc_proxy.app.upstreams.http.incoming import Incoming
from cc_proxy.app.upstreams.http.proxy_errors import proxy_error, proxy_login, proxy_page_error
from cc_proxy.app.upstreams.http.restarts import Restarts
from cc_proxy.app.upstreams.http.sockets import watched
from cc_proxy.app.upstreams.http.words import ServerWords
from cc_proxy.app.upstreams.route import DIRECT, Route

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

CONNECT_SECONDS = 5.0
# This clock runs while we are busy ourselves: of a thousand chats that began at once, the last were
# taken for unreachable after 5 seconds. Whoever refuses is known at once.
CHAT_CONNECT_SECONDS = 30.0
QUESTION_SECONDS = 10.0
# A pooled connection that the server has closed in the meantime fails within this time of being
# used; a connection that fails later died while it was at work.
STALE_CONNECTION_SECONDS = 1.0
LARGE_BODY_BYTES = 1024 * 1024
# A thousand models are half a megabyte. What does not end, or unpacks into more, is no answer.
MAX_ANSWER_BYTES = 16 * 1024 * 1024
_OK = 200
_PROXY_LOGIN = 407
_FAILURES = (aiohttp.ClientError, TimeoutError, ConnectionError)


class HttpClient(ABC):
    """Talks to one server; what it says is understood by those who inherit.

    `words` is how errors name it. `silence_seconds` is the longest wait for the next byte, the
    first one included.
    """

    def __init__(
        self,
        words: ServerWords,
        base_url: str,
        *,
        api_key: str | None,
        silence_seconds: float,
        route: Route = DIRECT,
    ) -> None:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        self._words = words
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, socket_factory=watched),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
        )
        self.restarts = Restarts(words.name)
        self._connect_seconds = CHAT_CONNECT_SECONDS
        self._secrets: tuple[str, ...] = ()
        self._point_at(base_url, api_key, silence_seconds, route)

    def give_up_early(self, connect_seconds: float) -> None:
        """Report a server that is away at once: there is another one to ask."""
        self.restarts.patience_seconds = 0.0
        self._connect_seconds = connect_seconds

    def _go_over(
        self, base_url: str, api_key: str | None, silence_seconds: float, route: Route
    ) -> None:
        """Talk to this server from the next request on; answers that run are not touched."""
        if base_url != self.base_url:
            self.restarts.forget()
        # A certificate may have been renewed in its file.
        certificates.default_context.cache_clear()
        self._point_at(base_url, api_key, silence_seconds, route)

    def _point_at(
        self, base_url: str, api_key: str | None, silence_seconds: float, route: Route
    ) -> None:
        self.base_url = base_url
        self.route = route
        self._silence_seconds = silence_seconds
        # An answer that still runs was asked for with the secrets from before.
        secrets = (*self._secrets, api_key or "", *login_secrets(base_url), *route.secrets())
        self._secrets = tuple(dict.fromkeys(secrets))
        self._redactor = Redactor(self._secrets)
        self._session.headers.pop("Authorization", None)
        if api_key and not URL(base_url).user:
            # A login in the address is another one for the same header; it counts.
            self._session.headers["Authorization"] = f"Bearer {api_key}"

    @property
    def shown_url(self) -> str:
        """The address for people and logs: without a password that may be in it."""
        return without_user_info(self.base_url)

    async def __aenter__(self) -> Self:
        """Enter; the session is ready."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def ask(
        self,
        path: str,
        read: Callable[[bytes], Answer],
        body: dict[str, Any] | None = None,
        seconds: float = QUESTION_SECONDS,
    ) -> Answer:
        """Ask a short question, which is answered in so many seconds; `read` understands it.

        Raises:
            UpstreamError: unreachable, refused, stalled, or not an answer of such a server.

        """
        answer, _ = await self._ask(path, read, body, seconds)
        return answer

    async def _ask(
        self,
        path: str,
        read: Callable[[bytes], Answer],
        body: dict[str, Any] | None = None,
        seconds: float = QUESTION_SECONDS,
    ) -> tuple[Answer, Mapping[str, str]]:
        """Ask as `ask` does; return the headers of the answer too."""
        data = None if body is None else json.dumps(body).encode()
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        try:
            async with await self._send(path, data, timeout) as response:
                if response.status != _OK:
                    raise await self._refusal(response)
                answer = await self._whole(response, path, MAX_ANSWER_BYTES)
        except _FAILURES as error:
            raise self._named(error, seconds) from error
        try:
            return read(self._redactor.json(answer)), response.headers
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._wrong_server(f"{path}: {error}") from error

    @abstractmethod
    def _refused(self, status: int, body: bytes, software: str) -> UpstreamError:
        """Return the error for an answer with an error status; `software` is its Server header."""

    @asynccontextmanager
    async def _chat(
        self,
        path: str,
        body: bytes,
        decoder: AnswerDecoder,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[ChatAnswer]:
        """Send a chat request; give its answer as batches of chunks, one batch a read.

        Entering waits for the headers of the answer. Leaving, also by cancellation, closes the
        connection, which stops the generation at once.

        Raises:
            UpstreamError: unreachable, refused, stalled or broken, also while iterating.

        """
        response = await self._post(path, body, headers)
        del body
        try:
            if response.status != _OK:
                raise await self._refusal(response)
            incoming = Incoming(response, decoder, self._words.name, self._silence_seconds)
            batches = self._batches(response, incoming, decoder)
            try:
                yield ChatAnswer(batches, incoming)
            finally:
                await batches.aclose()
                incoming.end()
        finally:
            # Not release(): an unread answer must end the connection, and with it the model's
            # work. A fully read one is already back in the pool and close() leaves it there.
            response.close()

    async def _batches(
        self, response: aiohttp.ClientResponse, incoming: Incoming, decoder: AnswerDecoder
    ) -> AsyncGenerator[list[ChatChunk], None]:
        try:
            while found := await self._read(incoming, decoder):
                batch, trouble = found
                if batch:
                    yield batch
                if trouble is not None:
                    raise trouble
                if batch and batch[-1].done:
                    await transfer.drain(response)
                    return
            batch, trouble = decoder.finish()
            if batch:
                yield batch
            if trouble is not None:
                raise trouble
        except _FAILURES as error:
            raise self._named(error) from error
        except UpstreamError as error:
            self._redactor.error(error)
            raise

    async def _read(self, incoming: Incoming, decoder: AnswerDecoder) -> ReadBatch | None:
        """Return what came; None at the end, which a broken connection is behind a whole answer."""
        try:
            return await incoming.read()
        except _FAILURES:
            if decoder.is_whole:
                return None
            raise

    async def _post(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> aiohttp.ClientResponse:
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self._connect_seconds, sock_read=self._silence_seconds
        )
        try:
            return await self.restarts.send(lambda: self._send(path, body, timeout, headers))
        except _FAILURES as error:
            raise self._named(error) from error

    async def _send(
        self,
        path: str,
        body: bytes | None,
        limits: aiohttp.ClientTimeout,
        headers: Mapping[str, str] | None = None,
    ) -> aiohttp.ClientResponse:
        """Send a request, and once more if the connection it went over was dead already."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            return await self._send_once(path, body, limits, headers)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if loop.time() - began > STALE_CONNECTION_SECONDS:
                raise
            why, name = reasons.reason(error), self._words.name
            log.info("%s has closed a connection (%s): asked over a new one", name, why)
            return await self._send_once(path, body, limits, headers)

    async def _send_once(
        self,
        path: str,
        body: bytes | None,
        limits: aiohttp.ClientTimeout,
        headers: Mapping[str, str] | None,
    ) -> aiohttp.ClientResponse:
        data: bytes | AsyncIterator[bytes] | None = body
        more = dict(headers or {})
        if body and len(body) >= LARGE_BODY_BYTES:
            # In one piece it could block the loop; a file would have each piece read by a thread.
            data = transfer.pieces(body)
            more["Content-Length"] = str(len(body))
        method = "GET" if body is None else "POST"
        response = await self._request(method, path, data, more, limits)
        self.restarts.answered()
        return response

    async def _request(
        self,
        method: str,
        path: str,
        data: bytes | AsyncIterator[bytes] | None,
        headers: dict[str, str],
        limits: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        return await self._session.request(
            method,
            self.base_url + path,
            data=data,
            headers=self.route.headers_for(self.base_url) | headers,
            timeout=limits,
            allow_redirects=False,
            ssl=self.route.tls(self.base_url),
            proxy=self.route.proxy,
        )

    async def _refusal(self, response: aiohttp.ClientResponse) -> UpstreamError:
        """Return the error for an answer that is not a 200."""
        if target := response.headers.get("Location"):
            shown = self._redactor.text(without_secrets(target))
            return self._wrong_server(f"{response.status}, go to {shown}")
        if response.status == _PROXY_LOGIN and self.route.proxy:
            return proxy_login(self._words, self.route.shown_proxy)
        text = self._redactor.json(await transfer.error_text(response))
        refusal = self._refused(response.status, text, response.headers.get("Server", ""))
        if self.route.proxy and refusal.hint == self._words.check_address:
            return proxy_page_error(refusal, self._words, self.route.shown_proxy, self.base_url)
        return refusal

    async def _whole(self, response: aiohttp.ClientResponse, path: str, limit: int) -> bytes:
        answer = bytearray()
        while piece := await response.content.readany():
            answer += piece
            if len(answer) > limit:
                raise self._wrong_server(f"{path}: more than {limit} bytes")
        return bytes(answer)

    def _wrong_server(self, found: str) -> WrongServerError:
        return WrongServerError(
            f"What answers at {self.shown_url} is not {self._words.kind} ({found}).",
            hint=self._words.check_address,
        )

    def _named(self, error: Exception, silence_seconds: float | None = None) -> UpstreamError:
        reason = self._redactor.text(reasons.reason(error))
        seconds = silence_seconds or self._silence_seconds
        shown_proxy = self.route.shown_proxy
        if found := proxy_error(error, reason, self._words, shown_proxy, self.base_url):
            return found
        return connection_error(error, reason, self._words, self.base_url, seconds)
