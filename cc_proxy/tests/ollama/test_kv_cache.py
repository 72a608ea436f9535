"""The memory of a token of the window, from `/api/show`."""

from typing import Any

import pytest

from cc_proxy.app.upstreams.ollama.kv_cache import bytes_per_token

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
