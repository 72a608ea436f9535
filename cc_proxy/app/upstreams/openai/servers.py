"""Servers that speak OpenAI's chat API, by their own words.

Pure: bodies in, facts out. The window of a model is in another field of each server, and
routers leave it out (SMG 1.13, sglang-router 0.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec


class ServerEngine(Enum):
    """The kind of server; the value is its name for people."""

    LLAMA_SERVER = "llama-server"
    VLLM = "vLLM"
    SGLANG = "SGLang"
    RAY = "Ray Serve LLM"
    LM_STUDIO = "LM Studio"
    PLAIN = "a server with OpenAI's API"


@dataclass(frozen=True)
class Traits:
    """The differences of an engine on the wire.

    `reasoning_field` is where it reads the thinking of earlier turns. `counts_cached`: no cached
    tokens is a count of it, and not a field that it leaves at 0. `version_path` is where it says
    its version, empty where it does not; `count_path` is where it counts a prompt.
    """

    reasoning_field: str = "reasoning_content"
    counts_cached: bool = False
    version_path: str = ""
    count_path: str = ""


# llama-server October 2026, vLLM 0.32 and Ray 2.60 as recorded; SGLang 0.5 from its source.
TRAITS: Mapping[ServerEngine, Traits] = {
    ServerEngine.LLAMA_SERVER: Traits(
        counts_cached=True, count_path="/v1/chat/completions/input_tokens"
    ),
    ServerEngine.VLLM: Traits(
        reasoning_field="reasoning", version_path="/version", count_path="/tokenize"
    ),
    ServerEngine.SGLANG: Traits(version_path="/get_server_info"),
    ServerEngine.RAY: Traits(reasoning_field="reasoning"),
    ServerEngine.LM_STUDIO: Traits(),
    ServerEngine.PLAIN: Traits(),
}


class ServedModel(msgspec.Struct, frozen=True):
    """A model that a server has.

    `window` is in tokens, None if the server does not say. `capabilities` are tools, thinking and
    vision, None if it says nothing of them. `is_loaded` is None where all models are. `weights` are
    the numbers that llama-server has for them, and tell most models apart.
    """

    name: str
    aliases: tuple[str, ...] = ()
    window: int | None = None
    capabilities: frozenset[str] | None = None
    is_loaded: bool | None = None
    weights: str = ""

    def is_called(self, name: str) -> bool:
        """Tell whether `name` means this model."""
        return name == self.name or name in self.aliases


class Props(msgspec.Struct, frozen=True):
    """The properties of a llama-server: its slots, and the capabilities of its one model.

    `window` is that of one slot, in tokens; `path` is the model's, as the server was given it.
    """

    slots: int
    window: int | None
    capabilities: frozenset[str]
    version: str = ""
    path: str = ""


class _Meta(msgspec.Struct):
    n_ctx: int | None = None
    n_params: int = 0
    size: int = 0


class _Metadata(msgspec.Struct):
    max_request_context_length: int | None = None


class _Entry(msgspec.Struct):
    id: str
    owned_by: str | None = None
    aliases: list[str] | None = None
    max_model_len: int | None = None
    meta: _Meta | None = None
    metadata: _Metadata | None = None

    @property
    def window(self) -> int | None:
        if self.max_model_len:
            return self.max_model_len
        if self.meta is not None and self.meta.n_ctx:
            return self.meta.n_ctx
        return self.metadata.max_request_context_length if self.metadata is not None else None


class _Models(msgspec.Struct):
    data: list[_Entry]


class _StudioConfig(msgspec.Struct):
    context_length: int | None = None


class _StudioInstance(msgspec.Struct):
    id: str
    config: _StudioConfig | None = None


class _StudioCapabilities(msgspec.Struct):
    vision: bool = False
    trained_for_tool_use: bool = False
    thinking: bool | None = None


class _StudioModel(msgspec.Struct):
    key: str
    type: str = "llm"
    loaded_instances: list[_StudioInstance] | None = None
    max_context_length: int | None = None
    capabilities: _StudioCapabilities | None = None


class _StudioModels(msgspec.Struct):
    models: list[_StudioModel]


class _Settings(msgspec.Struct):
    n_ctx: int | None = None


class _Modalities(msgspec.Struct):
    vision: bool = False


class _Props(msgspec.Struct):
    total_slots: int = 1
    default_generation_settings: _Settings | None = None
    modalities: _Modalities | None = None
    chat_template: str = ""
    chat_template_caps: dict[str, Any] | None = None
    build_info: str = ""
    model_path: str = ""


class _Version(msgspec.Struct):
    version: str


class _Count(msgspec.Struct):
    input_tokens: int = 0
    count: int = 0


_OWNERS = {
    "llamacpp": ServerEngine.LLAMA_SERVER,
    "vllm": ServerEngine.VLLM,
    "sglang": ServerEngine.SGLANG,
}
_LLAMA_HEADER = "llama.cpp"
# What a template has that lets its model think before it answers.
_THINKING_MARKS = ("enable_thinking", "reasoning_effort", "reasoning_content", "<think>")


def engine_of(models: bytes, server_header: str) -> ServerEngine | None:
    """Return what has answered `/v1/models` with this body and header `Server`.

    None: neither says it; LM Studio and any other server look the same there.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is not such an answer.

    """
    entries = msgspec.json.decode(models, type=_Models).data
    for entry in entries:
        if entry.owned_by in _OWNERS:
            return _OWNERS[entry.owned_by]
        if entry.metadata is not None and entry.metadata.max_request_context_length:
            return ServerEngine.RAY
    return ServerEngine.LLAMA_SERVER if server_header == _LLAMA_HEADER else None


def served_models(models: bytes) -> list[ServedModel]:
    """Return the models that `/v1/models` lists.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is not such an answer.

    """
    entries = msgspec.json.decode(models, type=_Models).data
    return [
        ServedModel(
            entry.id,
            tuple(entry.aliases or ()),
            entry.window or None,
            weights=f"{entry.meta.n_params}/{entry.meta.size}" if entry.meta else "",
        )
        for entry in entries
    ]


def studio_models(models: bytes) -> list[ServedModel]:
    """Return the models that LM Studio 0.4 lists at `/api/v1/models`, those for chats.

    The window is that with which a model is loaded, else the largest that it can have. A loaded
    model has its own name too.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is not LM Studio's answer.

    """
    listed = msgspec.json.decode(models, type=_StudioModels).models
    return [_studio_model(model) for model in listed if model.type == "llm"]


def props(body: bytes) -> Props:
    """Read llama-server's `/props`.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is not such an answer.

    """
    found = msgspec.json.decode(body, type=_Props)
    settings, modalities = found.default_generation_settings, found.modalities
    caps = found.chat_template_caps or {}
    template = found.chat_template
    told = {
        "tools": bool(caps.get("supports_tools", "tools" in template)),
        "thinking": any(mark in template for mark in _THINKING_MARKS),
        "vision": modalities is not None and modalities.vision,
    }
    return Props(
        slots=max(1, found.total_slots),
        window=(settings.n_ctx or None) if settings is not None else None,
        capabilities=frozenset(name for name, can in told.items() if can),
        version=found.build_info,
        path=found.model_path,
    )


def version(body: bytes) -> str:
    """Read what vLLM says at `/version`, and SGLang at `/get_server_info`; raises as `props`."""
    return msgspec.json.decode(body, type=_Version).version


def counted(body: bytes) -> int:
    """Read the count of a prompt, llama-server's or vLLM's; raises as `props`."""
    found = msgspec.json.decode(body, type=_Count)
    return found.input_tokens or found.count


def _studio_model(model: _StudioModel) -> ServedModel:
    instances = model.loaded_instances or []
    windows = [one.config.context_length for one in instances if one.config is not None]
    can = model.capabilities
    capabilities = None
    if can is not None:
        told = {"tools": can.trained_for_tool_use, "vision": can.vision, "thinking": can.thinking}
        # LM Studio 0.4 does not say which models think: they may.
        capabilities = frozenset(name for name, told_so in told.items() if told_so is not False)
    return ServedModel(
        name=model.key,
        aliases=tuple(one.id for one in instances if one.id != model.key),
        window=min(filter(None, windows), default=None) or model.max_context_length,
        capabilities=capabilities,
        is_loaded=bool(instances),
    )
