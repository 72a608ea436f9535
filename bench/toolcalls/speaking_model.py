"""A model that says given texts to the letter, for a real llama.cpp.

The next token depends on the last one alone: the embeddings are one-hot, and the output matrix is a
table of what follows. So each piece of a text is a token of its own, and no two pieces are alike.
"""

import re
import struct
from collections.abc import Mapping
from pathlib import Path

from cc_proxy.app.practice.engine.gguf import F16, F32, ModelFile

_NORMAL, _CONTROL, _USER_DEFINED = 1, 3, 4
_END = "<|im_end|>"
_MARKS = ("<|endoftext|>", "<|im_start|>", _END)
# Short pieces first: they are cut like the tokens of a real model.
_SIZES = (4, 3, 5, 6, 2, 7, 8, 9, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48)
_MARK = re.compile(r"</?tool_call>")
_ONE = struct.pack("<e", 1.0)
_HEAD = 64
_FEED_FORWARD = 32
_MOST_STEPS = 20_000


class UncuttableError(ValueError):
    """A text cannot be cut into pieces that are not in use."""


def write(path: Path, texts: Mapping[str, str], template: str) -> dict[str, int]:
    """Write a model that says a text after the token `<|NAME|>`, by the names of the texts.

    `template` is its chat template, in Jinja. Returns of how many tokens each text is, its end
    included.

    Raises:
        UncuttableError: two texts are too much alike.

    """
    used: set[str] = set()
    pieces = {name: _cut(text, used) for name, text in texts.items()}
    starts = [f"<|{name}|>" for name in texts]
    own = [piece for found in pieces.values() for piece in found]
    letters = _letters()
    tokens = [*letters, *_MARKS, *starts, *own]
    place = {token: number for number, token in enumerate(tokens)}
    width = -(-len(tokens) // _HEAD) * _HEAD
    marks = len(_MARKS) + len(starts)
    kinds = [_NORMAL] * len(letters) + [_CONTROL] * marks + [_USER_DEFINED] * len(own)
    model = ModelFile()
    model.texts({"general.architecture": "llama", "general.name": "speaking"})
    model.texts({"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2"})
    model.texts({"tokenizer.chat_template": template})
    model.numbers(
        {
            "general.file_type": 1,
            "llama.context_length": 32_768,
            "llama.embedding_length": width,
            "llama.block_count": 1,
            "llama.feed_forward_length": _FEED_FORWARD,
            "llama.attention.head_count": width // _HEAD,
            "llama.attention.head_count_kv": 1,
            "llama.rope.dimension_count": _HEAD,
            "llama.vocab_size": len(tokens),
            "tokenizer.ggml.bos_token_id": place["<|endoftext|>"],
            "tokenizer.ggml.eos_token_id": place[_END],
        }
    )
    model.floats({"llama.attention.layer_norm_rms_epsilon": 1e-6, "llama.rope.freq_base": 1e6})
    model.flags({"tokenizer.ggml.add_bos_token": False})
    model.text_list("tokenizer.ggml.tokens", tokens)
    model.number_list("tokenizer.ggml.token_type", kinds)
    model.text_list("tokenizer.ggml.merges", ["i n"])
    follows = {
        place[before]: place[after]
        for name, found in pieces.items()
        for before, after in zip([f"<|{name}|>", *found], [*found, _END], strict=True)
    }
    _add_tensors(model, len(tokens), width, follows)
    model.write(path)
    return {name: len(found) + 1 for name, found in pieces.items()}


def _add_tensors(model: ModelFile, count: int, width: int, follows: Mapping[int, int]) -> None:
    embedding, output = bytearray(2 * count * width), bytearray(2 * count * width)
    for token in range(count):
        _set(embedding, token * width + token)
    for before, after in follows.items():
        _set(output, after * width + before)
    model.tensor("token_embd.weight", (width, count), bytes(embedding), F16)
    model.tensor("output.weight", (width, count), bytes(output), F16)
    line = struct.pack("<f", 1.0) * width
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        model.tensor(f"{name}.weight", (width,), line, F32)
    # The layer adds nothing: what comes next is not to depend on what was before.
    shapes = {
        "attn_q": (width, width),
        "attn_k": (width, _HEAD),
        "attn_v": (width, _HEAD),
        "attn_output": (width, width),
        "ffn_gate": (width, _FEED_FORWARD),
        "ffn_up": (width, _FEED_FORWARD),
        "ffn_down": (_FEED_FORWARD, width),
    }
    for name, (rows, columns) in shapes.items():
        model.tensor(f"blk.0.{name}.weight", (rows, columns), bytes(2 * rows * columns), F16)


def _set(matrix: bytearray, place: int) -> None:
    matrix[2 * place : 2 * place + 2] = _ONE


def _cut(text: str, used: set[str]) -> list[str]:
    """Return the pieces of a text, none of which is in `used`; they are added to it.

    No piece goes over the end of a mark: a grammar that begins with a mark takes whole tokens.
    """
    letters = set(_letters())
    ends = sorted({*(at for mark in _MARK.finditer(text) for at in mark.span()), len(text)})
    pieces: list[str] = []
    choices = [iter(_SIZES)]
    at = steps = 0
    while at < len(text):
        steps += 1
        if steps > _MOST_STEPS:
            raise UncuttableError(f"expected a text that is not like others, found {text[:40]!r}")
        end = next(end for end in ends if end > at)
        for size in choices[-1]:
            piece = text[at : min(at + size, end)]
            is_new = piece not in used and piece not in letters and piece[:2] != "<|"
            if is_new and (len(piece) == size or size == _SIZES[-1]):
                pieces.append(piece)
                used.add(piece)
                choices.append(iter(_SIZES))
                at += len(piece)
                break
        else:
            choices.pop()
            if not pieces:
                shown = text[:40]
                raise UncuttableError(f"expected a text that is not like others, found {shown!r}")
            at -= len(pieces[-1])
            used.discard(pieces.pop())
    return pieces


def _letters() -> list[str]:
    """Return how the 256 bytes are written in a vocabulary of the kind gpt2."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]
