"""A model of random weights in a file: large enough to be read, small enough to be quick.

One layer of Llama's architecture, 16,384 tokens, 1.3 MB in the GGUF format. It is made in a few
hundredths of a second, and reads 12,000 tokens in half a second on one core.
"""

import random
import struct
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path

CONTEXT = 1_048_576
_VOCABULARY = 16_384
_WIDTH = 32
_ALIGNMENT = 32
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_TENSOR_F32, _TENSOR_F16 = 0, 1
_NORMAL_TOKEN = 1
# The upper byte of a half-precision number of about 0.01 to 0.02, with a sign of its own.
_SMALL = bytes((byte & 0x83) | 0x20 for byte in range(256))


def write(path: Path) -> None:
    """Write the model to a file; it has the same bytes each time."""
    fields = list(_fields())
    infos, data = _tensors()
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(infos), len(fields))
    head += b"".join(fields) + b"".join(infos)
    path.write_bytes(_padded(head) + data)


def _fields() -> Iterator[bytes]:
    yield _field("general.architecture", _STRING, _string("llama"))
    yield _field("general.name", _STRING, _string("practice"))
    numbers = {
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
    for name, number in numbers.items():
        yield _field(name, _UINT32, struct.pack("<I", number))
    yield _field("llama.attention.layer_norm_rms_epsilon", _FLOAT32, struct.pack("<f", 1e-6))
    yield _field("llama.rope.freq_base", _FLOAT32, struct.pack("<f", 1e6))
    yield _field("tokenizer.ggml.model", _STRING, _string("gpt2"))
    yield _field("tokenizer.ggml.pre", _STRING, _string("qwen2"))
    yield _field("tokenizer.ggml.add_bos_token", _BOOL, b"\0")
    names = [_string(f"t{number}") for number in range(_VOCABULARY)]
    kinds = [struct.pack("<i", _NORMAL_TOKEN)] * _VOCABULARY
    yield _field("tokenizer.ggml.tokens", _ARRAY, _array(_STRING, names))
    yield _field("tokenizer.ggml.token_type", _ARRAY, _array(_INT32, kinds))
    # One that is never used: the format wants the list.
    yield _field("tokenizer.ggml.merges", _ARRAY, _array(_STRING, [_string("t 1")]))


def _tensors() -> tuple[list[bytes], bytes]:
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
    infos, data = [], b""
    for name, shape in shapes.items():
        kind = _TENSOR_F32 if len(shape) == 1 else _TENSOR_F16
        sizes = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        infos.append(_string(f"{name}.weight") + sizes + struct.pack("<IQ", kind, len(data)))
        count = prod(shape)
        weights = struct.pack("<f", 1.0) * count if kind == _TENSOR_F32 else _random(chance, count)
        data += _padded(weights)
    return infos, data


def _random(chance: random.Random, count: int) -> bytes:
    weights = bytearray(chance.randbytes(2 * count))
    weights[1::2] = weights[1::2].translate(_SMALL)
    return bytes(weights)


def _field(name: str, kind: int, value: bytes) -> bytes:
    return _string(name) + struct.pack("<I", kind) + value


def _array(kind: int, items: Sequence[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGNMENT)
