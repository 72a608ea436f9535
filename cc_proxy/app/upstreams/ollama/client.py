"""The one HTTP client towards Ollama."""

import json
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Self

import aiohttp

from cc_proxy.app.chat.answer import ChatAnswer
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.config import Ollama as OllamaSettings
from cc_proxy.app.upstreams.http import transfer
from cc_proxy.app.upstreams.http.client import CONNECT_SECONDS, HttpClient
from cc_proxy.app.upstreams.http.words import ServerWords
from cc_proxy.app.upstreams.ollama import absence
from cc_proxy.app.upstreams.ollama.pull import PullLine, interrupted, read_lines
from cc_proxy.app.upstreams.ollama.reading import LineReader
from cc_proxy.app.upstreams.ollama.refusals import BASE_URL, SERVER, check_address, refused
from cc_proxy.app.upstreams.route import DIRECT, Route

_CHECK_COMPRESSION = (
    "Ollama does not compress: something in front of it does. Turn that off there for this address."
)
# Ollama itself has no https.
_CHECK_GATEWAY = (
    "Look at the log of the gateway in front of Ollama. If it asks for a certificate, set"
    " {0}.client_cert (and {0}.client_key) in cc-proxy.user.yaml."
)


@dataclass(frozen=True)
class OllamaSection:
    """The part of the configuration that names a server, in the words of errors.

    `address` is the setting of its address, `timeout` that of the longest silence.
    """

    name: str = "ollama"
    address: str = BASE_URL
    timeout: str = "OLLAMA_TIMEOUT_SECONDS"

    def words(self) -> ServerWords:
        """Return the words of errors about the server."""
        return ServerWords(
            name=SERVER,
            kind=SERVER,
            check_address=check_address(self.address),
            section=self.name,
            check_gateway=_CHECK_GATEWAY.format(self.name),
            check_log="Look at Ollama's own log: its runner may have crashed or been restarted.",
            check_compression=_CHECK_COMPRESSION,
            more_time=f"If the model needs longer, raise {self.timeout}.",
            absence=partial(absence.explained, setting=self.address),
        )


OWN_SECTION = OllamaSection()


class OllamaClient(HttpClient):
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
        section: OllamaSection = OWN_SECTION,
    ) -> None:
        self._section = section
        super().__init__(
            section.words(), base_url, api_key=api_key, silence_seconds=silence_seconds, route=route
        )

    @classmethod
    def configured(cls, settings: OllamaSettings, section: OllamaSection = OWN_SECTION) -> Self:
        """Return a client of the server that the user has configured."""
        return cls(
            settings.base_url,
            api_key=settings.api_key,
            silence_seconds=settings.timeout_seconds,
            route=Route.configured(settings),
            section=section,
        )

    def use(self, settings: OllamaSettings) -> None:
        """Talk to this server from the next request on; answers that run are not touched."""
        route = Route.configured(settings)
        self._go_over(settings.base_url, settings.api_key, settings.timeout_seconds, route)

    def chat(self, body: bytes) -> AbstractAsyncContextManager[ChatAnswer]:
        """Send a chat request; give its answer as batches of chunks, one batch a read.

        Entering waits for the first token (Ollama 0.32 sends its headers with it). Leaving,
        also by cancellation, closes the connection, which stops the generation at once.

        Raises:
            UpstreamError: unreachable, refused, stalled or broken, also while iterating.

        """
        return self._chat("/api/chat", body, LineReader())

    async def generate(self, body: bytes) -> None:
        """Send a request for `/api/generate`, and wait for its end; what it says is left.

        Raises:
            UpstreamError: as chat().

        """
        response = await self._post("/api/generate", body)
        try:
            if response.status != 200:  # noqa: PLR2004 - an HTTP status
                raise await self._refusal(response)
            await transfer.drain(response)
        finally:
            response.close()

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

    def _refused(self, status: int, body: bytes, software: str) -> UpstreamError:
        return refused(status, body, software, self._section.address)
