"""The models of Ollama's library that are known to suit Claude Code, with their date."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from cc_proxy.app.fitness.memory_fit import ModelNeeds


@dataclass(frozen=True)
class KnownModel:
    """A model to pull: the size of its usual quantization, and what its architecture takes.

    `cache_bytes_per_token` is layers x KV heads x (key + value length) x 2 bytes, as Ollama keeps
    them by default; a sliding window takes less.
    """

    name: str
    size_bytes: int
    cache_bytes_per_token: int
    max_context: int
    capabilities: list[str]
    about: str

    @property
    def needs(self) -> ModelNeeds:
        """The memory that it takes."""
        return ModelNeeds(self.name, self.size_bytes, self.cache_bytes_per_token, self.max_context)


@dataclass(frozen=True)
class KnownModels:
    """The table, and the day of its figures."""

    as_of: str
    models: list[KnownModel]


@cache
def known_models() -> KnownModels:
    """Return the table that comes with the package."""
    import msgspec  # noqa: PLC0415 - not for `--help`

    file = files("cc_proxy") / "data" / "known-models.json"
    return msgspec.json.decode(file.read_bytes(), type=KnownModels)
