"""The memory that a model's window takes, and a window for which there is enough."""

import re
from math import ceil
from typing import Any

from cc_proxy.app.chat.target import Target

# Ollama 0.33 says the first before it loads a model, and llama.cpp the others while it does.
_SHORT = re.compile(
    r"requires more system memory \((\d{1,9}(?:\.\d{1,9})?) ([KMGT]?i?B)\)"
    r" than is available \((\d{1,9}(?:\.\d{1,9})?) ([KMGT]?i?B)\)"
)
_OUT_OF_MEMORY = re.compile(r"out of memory|(?:failed|unable) to allocate", re.IGNORECASE)
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SMALLEST_WINDOW = 2048
_STEP = 1024
# A token also takes some memory for what is computed.
_SPARE = 1.1
_F16_BYTES = 2
# Multi-head latent attention keeps something smaller, which these numbers do not give.
_COMPRESSED = ".attention.kv_lora_rank"


def bytes_per_token(model_info: dict[str, Any]) -> int | None:
    """Return how many bytes a token of the window takes at most; None if it cannot be computed.

    `model_info` is that of `/api/show`, which has null for what differs from layer to layer. A
    model with a sliding window, or a quantized cache, takes less.
    """
    name = model_info.get("general.architecture")
    if f"{name}{_COMPRESSED}" in model_info:
        return None
    layers = _count(model_info, f"{name}.block_count")
    heads = _count(model_info, f"{name}.attention.head_count_kv")
    all_heads = _count(model_info, f"{name}.attention.head_count")
    embedding = _count(model_info, f"{name}.embedding_length")
    usual = embedding // all_heads if embedding and all_heads else None
    key = _count(model_info, f"{name}.attention.key_length") or usual
    value = _count(model_info, f"{name}.attention.value_length") or usual
    if not (layers and heads and key and value):
        return None
    return layers * heads * (key + value) * _F16_BYTES


def memory_advice(text: str, target: Target) -> str | None:
    """Return what helps where a model did not fit into memory; None if an error says other things.

    `text` is Ollama's error, and `target` what it was asked to load.
    """
    short = _SHORT.search(text)
    if short is None and not _OUT_OF_MEMORY.search(text):
        return None
    asked = f"cc-proxy asked for a window of {target.window:,} tokens."
    window = target.window // 2
    if short is not None and (each := target.model.cache_bytes_per_token):
        missing = _bytes(short[1], short[2]) - _bytes(short[3], short[4])
        window = target.window - ceil(_SPARE * max(0.0, missing) / each)
    window = window // _STEP * _STEP
    if window < _SMALLEST_WINDOW:
        return f"{asked} No window is small enough: free memory, or choose a smaller model."
    setting = f'models: {{"{target.model.name}": {{context_window: {window}}}}}'
    return (
        f"{asked} About {window:,} may fit: set {setting} in cc-proxy.user.yaml and run"
        " `cc-proxy reload`. With OLLAMA_KV_CACHE_TYPE=q8_0 Ollama takes half the memory for it."
    )


def _bytes(number: str, unit: str) -> float:
    return float(number) * _UNITS[unit.rstrip("iB")]


def _count(model_info: dict[str, Any], key: str) -> int | None:
    number = model_info.get(key)
    return number if isinstance(number, int) and number > 0 else None
