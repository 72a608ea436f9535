"""The memory of a token of the window, from `/api/show`."""

from typing import Any

import pytest

from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.upstreams.ollama.kv_cache import bytes_per_token, memory_advice

LLAMA = {
    "general.architecture": "llama",
    "llama.block_count": 32,
    "llama.attention.head_count": 32,
    "llama.attention.head_count_kv": 8,
    "llama.embedding_length": 4096,
}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, 131_072),
        ({"llama.attention.key_length": 256, "llama.attention.value_length": 256}, 262_144),
        ({"llama.attention.head_count_kv": None}, None),  # another number in each layer
        ({"llama.attention.kv_lora_rank": 512}, None),
        ({"llama.block_count": "32"}, None),
        ({"general.architecture": None}, None),
    ],
)
def test_it_is_computed_where_the_numbers_are_there(
    more: dict[str, Any], expected: int | None
) -> None:
    assert bytes_per_token({**LLAMA, **more}) == expected


def test_a_model_that_tells_nothing_has_none() -> None:
    assert bytes_per_token({}) is None


SHORT = "model requires more system memory (11.6 GiB) than is available (7.6 GiB)"


def asked(window: int, each: int | None) -> Target:
    info = ModelInfo("qwen3:4b", frozenset(), None, None, "qwen3", cache_bytes_per_token=each)
    return Target(info, window, keep_alive="30m")


def test_too_little_memory_is_told_with_a_window_that_may_fit() -> None:
    # 4 GiB are 32,768 tokens of 128 KiB; a tenth more is spared.
    advice = memory_advice(SHORT, asked(65_536, 131_072))
    assert advice is not None
    assert "a window of 65,536 tokens" in advice
    assert "About 28,672 may fit" in advice
    assert 'models: {"qwen3:4b": {context_window: 28672}}' in advice


@pytest.mark.parametrize(
    "text",
    [
        SHORT,
        "llama runner process has terminated: cudaMalloc failed: out of memory",
        "unable to allocate CUDA0 buffer",
    ],
)
def test_without_the_memory_of_a_token_half_the_window_is_worth_a_try(text: str) -> None:
    advice = memory_advice(text, asked(65_536, None))
    assert advice is not None
    assert "About 32,768 may fit" in advice


def test_a_model_that_does_not_fit_with_any_window_is_too_large() -> None:
    advice = memory_advice(SHORT.replace("11.6", "90"), asked(65_536, 131_072))
    assert advice is not None
    assert "choose a smaller model" in advice


@pytest.mark.parametrize("text", ["model not found", "memory", ""])
def test_other_errors_get_no_advice_on_memory(text: str) -> None:
    assert memory_advice(text, asked(65_536, 131_072)) is None
