"""A server that runs models, or a router in front of several, as everything above sees it."""

from dataclasses import dataclass
from typing import Literal, Protocol

from cc_proxy.app.chat.answer import OpenAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.messages import ChatRequest
from cc_proxy.app.chat.models import LoadedModel, ModelCard, ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.config import Settings

Kind = Literal["ollama", "openai"]


@dataclass(frozen=True)
class Features:
    """The traits of a kind of server that decide what it is asked.

    `follows_engine_cache`: its engine keeps and evicts prompts by the rules of engine_cache.py, so
    what is sent before a prompt can save another conversation's. `takes_tool_choice`: it can be
    told that a tool must be called, and which. `drops_output`: what its parser cannot read it may
    drop from a stream, and not from an answer in one piece.
    """

    follows_engine_cache: bool
    takes_tool_choice: bool = False
    drops_output: bool = False


class Upstream(Protocol):
    """One server, or one router in front of many.

    `name` is the one in the configuration, `title` what people call the server. Each of the async
    methods raises an UpstreamError: unreachable, refused, stalled or broken.
    """

    @property
    def name(self) -> str:
        """The name in the configuration."""

    @property
    def title(self) -> str:
        """The name for people, in messages."""

    @property
    def kind(self) -> Kind:
        """The wire that it speaks."""

    @property
    def can(self) -> Features:
        """The traits of servers of this kind."""

    @property
    def shown_url(self) -> str:
        """The address for people and logs, without secrets."""

    def use(self, settings: Settings) -> None:
        """Use these settings from the next request on; running answers keep their own."""

    def encode(self, request: ChatRequest, target: Target) -> EncodedRequest:
        """Return a request as it is sent; the same input always gives the same bytes."""

    def chat(
        self, request: EncodedRequest, session: str = "", conversation: str = ""
    ) -> OpenAnswer:
        """Send a request; give its answer as batches of chunks, one batch a read.

        Entering waits for the first token. Leaving, also by cancellation, stops the generation.
        `session` names Claude Code's session, for servers that place requests by it, and
        `conversation` what the request goes on with, for engines that hold several.
        """

    async def models(self) -> list[ModelCard]:
        """Return the models that can be asked for, the newest first."""

    async def loaded(self) -> list[LoadedModel]:
        """Return the models in memory."""

    async def model(self, name: str) -> ModelInfo:
        """Return what a model can do."""

    async def version(self) -> str:
        """Return the server's version, which also shows that it answers."""

    async def load(self, target: Target) -> None:
        """Wait until a model is in memory as `target` has it; one that is stays untouched."""

    async def read_stranger(self, target: Target) -> None:
        """Have the engine read a prompt of one token, which begins like no other."""

    async def count(self, request: ChatRequest, target: Target, session: str) -> int | None:
        """Return the tokens of a prompt as the server counts them without reading it.

        None where it does not, or where that could hold up an answer. It is asked once a session:
        the rest can be worked out from that.
        """

    async def rendered_prompt(self, request: EncodedRequest) -> str | None:
        """Return the prompt as the model's template makes it, None where nobody shows it.

        `request` should ask for one token: a server that does not know the question answers it.
        """
