"""A model of random weights in a file: large enough to be read, small enough to be quick.

One layer of Llama's architecture, 16,384 tokens, 1.3 MB in the GGUF format. It is made in a few
hundredths of a second, and reads 12,000 tokens in half a second on one core.
"""

import random
import struct
from math import prod
from pathlib import Path

from cc_proxy.app.practice.engine.gguf import F16, F32, ModelFile

CONTEXT = 1_048_576
_VOCABULARY = 16_384
_WIDTH = 32
_NORMAL_TOKEN = 1
# The upper byte of a half-precision number of about 0.01 to 0.02, with a sign of its own.
_SMALL = bytes((byte & 0x83) | 0x20 for byte in range(256))


def write(path: Path) -> None:
    """Write the model to a file; it has the same bytes each time."""
    model = ModelFile()
    model.texts({"general.architecture": "llama", "general.name": "practice"})
    model.numbers(
        {
            "general.file_type": 1,
            "llama.context_length": CONTEXT,
            "llama.embedding_length": _WIDTH,
            "llama.block_count": 1,
            "llama.feed_forward_length": _WIDTH,
            "llama.attention.head_count": 1,
            "llama.attention.head_count_kv": 1,
            "llama.rope.dimension_count": _WIDTH,
            "llama.vocab_size": _VOCABULARY,
            "tokenizer.ggml.bos_token_id": 0,
            "tokenizer.ggml.eos_token_id": 0,
        }
    )
    model.floats({"llama.attention.layer_norm_rms_epsilon": 1e-6, "llama.rope.freq_base": 1e6})
    model.texts({"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2"})
    model.flags({"tokenizer.ggml.add_bos_token": False})
    model.text_list("tokenizer.ggml.tokens", [f"t{number}" for number in range(_VOCABULARY)])
    model.number_list("tokenizer.ggml.token_type", [_NORMAL_TOKEN] * _VOCABULARY)
    # One that is never used: the format wants the list.
    model.text_list("tokenizer.ggml.merges", ["t 1"])
    _add_tensors(model)
    model.write(path)


def _add_tensors(model: ModelFile) -> None:
    square, line = (_WIDTH, _WIDTH), (_WIDTH,)
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd": (_WIDTH, _VOCABULARY),
        "output_norm": line,
        "blk.0.attn_norm": line,
        "blk.0.ffn_norm": line,
    }
    shapes |= {f"blk.0.attn_{name}": square for name in ("q", "k", "v", "output")}
    shapes |= {f"blk.0.ffn_{name}": square for name in ("gate", "up", "down")}
    chance = random.Random(7)  # noqa: S311 - weights, no secrets
    for name, shape in shapes.items():
        count = prod(shape)
        if len(shape) == 1:
            model.tensor(f"{name}.weight", shape, struct.pack("<f", 1.0) * count, F32)
        else:
            model.tensor(f"{name}.weight", shape, _random(chance, count), F16)


def _random(chance: random.Random, count: int) -> bytes:
    weights = bytearray(chance.randbytes(2 * count))
    weights[1::2] = weights[1::2].translate(_SMALL)
    return bytes(weights)
