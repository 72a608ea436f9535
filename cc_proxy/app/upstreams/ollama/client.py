"""The one HTTP client towards Ollama."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import msgspec
from yarl import URL

from cc_proxy.app import certificates
from cc_proxy.app.chat.answer import ChatAnswer
from cc_proxy.app.chat.errors import UpstreamBrokeError, UpstreamError, WrongServerError
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.config import Ollama as OllamaSettings
from cc_proxy.app.redaction import Redactor, login_secrets, without_secrets, without_user_info
from cc_proxy.app.upstreams.ollama import reading, reasons, transfer
from cc_proxy.app.upstreams.ollama.connection_errors import (
    connection_error,
    proxy_login,
    proxy_page_error,
    without_end,
)
from cc_proxy.app.upstreams.ollama.incoming import Incoming
from cc_proxy.app.upstreams.ollama.pull import PullLine, interrupted, read_lines
from cc_proxy.app.upstreams.ollama.refusals import CHECK_ADDRESS, refused
from cc_proxy.app.upstreams.ollama.restarts import Restarts
from cc_proxy.app.upstreams.ollama.sockets import watched
from cc_proxy.app.upstreams.route import DIRECT, Route

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

CONNECT_SECONDS = 5.0
# This clock runs while we are busy ourselves: of a thousand chats that began at once, the last were
# taken for unreachable after 5 seconds. Whoever refuses is known at once.
CHAT_CONNECT_SECONDS = 30.0
QUESTION_SECONDS = 10.0
# A pooled connection that Ollama has closed in the meantime fails within this time of being
# used; a connection that fails later died while it was at work.
STALE_CONNECTION_SECONDS = 1.0
# A line has a token, or a part of one. To load a model takes none.
MAX_CHUNKS_A_TOKEN = 4
MIN_CHUNKS = 1000
LARGE_BODY_BYTES = 1024 * 1024
# A thousand models are half a megabyte. What does not end, or unpacks into more, is not Ollama's.
MAX_ANSWER_BYTES = 16 * 1024 * 1024
_PROXY_LOGIN = 407


class OllamaClient:
    """Talks to one Ollama server over pooled connections.

    `silence_seconds` is the longest wait for the next byte, the first one included: Ollama
    sends nothing, not even headers, while it loads a model or reads a prompt.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None,
        silence_seconds: float,
        route: Route = DIRECT,
    ) -> None:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, socket_factory=watched),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
        )
        self.restarts = Restarts()
        self._secrets: tuple[str, ...] = ()
        self._point_at(base_url, api_key, silence_seconds, route)

    @classmethod
    def configured(cls, settings: OllamaSettings) -> Self:
        """Return a client of the server that the user has configured."""
        return cls(
            settings.base_url,
            api_key=settings.api_key,
            silence_seconds=settings.timeout_seconds,
            route=Route.configured(settings),
        )

    def use(self, settings: OllamaSettings) -> None:
        """Talk to this server from the next request on; answers that run are not touched."""
        if settings.base_url != self.base_url:
            self.restarts.forget()
        # A certificate may have been renewed in its file.
        certificates.default_context.cache_clear()
        route = Route.configured(settings)
        self._point_at(settings.base_url, settings.api_key, settings.timeout_seconds, route)

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
        """The address for people and logs: without a password that may stand in it."""
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
        await self._session.close()

    @asynccontextmanager
    async def chat(self, body: bytes) -> AsyncIterator[ChatAnswer]:
        """Send a chat request; give its answer as batches of chunks, one batch a read.

        Entering waits for the first token (Ollama 0.32 sends its headers with it). Leaving,
        also by cancellation, closes the connection, which stops the generation at once.

        Raises:
            UpstreamError: unreachable, refused, stalled or broken, also while iterating.

        """
        response = await self._post(body, "/api/chat")
        del body
        try:
            if response.status != 200:  # noqa: PLR2004 - an HTTP status
                raise await self._refusal(response)
            incoming = Incoming(response, self._silence_seconds)
            batches = self._batches(response, incoming)
            try:
                yield ChatAnswer(batches, incoming)
            finally:
                await batches.aclose()
                incoming.end()
        finally:
            # Not release(): an unread answer must end the connection, and with it the model's
            # work. A fully read one is already back in the pool and close() leaves it there.
            response.close()

    async def last_chunk(self, body: bytes, max_tokens: int) -> ChatChunk:
        """Send a chat request for at most `max_tokens` tokens; return the end of its answer.

        Raises:
            UpstreamError: as chat(), or the answer has no end.

        """
        chunks = 0
        async with self.chat(body) as batches:
            async for batch in batches:
                if batch[-1].done:
                    return batch[-1]
                chunks += len(batch)
                if chunks > MAX_CHUNKS_A_TOKEN * max_tokens + MIN_CHUNKS:
                    raise without_end(max_tokens)
        raise UpstreamBrokeError("Ollama ended its answer in the middle.")

    async def generate(self, body: bytes) -> None:
        """Send a request for `/api/generate`, and wait for its end; what it says is left.

        Raises:
            UpstreamError: as chat().

        """
        response = await self._post(body, "/api/generate")
        try:
            if response.status != 200:  # noqa: PLR2004 - an HTTP status
                raise await self._refusal(response)
            await transfer.drain(response)
        finally:
            response.close()

    async def ask(
        self, path: str, read: Callable[[bytes], Answer], body: dict[str, Any] | None = None
    ) -> Answer:
        """Ask a short question (`/api/show`, `/api/tags`, …); `read` understands the answer.

        Raises:
            UpstreamError: unreachable, refused, stalled, or not an answer of Ollama's.

        """
        data = None if body is None else json.dumps(body).encode()
        timeout = aiohttp.ClientTimeout(total=QUESTION_SECONDS, sock_connect=CONNECT_SECONDS)
        try:
            async with await self._send(path, data, timeout) as response:
                if response.status != 200:  # noqa: PLR2004 - an HTTP status
                    raise await self._refusal(response)
                answer = bytearray()
                while piece := await response.content.readany():
                    answer += piece
                    if len(answer) > MAX_ANSWER_BYTES:
                        raise self._not_ollama(f"{path}: more than {MAX_ANSWER_BYTES} bytes")
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise self._named(error, QUESTION_SECONDS) from error
        try:
            return read(self._redactor.json(bytes(answer)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._not_ollama(f"{path}: {error}") from error

    async def pull(self, name: str) -> AsyncGenerator[PullLine, None]:
        """Have Ollama fetch a model; yield what it says of it, up to `success`.

        Leaving early ends the download; Ollama keeps what came, and the next pull goes on there.

        Raises:
            UpstreamError: unreachable, refused (also in the middle), stalled or broken.

        """
        seconds = self._silence_seconds
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=seconds)
        body = json.dumps({"model": name}).encode()
        try:
            async with await self._request("POST", "/api/pull", body, {}, timeout) as response:
                if response.status != 200:  # noqa: PLR2004 - an HTTP status
                    raise await self._refusal(response)
                pieces = response.content.iter_any()
                async for found in read_lines(pieces, self._redactor.json):
                    yield found
                    if found.is_last:
                        return
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise self._named(error) from error
        raise interrupted(name)

    async def _post(self, body: bytes, path: str) -> aiohttp.ClientResponse:
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CHAT_CONNECT_SECONDS, sock_read=self._silence_seconds
        )
        try:
            return await self.restarts.send(lambda: self._send(path, body, timeout))
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise self._named(error) from error

    async def _send(
        self, path: str, body: bytes | None, limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        """Send a request, and once more if the connection it went over was dead already."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            return await self._send_once(path, body, limits)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if loop.time() - began > STALE_CONNECTION_SECONDS:
                raise
            why = reasons.reason(error)
            log.info("Ollama has closed a connection (%s): asked over a new one", why)
            return await self._send_once(path, body, limits)

    async def _send_once(
        self, path: str, body: bytes | None, limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        data: bytes | AsyncIterator[bytes] | None = body
        headers = {}
        if body and len(body) >= LARGE_BODY_BYTES:
            # In one piece it could block the loop; a file would have each piece read by a thread.
            data, headers = transfer.pieces(body), {"Content-Length": str(len(body))}
        method = "GET" if body is None else "POST"
        response = await self._request(method, path, data, headers, limits)
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
            return self._not_ollama(f"{response.status}, go to {shown}")
        if response.status == _PROXY_LOGIN and self.route.proxy:
            return proxy_login(self.route.shown_proxy)
        text = self._redactor.json(await transfer.error_text(response))
        refusal = refused(response.status, text, response.headers.get("Server", ""))
        if self.route.proxy and refusal.hint == CHECK_ADDRESS:
            return proxy_page_error(refusal, self.route.shown_proxy, self.base_url)
        return refusal

    def _not_ollama(self, found: str) -> WrongServerError:
        return WrongServerError(
            f"What answers at {self.shown_url} is not Ollama ({found}).",
            hint=CHECK_ADDRESS,
        )

    async def _batches(
        self, response: aiohttp.ClientResponse, incoming: Incoming
    ) -> AsyncGenerator[list[ChatChunk], None]:
        try:
            while found := await incoming.read():
                batch, trouble = found
                if batch:
                    yield batch
                if trouble is not None:
                    raise trouble
                if batch and batch[-1].done:
                    await transfer.drain(response)
                    return
            if rest := incoming.rest().strip():
                yield [reading.last(rest)]
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise self._named(error) from error
        except UpstreamError as error:
            self._redactor.error(error)
            raise

    def _named(self, error: Exception, silence_seconds: float | None = None) -> UpstreamError:
        return connection_error(
            error,
            self._redactor.text(reasons.reason(error)),
            base_url=self.base_url,
            shown_proxy=self.route.shown_proxy,
            silence_seconds=silence_seconds or self._silence_seconds,
        )
