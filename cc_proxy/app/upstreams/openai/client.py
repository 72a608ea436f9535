"""The HTTP client towards a server with OpenAI's chat API."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Self

from cc_proxy.app.chat.answer import ChatAnswer
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.config import UpstreamSettings
from cc_proxy.app.upstreams.http.client import HttpClient
from cc_proxy.app.upstreams.http.words import ServerWords
from cc_proxy.app.upstreams.openai.absence import explained
from cc_proxy.app.upstreams.openai.errors import check_address, refused
from cc_proxy.app.upstreams.openai.reading import CHECK_LOG, AnswerReader
from cc_proxy.app.upstreams.openai.servers import (
    ServedModel,
    ServerEngine,
    engine_of,
    served_models,
)
from cc_proxy.app.upstreams.route import DIRECT, Route

_KIND = "a server with OpenAI's API"


class OpenAIClient(HttpClient):
    """Talks to one server, or one router, over pooled connections.

    `name` is how the user calls it. `silence_seconds` is the longest wait for the next byte:
    llama-server sends comments while it reads a prompt, vLLM nothing, and SGLang and Ray Serve not
    even headers.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        api_key: str | None,
        silence_seconds: float,
        route: Route = DIRECT,
    ) -> None:
        words = ServerWords(
            name=name,
            kind=_KIND,
            section=f"upstreams.{name}",
            check_address=check_address(name),
            check_log=CHECK_LOG,
            check_gateway=f"{CHECK_LOG} If it asks for a certificate, set"
            f" upstreams.{name}.client_cert (and client_key).",
            check_compression="Something in front of it compresses unasked: turn that off there.",
            more_time=f"If the model needs longer, raise the timeout of {name}.",
            absence=partial(explained, name),
        )
        super().__init__(
            words, base_url, api_key=api_key, silence_seconds=silence_seconds, route=route
        )

    @classmethod
    def configured(cls, name: str, settings: UpstreamSettings) -> Self:
        """Return a client of the server that the user has configured under `name`."""
        return cls(
            name,
            settings.url,
            api_key=settings.api_key,
            silence_seconds=settings.timeout_seconds,
            route=Route.configured(settings, name),
        )

    def use(self, settings: UpstreamSettings) -> None:
        """Talk to this server from the next request on; answers that run are not touched."""
        route = Route.configured(settings, self._words.name)
        self._go_over(settings.url, settings.api_key, settings.timeout_seconds, route)

    def chat(
        self,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        trusts_zero: bool = False,
        ended: Callable[[ChatChunk], None] | None = None,
    ) -> AbstractAsyncContextManager[ChatAnswer]:
        """Send a chat request; give its answer as batches of chunks, one batch a read.

        Entering waits for the headers, which come at once or with the first token. Leaving, also
        by cancellation, closes the connection, which stops the generation. `ended` is called with
        the chunk that ends a whole answer.

        Raises:
            UpstreamError: unreachable, refused, stalled or broken, also while iterating.

        """
        decoder = AnswerReader(self._words.name, trusts_zero=trusts_zero, ended=ended)
        return self._chat("/v1/chat/completions", body, decoder, headers)

    async def served(self) -> tuple[list[ServedModel], ServerEngine | None]:
        """Return what `/v1/models` lists, and what has answered if that can be seen.

        Raises:
            UpstreamError: unreachable, refused, stalled, or not such a list.

        """

        def read(body: bytes) -> tuple[list[ServedModel], bytes]:
            return served_models(body), body

        (models, body), headers = await self._ask("/v1/models", read)
        return models, engine_of(body, headers.get("Server", ""))

    def _refused(self, status: int, body: bytes, software: str) -> UpstreamError:
        return refused(self._words.name, status, body, software)
