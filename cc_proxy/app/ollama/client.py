"""The one HTTP client towards Ollama."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import msgspec
from yarl import URL

from cc_proxy.app.config.upstream_url import without_user_info
from cc_proxy.app.ollama.chat import ChatChunk, decode_chunk, decode_chunks
from cc_proxy.app.ollama.errors import (
    UpstreamBrokeError,
    UpstreamError,
    UpstreamStalledError,
    UpstreamUnreachableError,
    from_text,
    refused,
)
from cc_proxy.app.ollama.lines import LineSplitter, LineTooLongError
from cc_proxy.app.ollama.pull import PullLine, read_line
from cc_proxy.app.ollama.silence import SilenceWatch

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

CONNECT_SECONDS = 5.0
QUESTION_SECONDS = 10.0
# A pooled connection that Ollama has closed in the meantime fails within this time of being
# used; a connection that fails later died while it was at work.
STALE_CONNECTION_SECONDS = 1.0
DRAIN_SECONDS = 1.0
LARGE_BODY_BYTES = 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
_QUOTED = 120


class OllamaClient:
    """Talks to one Ollama server over pooled connections.

    `silence_seconds` is the longest wait for the next byte, the first one included: Ollama
    sends nothing, not even headers, while it loads a model or reads a prompt.
    """

    def __init__(self, base_url: str, *, api_key: str | None, silence_seconds: float) -> None:
        self.base_url = base_url
        self._silence_seconds = silence_seconds
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if api_key and not URL(base_url).user:
            # A login in the address is another one for the same header; it counts.
            headers["Authorization"] = f"Bearer {api_key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
        )

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
    async def chat(self, body: bytes) -> AsyncIterator[AsyncIterator[list[ChatChunk]]]:
        """Send a chat request; give its answer as batches of chunks, one batch a read.

        Entering waits for the first token (Ollama 0.32 sends its headers with it). Leaving,
        also by cancellation, closes the connection, which stops the generation at once.

        Raises:
            UpstreamError: unreachable, refused, stalled or broken, also while iterating.

        """
        response = await self._post_chat(body)
        del body
        batches = self._batches(response)
        try:
            if response.status != 200:  # noqa: PLR2004 - an HTTP status
                raise refused(response.status, await self._error_body(response))
            yield batches
        finally:
            await batches.aclose()
            # Not release(): an unread answer must end the connection, and with it the model's
            # work. A fully read one is already back in the pool and close() leaves it there.
            response.close()

    async def ask(
        self, path: str, read: Callable[[bytes], Answer], body: dict[str, Any] | None = None
    ) -> Answer:
        """Ask a short question (`/api/show`, `/api/tags`, …); `read` understands the answer.

        Raises:
            UpstreamError: unreachable, refused, stalled, or not an answer of Ollama's.

        """
        method, data = ("GET", None) if body is None else ("POST", json.dumps(body))
        timeout = aiohttp.ClientTimeout(total=QUESTION_SECONDS, sock_connect=CONNECT_SECONDS)
        try:
            async with self._session.request(
                method, self.base_url + path, data=data, timeout=timeout, allow_redirects=False
            ) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise self._named(error, QUESTION_SECONDS) from error
        if response.status != 200:  # noqa: PLR2004 - an HTTP status
            raise refused(response.status, answer)
        try:
            return read(answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise UpstreamBrokeError(
                f"What answers at {self.shown_url} is not Ollama ({path}: {error}).",
                hint="Check OLLAMA_BASE_URL: it must point at an Ollama server.",
            ) from error

    async def pull(self, name: str) -> AsyncGenerator[PullLine, None]:
        """Have Ollama fetch a model; yield what it says of it, up to `success`.

        Leaving early ends the download; Ollama keeps what came, and the next pull goes on there.

        Raises:
            UpstreamError: unreachable, refused (also in the middle), stalled or broken.

        """
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=self._silence_seconds
        )
        body = json.dumps({"model": name})
        url = self.base_url + "/api/pull"
        try:
            async with self._session.post(
                url, data=body, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status != 200:  # noqa: PLR2004 - an HTTP status
                    raise refused(response.status, await self._error_body(response))
                async for line in response.content:
                    if line.isspace():
                        continue
                    found = read_line(line)
                    yield found
                    if found.is_last:
                        return
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise self._named(error) from error
        except ValueError as error:  # aiohttp: a line that is longer than its buffer
            raise UpstreamBrokeError("Ollama sent a line without an end.") from error
        raise UpstreamBrokeError(
            "Ollama ended the download before it was complete.",
            hint=f"What has come is kept; to go on from there: cc-proxy models pull {name}",
        )

    async def _post_chat(self, body: bytes) -> aiohttp.ClientResponse:
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=self._silence_seconds
        )
        url = self.base_url + "/api/chat"
        loop = asyncio.get_running_loop()
        for attempt in (1, 2):
            began = loop.time()
            try:
                # aiohttp sends a file in pieces, and bytes in one that could block the loop.
                data = body if len(body) < LARGE_BODY_BYTES else io.BytesIO(body)
                response = await self._session.post(
                    url, data=data, timeout=timeout, allow_redirects=False
                )
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                fresh_refusal = isinstance(error, aiohttp.ClientConnectorError)
                at_work = loop.time() - began > STALE_CONNECTION_SECONDS
                if attempt == 2 or fresh_refusal or at_work:  # noqa: PLR2004 - the second try
                    raise self._named(error) from error
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                raise self._named(error) from error
            else:
                _watch_no_more(response)
                return response
        raise AssertionError  # the second attempt returns or raises

    async def _error_body(self, response: aiohttp.ClientResponse) -> bytes:
        try:
            return await response.content.read(MAX_ERROR_BYTES)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise self._named(error) from error

    async def _batches(
        self, response: aiohttp.ClientResponse
    ) -> AsyncGenerator[list[ChatChunk], None]:
        splitter = LineSplitter()
        watch = SilenceWatch(response.content, self._silence_seconds)
        try:
            while piece := await watch.read():
                batch, trouble = _read(splitter.feed(piece))
                if batch:
                    yield batch
                if trouble is not None:
                    raise trouble
                if batch and batch[-1].done:
                    await _drain(response)
                    return
        except LineTooLongError as error:
            raise UpstreamBrokeError("Ollama sent a line without an end.") from error
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise self._named(error) from error
        finally:
            watch.end()
        if rest := splitter.rest().strip():
            yield [_decoded(rest)]

    def _named(self, error: Exception, silence_seconds: float | None = None) -> UpstreamError:
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return UpstreamUnreachableError(
                f"Ollama does not answer at {self.shown_url} ({_reason(error)}).",
                hint="Start it with `ollama serve`, or set OLLAMA_BASE_URL to where it runs.",
            )
        if isinstance(error, TimeoutError):
            return UpstreamStalledError(
                f"Ollama at {self.shown_url} was silent for more than"
                f" {silence_seconds or self._silence_seconds:g} seconds.",
                hint="If the model needs longer, raise OLLAMA_TIMEOUT_SECONDS.",
            )
        return UpstreamBrokeError(
            f"The connection to Ollama at {self.shown_url} broke ({_reason(error)}).",
            hint="Look at Ollama's own log: its runner may have crashed or been restarted.",
        )


def _watch_no_more(response: aiohttp.ClientResponse) -> None:
    """Have aiohttp set no more timers: who reads the answer has a watch of its own."""
    connection = response.connection
    if connection is not None and connection.protocol is not None:
        connection.protocol.read_timeout = None


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read the end of an answer that is complete, so that its connection can be used again."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await response.content.read()
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        log.debug("the connection to Ollama is not used again: %s", _reason(error))


def _read(lines: bytes) -> tuple[list[ChatChunk], UpstreamError | None]:
    """Return the chunks of some lines, up to the first that is an error or cannot be read."""
    try:
        chunks = decode_chunks(lines)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_apart(lines)
    if any(chunk.error is not None for chunk in chunks):
        return _read_apart(lines)
    return chunks, None


def _read_apart(lines: bytes) -> tuple[list[ChatChunk], UpstreamError | None]:
    chunks = []
    for line in lines.split(b"\n"):
        if not line or line.isspace():
            continue
        try:
            chunks.append(_decoded(line))
        except UpstreamError as error:
            return chunks, error
    return chunks, None


def _decoded(line: bytes) -> ChatChunk:
    try:
        chunk = decode_chunk(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shown = line[:_QUOTED].decode(errors="replace")
        raise UpstreamBrokeError(f"Ollama sent a line that is not its JSON: {shown!r}") from error
    if chunk.error is not None:
        raise from_text(200, chunk.error)
    return chunk


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or type(error.os_error).__name__
    return str(error) or type(error).__name__
