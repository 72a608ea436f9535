"""Ollama as an upstream of the gateway."""

from types import TracebackType
from typing import Self

from cc_proxy.app.chat.answer import OpenAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.errors import UpstreamBrokeError
from cc_proxy.app.chat.messages import ChatRequest
from cc_proxy.app.chat.models import LoadedModel, ModelCard, ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Features, Kind
from cc_proxy.app.config import Settings
from cc_proxy.app.upstreams.ollama import listing, rendering, wire
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.refusals import SERVER


class OllamaUpstream:
    """One Ollama server, asked by its `client`; does as chat.upstream.Upstream says."""

    kind: Kind = "ollama"
    title = SERVER
    can = Features(follows_engine_cache=True)

    def __init__(self, client: OllamaClient, name: str = "ollama") -> None:
        self.client = client
        self.name = name

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        """Return the server that the user has configured."""
        return cls(OllamaClient.configured(settings.ollama))

    def use(self, settings: Settings) -> None:
        """Use these settings from the next request on; running answers keep their own."""
        self.client.use(settings.ollama)

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

    def chat(self, request: EncodedRequest, session: str = "") -> OpenAnswer:  # noqa: ARG002
        """Send a request; Ollama places it without looking at the session."""
        return self.client.chat(request.body)

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

        A question that is given up while Ollama loads a model would end the loading.
        """
        async with self.client.chat(wire.load_request(target).body) as batches:
            async for batch in batches:
                if batch[-1].done:
                    return
        raise UpstreamBrokeError("Ollama did not say that the model is loaded.")

    async def read_stranger(self, target: Target) -> None:
        """Have the engine read a prompt of one token, without a template."""
        await self.client.generate(wire.stranger_body(target))

    async def rendered_prompt(self, request: EncodedRequest) -> str | None:
        """Return the prompt as the template makes it, None where this Ollama does not show it."""
        return await rendering.rendered_prompt(self.client, request.body)
