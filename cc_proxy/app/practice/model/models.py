"""The practice models, as `/api/tags`, `/api/show` and `/api/ps` report them."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from cc_proxy.app.practice.model.templates import template
from cc_proxy.app.practice.wire import WireError, timestamp

Style = Literal["go", "jinja"]

# A practice model is pulled at one fixed time, so that its answers are the same in every run.
_PULLED_NANOSECONDS = 1_795_356_427_960_266_131
_PARAMETERS = 8_030_261_248
SIZE_ON_DISK = 4_920_753_328
_BYTES_PER_WINDOW_TOKEN = 8_192
# What tells its models from real ones (upstreams/ollama/listing.py).
PRACTICE_BASENAME = "cc-proxy practice model"
_VALID_NAME = re.compile(
    r"(?:[a-z0-9_][\w.:-]*/)?(?:[a-z0-9_][\w.-]*/)?[a-z0-9_][\w.-]*(?::[\w][\w.-]*)?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class PracticeModel:
    """A model that plays scripts; `context` is the largest window it can have, in tokens.

    `style` says how it renders prompts and sends tool calls: by a Go template (each call in a
    chunk of its own) or by a Jinja one (all calls in the last chunk). `renderer` names the one that
    Ollama itself has for the family, in place of a template.
    """

    name: str
    context: int = 131_072
    tools: bool = True
    thinking: bool = False
    vision: bool = False
    style: Style = "go"
    renderer: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """The name with its tag, in lower case."""
        return full_name(self.name)

    @property
    def is_own(self) -> bool:
        """Return whether it is one of the practice server's own, and takes no real one's place."""
        return self.name.startswith("practice")

    @property
    def capabilities(self) -> list[str]:
        """The model's capabilities, in Ollama's words and order."""
        able = {"tools": self.tools, "thinking": self.thinking, "vision": self.vision}
        return ["completion", *(name for name in ("vision", "tools", "thinking") if able[name])]

    @property
    def stops(self) -> tuple[str, ...]:
        """The strings that end its answer whatever the request says."""
        return tuple(self.parameters.get("stop", ()))

    @property
    def digest(self) -> str:
        """A digest that stays the same for the same model."""
        return hashlib.sha256(f"practice model {self.full_name}".encode()).hexdigest()


_STOP = {"stop": ["<|im_end|>"]}
# The first one is what a proxy without a configured default picks: Ollama lists the newest first.
DEFAULT_MODELS = (
    PracticeModel("practice:latest", parameters=_STOP),
    PracticeModel("practice-think:latest", thinking=True, parameters=_STOP),
    PracticeModel("practice-jinja:latest", style="jinja"),
    PracticeModel("practice-vision:latest", vision=True, parameters=_STOP),
    PracticeModel("practice-small:latest", context=8_192, parameters=_STOP),
    PracticeModel("practice-plain:latest", tools=False, parameters=_STOP),
)


class Catalogue:
    """The models that are pulled."""

    def __init__(self, models: Iterable[PracticeModel]) -> None:
        self._models = {model.full_name: model for model in models}

    def find(self, name: str, *, shown: str | None = None) -> PracticeModel:
        """Return the model of a name in any of its spellings (recordings 86, 86b).

        Raises:
            WireError: 400 without a name or with a bad one, 403 for a cloud model, 404 else;
                `shown` is how the error spells the name.

        """
        if not name:
            raise WireError(400, "model is required")
        if not is_valid_name(name):
            raise WireError(400, "invalid model name")
        if name.endswith(("-cloud", ":cloud")):
            raise WireError(403, "ollama cloud is disabled: remote model is unavailable")
        model = self._models.get(full_name(name))
        if model is None:
            raise WireError(404, f"model '{shown or name}' not found")
        return model

    def offered(self, name: str, library: Iterable[PracticeModel]) -> PracticeModel:
        """Return the model of a name that is there already, or can be had from a library.

        Raises:
            WireError: neither; the error is then a line after the 200.

        """
        known = self._models | {model.full_name: model for model in library}
        if full_name(name) not in known:
            raise WireError(500, "pull model manifest: file does not exist")
        return known[full_name(name)]

    def add(self, model: PracticeModel) -> None:
        """Have a model from now on; Ollama lists the newest first."""
        self._models = {model.full_name: model} | self._models

    def tags(self) -> dict[str, Any]:
        """Return the answer of `/api/tags`."""
        return {"models": [_tag(model) for model in self._models.values()]}


def is_valid_name(name: str) -> bool:
    """Tell whether Ollama takes a name for one that a model can have."""
    return _VALID_NAME.fullmatch(name) is not None


def full_name(name: str) -> str:
    """Return a name in lower case, without `library/`, with its tag."""
    short = name.lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return short if ":" in short.rsplit("/", 1)[-1] else short + ":latest"


def show(model: PracticeModel) -> dict[str, Any]:
    """Return the answer of `/api/show`."""
    text = template(model.style, thinking=model.thinking)
    parameters = _parameter_lines(model.parameters, quoted=True)
    return {
        "modelfile": (
            "# Practice model of cc-proxy: it plays scripts, there are no weights behind it.\n"
            f"# FROM {model.full_name}\n\nFROM practice\n"
            f'TEMPLATE """{text}"""\n'
            + "".join(f"PARAMETER {line}\n" for line in _parameter_lines(model.parameters))
        ),
        "parameters": "\n".join(parameters),
        "template": text,
        "details": _details(),
        "model_info": {
            "general.architecture": "llama",
            "general.basename": PRACTICE_BASENAME if model.is_own else model.name,
            "general.file_type": 1,
            "general.parameter_count": _PARAMETERS,
            "llama.attention.head_count": 32,
            "llama.attention.head_count_kv": 8,
            "llama.block_count": 32,
            "llama.context_length": model.context,
            "llama.embedding_length": 4096,
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.ggml.tokens": None,
        },
        "tensors": [],
        "capabilities": model.capabilities,
        "modified_at": timestamp(_PULLED_NANOSECONDS),
        **({"renderer": model.renderer, "parser": model.renderer} if model.renderer else {}),
    }


def loaded(model: PracticeModel, num_ctx: int, expires_at: str) -> dict[str, Any]:
    """Return the entry of `/api/ps` for a model that runs with a window of `num_ctx` tokens."""
    return {
        "name": model.full_name,
        "model": model.full_name,
        "size": SIZE_ON_DISK + num_ctx * _BYTES_PER_WINDOW_TOKEN,
        "digest": model.digest,
        "details": _details(),
        "expires_at": expires_at,
        "size_vram": 0,
        "context_length": num_ctx,
    }


def _tag(model: PracticeModel) -> dict[str, Any]:
    sizes = {"context_length": model.context, "embedding_length": 4096}
    return {
        "name": model.full_name,
        "model": model.full_name,
        "modified_at": timestamp(_PULLED_NANOSECONDS),
        "size": SIZE_ON_DISK,
        "digest": model.digest,
        "details": _details() | sizes,
        "capabilities": model.capabilities,
    }


def _details() -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ["llama"],
        "parameter_size": "8.03B",
        "quantization_level": "F16",
    }


def _parameter_lines(parameters: dict[str, Any], *, quoted: bool = False) -> list[str]:
    lines = []
    for name, value in parameters.items():
        for item in value if isinstance(value, list) else [value]:
            shown = f'"{item}"' if quoted and isinstance(item, str) else str(item)
            lines.append(f"{name:<30} {shown}" if quoted else f"{name} {shown}")
    return lines
