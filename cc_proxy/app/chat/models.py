"""The capabilities of a model, and a test for two names of one model."""

import msgspec

COMPACT = -1


class ModelInfo(msgspec.Struct, frozen=True):
    """A model of a server's. Window sizes are in tokens; None where the server does not say.

    `tokenizer` is how the model's vocabulary splits text, by its name in llama.cpp. `json_indent`
    is how its template writes tools: with so many spaces a level, on one line with a space behind
    each comma and colon (0), or COMPACT. `cache_bytes_per_token` is the memory that a token of the
    window takes at most. `call_formats` are those of its own tool calls, as its template or parser
    says; `parser` is the server's parser for them by name, and `template` the language of its chat
    template ("go", "jinja"): empty where the server does not say. Not
    `is_local`: it runs elsewhere than the server does, which then loads nothing and has no cache.
    `is_practice`: it is one of the practice server's, which plays scripts.
    """

    name: str
    capabilities: frozenset[str]
    max_context: int | None
    modelfile_context: int | None
    family: str
    tokenizer: str = ""
    json_indent: int = COMPACT
    cache_bytes_per_token: int | None = None
    is_local: bool = True
    call_formats: frozenset[str] = frozenset()
    parser: str = ""
    template: str = ""
    is_practice: bool = False

    def can(self, capability: str) -> bool:
        """Tell whether the model has a capability: tools, thinking, vision, completion."""
        return capability in self.capabilities


def unknown_model(name: str) -> ModelInfo:
    """Return what can be said of a model that nobody was asked about."""
    return ModelInfo(
        name=name,
        capabilities=frozenset(),
        max_context=None,
        modelfile_context=None,
        family="",
    )


class LoadedModel(msgspec.Struct, frozen=True):
    """A model in memory; sizes in bytes, window in tokens."""

    name: str
    context_length: int = 0
    size: int = 0
    size_vram: int = 0


class ModelCard(msgspec.Struct, frozen=True):
    """A model in a server's list; `size` in bytes, 0 where the server does not say.

    `capabilities` None: the list has none. `digest` tells versions apart. Not `is_local`: it runs
    elsewhere than the server does. `hosts` names those that have it, where there are several.
    """

    name: str
    size: int = 0
    capabilities: list[str] | None = None
    digest: str = ""
    is_local: bool = True
    hosts: tuple[str, ...] = ()
