"""The scripted model of the tests as a folder in Hugging Face's form, which vLLM reads."""

import json
import struct
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from cc_proxy.tests.upstreams.openai import script_model
from cc_proxy.tests.upstreams.openai.script_model import HEAD_WIDTH, Vocabulary

_START, _END = "<|endoftext|>", "<|im_end|>"


def write(folder: Path, scripts: Mapping[str, str]) -> None:
    """Write the model that says these scripts, by name, as its chat template picks them."""
    folder.mkdir(parents=True, exist_ok=True)
    made = script_model.vocabulary(scripts)
    files = {
        "config.json": _config(made),
        "tokenizer.json": _tokenizer(made),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": _START,
            "eos_token": _END,
            "pad_token": _START,
            "model_max_length": script_model.CONTEXT,
            "clean_up_tokenization_spaces": False,
            "chat_template": script_model.TEMPLATE,
        },
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    _write_tensors(folder / "model.safetensors", _tensors(made))


def _config(made: Vocabulary) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": made.width,
        "intermediate_size": HEAD_WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "head_dim": HEAD_WIDTH,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
        "max_position_embeddings": script_model.CONTEXT,
        "vocab_size": len(made.tokens),
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "bos_token_id": made.index[_START],
        "eos_token_id": made.index[_END],
    }


def _tokenizer(made: Vocabulary) -> dict[str, Any]:
    level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": False,
        "use_regex": True,
    }
    added = [
        {
            "id": made.index[token],
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": place < len(made.controls),
        }
        for place, token in enumerate((*made.controls, *made.words))
    ]
    return {
        "version": "1.0",
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": None,
        "decoder": level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "fuse_unk": False,
            # An added token that is not among them would get another number.
            "vocab": made.index,
            "merges": [["i", "n"]],
        },
    }


def _tensors(made: Vocabulary) -> dict[str, tuple[tuple[int, ...], bytes]]:
    width, said = made.width, made.said
    embedding = [[0.0] * width for _ in made.tokens]
    output = [[-2.0] * width for _ in made.tokens]
    for token in range(len(made.tokens)):
        embedding[token][min(token, said)] = 1.0
    following = {one: other for chain in made.chains for one, other in pairwise(chain)}
    for token in range(said + 1):
        output[following.get(token, made.index[_END])][token] = 1.0
    ones = struct.pack("<f", 1.0) * width
    shapes = {
        "self_attn.q_proj": (HEAD_WIDTH, width),
        "self_attn.k_proj": (HEAD_WIDTH, width),
        "self_attn.v_proj": (HEAD_WIDTH, width),
        "self_attn.o_proj": (width, HEAD_WIDTH),
        "mlp.gate_proj": (HEAD_WIDTH, width),
        "mlp.up_proj": (HEAD_WIDTH, width),
        "mlp.down_proj": (width, HEAD_WIDTH),
    }
    layer = "model.layers.0."
    tensors: dict[str, tuple[tuple[int, ...], bytes]] = {
        f"{layer}{name}.weight": (shape, bytes(4 * shape[0] * shape[1]))
        for name, shape in shapes.items()
    }
    for name in ("model.norm", f"{layer}input_layernorm", f"{layer}post_attention_layernorm"):
        tensors[f"{name}.weight"] = ((width,), ones)
    for name, rows in (("model.embed_tokens", embedding), ("lm_head", output)):
        data = b"".join(struct.pack(f"<{width}f", *row) for row in rows)
        tensors[f"{name}.weight"] = ((len(rows), width), data)
    return tensors


def _write_tensors(path: Path, tensors: Mapping[str, tuple[tuple[int, ...], bytes]]) -> None:
    """Write the format safetensors: the length of a head, the head in JSON, the data."""
    head: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, (shape, data) in tensors.items():
        offsets = [at, at + len(data)]
        head[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": offsets}
        at += len(data)
    encoded = json.dumps(head).encode()
    encoded += b" " * (-len(encoded) % 8)
    parts = (struct.pack("<Q", len(encoded)), encoded, *(data for _, data in tensors.values()))
    path.write_bytes(b"".join(parts))
