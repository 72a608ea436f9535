"""The catalogue of a server: its models and what they can do, its slots, and what it is itself."""

from dataclasses import dataclass
from typing import Any

import msgspec

from cc_proxy.app.chat.errors import ModelNotFoundError, Refusal, UpstreamError
from cc_proxy.app.upstreams.openai import servers
from cc_proxy.app.upstreams.openai.client import OpenAIClient
from cc_proxy.app.upstreams.openai.errors import SEE_MODELS, check_address
from cc_proxy.app.upstreams.openai.servers import TRAITS, Props, ServedModel, ServerEngine

# What most models of today can do, where the server does not say. An image to a model that cannot
# see would end the conversation: vLLM 0.32 refuses each request with it, llama-server too.
_USUAL = frozenset({"tools", "thinking"})
CAPABILITIES = ("tools", "vision", "thinking")
_CHATS = "completion"
# The name that sglang-router 0.3 lists, whatever its workers have.
_NAMELESS = "unknown"
_GPT_OSS = "gpt-oss"


@dataclass(frozen=True)
class ServerCatalogue:
    """The facts that a server says of itself at one time; `props` are llama-server's."""

    engine: ServerEngine
    models: list[ServedModel]
    version: str = ""
    props: Props | None = None

    @property
    def slots(self) -> int:
        """The number of requests that the server can be told to run beside each other."""
        return self.props.slots if self.props else 1

    def check(self, server: str, name: str) -> None:
        """Raise ModelNotFoundError if the server has no model of this name.

        llama-server and SGLang answer to any name, with the model that they have.
        """
        if self._find(name) is None and not any(one.name == _NAMELESS for one in self.models):
            text = f"it serves {', '.join(one.name for one in self.models) or 'no model'}"
            refusal = Refusal(server, 404, text, check_address(server), SEE_MODELS)
            raise ModelNotFoundError(refusal, name, SEE_MODELS)

    def window(self, name: str) -> int | None:
        """Return the window of a model in tokens, None if the server does not say."""
        model = self._find(name)
        window = model.window if model else None
        return window or (self.props.window if self.props else None)

    def capabilities(self, name: str) -> frozenset[str]:
        """Return what a model can do: completion, tools, thinking, vision."""
        model = self._find(name)
        told = model.capabilities if model else None
        if told is None and self.props is not None:
            told = self.props.capabilities
        return (_USUAL if told is None else told) | {_CHATS}

    def _find(self, name: str) -> ServedModel | None:
        return next((model for model in self.models if model.is_called(name)), None)


class _Prompt(msgspec.Struct):
    prompt: str


def rendered(body: bytes) -> str:
    """Read llama-server's `/apply-template`. Raises msgspec.DecodeError for anything else."""
    return msgspec.json.decode(body, type=_Prompt).prompt


def family_of(name: str) -> str:
    """Return the family that a model's name says it is of, as far as that matters; else ``."""
    return _GPT_OSS if _GPT_OSS in name.lower() else ""


async def read(client: OpenAIClient) -> ServerCatalogue:
    """Ask a server what it has, in one or two questions.

    Raises:
        UpstreamError: it cannot be asked for its models. What else it does not say is left out.

    """
    models, engine = await client.served()
    if engine is None:
        studio = await _told(client, "/api/v1/models", servers.studio_models)
        if studio is not None:
            return ServerCatalogue(ServerEngine.LM_STUDIO, studio)
        return ServerCatalogue(ServerEngine.PLAIN, models)
    if engine is ServerEngine.LLAMA_SERVER:
        props = await _told(client, "/props", servers.props)
        return ServerCatalogue(engine, models, props.version if props else "", props)
    path = TRAITS[engine].version_path
    version = await _told(client, path, servers.version) if path else None
    return ServerCatalogue(engine, models, version or "")


async def _told(client: OpenAIClient, path: str, read: Any) -> Any:  # noqa: ANN401 - as `ask`
    try:
        return await client.ask(path, read)
    except UpstreamError:
        # A router, or a server that was told not to say it.
        return None
