"""How much memory a model's cache takes for a token of the window."""

from typing import Any

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


def _count(model_info: dict[str, Any], key: str) -> int | None:
    number = model_info.get(key)
    return number if isinstance(number, int) and number > 0 else None
