"""Ollama as an upstream of the gateway."""

import logging
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Self

import msgspec

from cc_proxy.app.chat.answer import ChatAnswer, OpenAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.errors import Refusal, UpstreamBrokeError, UpstreamRefusedError
from cc_proxy.app.chat.messages import ChatRequest
from cc_proxy.app.chat.models import LoadedModel, ModelCard, ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Features, Kind
from cc_proxy.app.config import Ollama, Settings, UpstreamSettings
from cc_proxy.app.upstreams.ollama import listing, rendering, wire
from cc_proxy.app.upstreams.ollama.client import OWN_SECTION, OllamaClient, OllamaSection
from cc_proxy.app.upstreams.ollama.kv_cache import memory_advice
from cc_proxy.app.upstreams.ollama.refusals import SERVER

log = logging.getLogger(__name__)

# An old Ollama says the first, of a value that it does not know the second (recording 17d).
_LEVEL_REFUSED = re.compile(r'think value ".*" is not supported|invalid think value')


class OllamaUpstream:
    """One Ollama server, asked by its `client`; does as chat.upstream.Upstream says."""

    kind: Kind = "ollama"
    can = Features(follows_engine_cache=True, drops_output=True)

    def __init__(self, client: OllamaClient, name: str = "ollama") -> None:
        self.client = client
        self.name = name
        self.title = SERVER if name == OWN_SECTION.name else name
        # Names of models that Ollama has: no others are refused in this way.
        self._without_levels: set[str] = set()

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        """Return the server of the section `ollama`."""
        return cls(OllamaClient.configured(settings.ollama))

    @classmethod
    def named(cls, name: str, settings: UpstreamSettings) -> Self:
        """Return a server of the section `upstreams`."""
        key = "urls" if settings.urls else "url"
        section = OllamaSection(
            f"upstreams.{name}", f"upstreams.{name}.{key}", f"the timeout of {name}"
        )
        return cls(OllamaClient.configured(_as_section(settings), section), name)

    def use(self, settings: Settings) -> None:
        """Use these settings from the next request on; running answers keep their own."""
        if self.name == OWN_SECTION.name:
            self.client.use(settings.ollama)
        elif found := settings.upstreams.get(self.name):
            self.client.use(_as_section(found))
        self._without_levels.clear()

    async def __aenter__(self) -> Self:
        """Enter; the connections are ready."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await self.client.__aexit__(exc_type, exc, traceback)

    @property
    def shown_url(self) -> str:
        """The address for people and logs, without secrets."""
        return self.client.shown_url

    def encode(self, request: ChatRequest, target: Target) -> EncodedRequest:
        """Return a request as the JSON for `/api/chat`."""
        return wire.encoded(request, target)

    def chat(
        self,
        request: EncodedRequest,
        session: str = "",  # noqa: ARG002 - Ollama looks at the prompt alone
        conversation: str = "",  # noqa: ARG002
    ) -> OpenAnswer:
        """Send a request.

        An older Ollama takes a level of thinking for gpt-oss models alone: it is asked again, for
        thinking without a level.
        """
        return self._chat(request)

    @asynccontextmanager
    async def _chat(self, request: EncodedRequest) -> AsyncIterator[ChatAnswer]:
        async with AsyncExitStack() as stack:
            try:
                answer = await stack.enter_async_context(self.client.chat(self._body(request)))
            except UpstreamRefusedError as error:
                if not _LEVEL_REFUSED.match(error.text):
                    raise _with_memory_advice(error, request.target) from error
                model = request.target.model.name
                log.warning("Ollama takes no level of thinking for %s: it thinks without", model)
                self._without_levels.add(model)
                answer = await stack.enter_async_context(self.client.chat(self._body(request)))
            # An answer can take an hour, and its request be megabytes.
            del request
            yield answer

    def _body(self, request: EncodedRequest) -> bytes:
        if request.target.model.name not in self._without_levels:
            return request.body
        asked = request.request()
        if not isinstance(asked.think, str):
            return request.body
        return request.again(msgspec.structs.replace(asked, think=True)).body

    async def models(self) -> list[ModelCard]:
        """Return the models on its disk, the newest first."""
        return await self.client.ask("/api/tags", listing.from_tags)

    async def loaded(self) -> list[LoadedModel]:
        """Return the models in memory."""
        return await self.client.ask("/api/ps", listing.from_ps)

    async def model(self, name: str) -> ModelInfo:
        """Return what a model can do, by `/api/show`."""

        def read(body: bytes) -> ModelInfo:
            return listing.from_show(name, body)

        return await self.client.ask("/api/show", read, {"model": name})

    async def version(self) -> str:
        """Return the version of Ollama."""
        return await self.client.ask("/api/version", listing.from_version)

    async def load(self, target: Target) -> None:
        """Wait until a model is loaded, as long as for an answer.

        A question that is given up while Ollama loads a model would end the loading. A cloud model
        is never loaded.
        """
        if not target.model.is_local:
            return
        async with self.chat(wire.load_request(target)) as batches:
            async for batch in batches:
                if batch[-1].done:
                    return
        raise UpstreamBrokeError("Ollama did not say that the model is loaded.")

    async def read_stranger(self, target: Target) -> None:
        """Have the engine read a prompt of one token, without a template."""
        await self.client.generate(wire.stranger_body(target))

    async def count(self, request: ChatRequest, target: Target, session: str) -> int | None:  # noqa: ARG002
        """Return None: Ollama 0.34 has no question for that."""
        return None

    async def rendered_prompt(self, request: EncodedRequest) -> str | None:
        """Return the prompt as the template makes it, None where this Ollama does not show it."""
        return await rendering.rendered_prompt(self.client, request.body)


def _as_section(settings: UpstreamSettings) -> Ollama:
    """Return the settings of a server as the section `ollama` has them."""
    return Ollama(
        base_url=settings.url,
        api_key=settings.api_key,
        timeout_seconds=settings.timeout_seconds,
        keep_alive=settings.keep_alive,
        proxy=settings.proxy,
        headers=settings.headers,
        ca_file=settings.ca_file,
        client_cert=settings.client_cert,
        client_key=settings.client_key,
    )


def _with_memory_advice(error: UpstreamRefusedError, target: Target) -> UpstreamRefusedError:
    """Return an error with what helps against too little memory, or as it is."""
    advice = memory_advice(error.text, target)
    if advice is None:
        return error
    text = f"{error.text.rstrip('.')}. {advice}"
    return UpstreamRefusedError(Refusal(error.server, error.status, text, quotes=error.quotes))
