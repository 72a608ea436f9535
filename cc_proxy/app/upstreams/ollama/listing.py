"""Capabilities and loaded models, from `/api/show`, `/api/ps` and `/api/tags`."""

import re
from typing import Any

import msgspec

from cc_proxy.app.chat.call_formats import call_formats
from cc_proxy.app.chat.models import COMPACT, LoadedModel, ModelCard, ModelInfo
from cc_proxy.app.upstreams.ollama.kv_cache import bytes_per_token

_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,18})\s*$", re.MULTILINE)
# How a Jinja template writes JSON; Go's have no such word (recordings 83, 95b, 95c).
_TO_JSON = re.compile(r"\btojson\b(?:\(\s*(?:indent\s*=\s*)?(\d{1,3}))?")
_GPT_OSS = frozenset({"gptoss", "gpt-oss"})
_HARMONY = ("<|start|>", "<|end|>")


# The name that the models of our own practice server give their weights (practice/model/models.py).
PRACTICE_BASENAME = "cc-proxy practice model"
# What Ollama runs elsewhere, where its list does not name the host.
_CLOUD = ("-cloud", ":cloud")


class _Tag(msgspec.Struct):
    name: str
    size: int = 0
    capabilities: list[str] | None = None
    remote_host: str = ""
    digest: str = ""


class _Details(msgspec.Struct):
    family: str = ""


class _Show(msgspec.Struct):
    capabilities: list[str] | None = None
    model_info: dict[str, Any] | None = None
    parameters: str = ""
    template: str = ""
    # The parser that Ollama has built in for the model's family, if it uses one.
    parser: str = ""
    details: _Details | None = None
    # Of a cloud model.
    remote_host: str = ""
    remote_model: str = ""


class _Ps(msgspec.Struct):
    models: list[LoadedModel] | None = None


class _Tags(msgspec.Struct):
    models: list[_Tag] | None = None


class _Version(msgspec.Struct):
    version: str


def from_show(name: str, body: bytes) -> ModelInfo:
    """Read `/api/show`. Raises msgspec.DecodeError when the body is not Ollama's."""
    show = msgspec.json.decode(body, type=_Show)
    maximum = next(
        (
            value
            for key, value in (show.model_info or {}).items()
            if key.endswith(".context_length") and isinstance(value, int)
        ),
        None,
    )
    num_ctx = _NUM_CTX.search(show.parameters)
    parser = _parser(show)
    return ModelInfo(
        name=name,
        capabilities=frozenset(show.capabilities or ()),
        max_context=maximum,
        modelfile_context=int(num_ctx[1]) if num_ctx else None,
        family=show.details.family if show.details else "",
        tokenizer=_tokenizer(show.model_info or {}),
        json_indent=max((int(n or 0) for n in _TO_JSON.findall(show.template)), default=COMPACT),
        cache_bytes_per_token=bytes_per_token(show.model_info or {}),
        is_local=not (show.remote_host or show.remote_model or name.endswith(_CLOUD)),
        call_formats=call_formats(show.template, parser),
        parser=parser,
        template=_language(show.template),
        is_practice=(show.model_info or {}).get("general.basename") == PRACTICE_BASENAME,
    )


def _parser(show: _Show) -> str:
    """Return the parser that Ollama uses; it chooses harmony's for gpt-oss by the template.

    That is `shouldUseHarmony` in Ollama's server/routes.go.
    """
    if show.parser or show.details is None or show.details.family not in _GPT_OSS:
        return show.parser
    return "harmony" if all(mark in show.template for mark in _HARMONY) else ""


def _language(template: str) -> str:
    """Return in which language a chat template is written: Jinja has statements in `{%`."""
    return "jinja" if "{%" in template else "go" if "{{" in template else ""


def _tokenizer(info: dict[str, Any]) -> str:
    names = (info.get("tokenizer.ggml.pre"), info.get("tokenizer.ggml.model"))
    return next((name for name in names if isinstance(name, str) and name), "")


def from_ps(body: bytes) -> list[LoadedModel]:
    """Read `/api/ps`. Raises msgspec.DecodeError when the body is not Ollama's."""
    return msgspec.json.decode(body, type=_Ps).models or []


def from_tags(body: bytes) -> list[ModelCard]:
    """Read `/api/tags`, newest first; newer servers list capabilities too.

    A cloud model stands among the others as if it were here, with the host that it runs on.

    Raises:
        msgspec.DecodeError: as above.

    """
    tags = msgspec.json.decode(body, type=_Tags).models or []
    return [
        ModelCard(
            name=tag.name,
            size=tag.size,
            capabilities=tag.capabilities,
            digest=tag.digest,
            is_local=not tag.remote_host and not tag.name.endswith(_CLOUD),
        )
        for tag in tags
    ]


def from_version(body: bytes) -> str:
    """Read `/api/version`. Raises msgspec.DecodeError as above."""
    return msgspec.json.decode(body, type=_Version).version
