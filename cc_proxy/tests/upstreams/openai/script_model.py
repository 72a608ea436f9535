"""A tiny model that says what its chat template picks, for a real llama.cpp server.

Its next token depends on the last one only: the embedding of a token is one-hot, and the output
matrix has a row of next tokens for each. So a script is a chain of tokens that occur nowhere else;
its first one, `<|NAME|>`, is what the template writes where a message says `[[NAME]]`, or, of
`[[ONE TWO]]`, first one and then the other. All other tokens look alike to it. With one head of
attention, 20,000 tokens of a prompt take a second of a processor.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cc_proxy.app.practice.engine.gguf import F32, ModelFile

CONTEXT = 131_072
_NORMAL, _CONTROL, _USER_DEFINED = 1, 3, 4
_CONTROLS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_END = "<|im_end|>"
# A script that ends so repeats its last piece for ever.
LOOP = "\0loop"
_SIZES = (4, 3, 5, 6, 2, 7, 8, 9, 10, 11, 12, 14, 16, 20, 24, 32)
_NO, _YES = struct.pack("<e", -2.0), struct.pack("<e", 1.0)
HEAD_WIDTH = 64


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a model, and each of its scripts as a chain of them.

    `words` are said, `base` are the bytes. The first `said` tokens have a place of their own in the
    `width` of the model, all others have the one behind.
    """

    controls: list[str]
    words: list[str]
    base: list[str]
    index: dict[str, int]
    chains: list[list[int]]

    @property
    def tokens(self) -> list[str]:
        """All tokens, in the order of their numbers."""
        return [*self.controls, *self.words, *self.base]

    @property
    def said(self) -> int:
        """The number of tokens that the model may say."""
        return len(self.controls) + len(self.words)

    @property
    def width(self) -> int:
        """The numbers that stand for a token."""
        return -(-(self.said + 1) // HEAD_WIDTH) * HEAD_WIDTH


def vocabulary(scripts: Mapping[str, str]) -> Vocabulary:
    """Return the tokens of a model that says these scripts, by name."""
    base = _byte_characters()
    controls = [*_CONTROLS, *(f"<|{name}|>" for name in scripts)]
    used = {*base, *controls}
    cut = {name: _pieces(text.removesuffix(LOOP), used) for name, text in scripts.items()}
    words = [piece for pieces in cut.values() for piece in pieces]
    index = {token: at for at, token in enumerate([*controls, *words, *base])}
    chains = []
    for name, pieces in cut.items():
        last = pieces[-1] if scripts[name].endswith(LOOP) else _END
        chains.append([index[token] for token in (f"<|{name}|>", *pieces, last)])
    return Vocabulary(controls, words, base, index, chains)


def write(path: Path, scripts: Mapping[str, str], template: str) -> None:
    """Write the model that knows these scripts, by name, with its chat template."""
    made = vocabulary(scripts)
    following = dict(pair for chain in made.chains for pair in pairwise(chain))
    model = _head(len(made.tokens), made.width, made.index)
    model.texts({"tokenizer.chat_template": template})
    model.text_list("tokenizer.ggml.tokens", made.tokens)
    kinds = [_CONTROL] * len(made.controls) + [_USER_DEFINED] * len(made.words)
    kinds += [_NORMAL] * len(made.base)
    model.number_list("tokenizer.ggml.token_type", kinds)
    model.text_list("tokenizer.ggml.merges", ["i n"])
    sizes = (len(made.tokens), made.said, made.width)
    _add_tensors(model, sizes, following, made.index[_END])
    model.write(path)


def _head(vocabulary: int, width: int, index: Mapping[str, int]) -> ModelFile:
    model = ModelFile()
    model.texts({"general.architecture": "llama", "general.name": "script"})
    model.numbers(
        {
            "general.file_type": 1,
            "llama.context_length": CONTEXT,
            "llama.embedding_length": width,
            "llama.block_count": 1,
            "llama.feed_forward_length": HEAD_WIDTH,
            "llama.attention.head_count": 1,
            "llama.attention.head_count_kv": 1,
            "llama.attention.key_length": HEAD_WIDTH,
            "llama.attention.value_length": HEAD_WIDTH,
            "llama.rope.dimension_count": HEAD_WIDTH,
            "llama.vocab_size": vocabulary,
            "tokenizer.ggml.bos_token_id": index["<|endoftext|>"],
            "tokenizer.ggml.eos_token_id": index[_END],
            "tokenizer.ggml.padding_token_id": index["<|endoftext|>"],
        }
    )
    model.floats({"llama.attention.layer_norm_rms_epsilon": 1e-6, "llama.rope.freq_base": 1e6})
    model.texts({"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2"})
    return model.flags({"tokenizer.ggml.add_bos_token": False})


def _add_tensors(
    model: ModelFile, sizes: tuple[int, int, int], following: Mapping[int, int], end: int
) -> None:
    # What is not said has one place behind what is.
    vocabulary, said, width = sizes
    embedding = bytearray(2 * vocabulary * width)
    for token in range(vocabulary):
        at = 2 * (token * width + min(token, said))
        embedding[at : at + 2] = _YES
    output = bytearray(_NO * (vocabulary * width))
    for token in range(said + 1):
        at = 2 * (following.get(token, end) * width + token)
        output[at : at + 2] = _YES
    ones = struct.pack("<f", 1.0) * width
    model.tensor("token_embd.weight", (width, vocabulary), bytes(embedding))
    model.tensor("output.weight", (width, vocabulary), bytes(output))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        model.tensor(f"{name}.weight", (width,), ones, F32)
    # Nothing is added on the way: the last layer sees the last token alone.
    shapes = {
        "attn_q": (width, HEAD_WIDTH),
        "attn_k": (width, HEAD_WIDTH),
        "attn_v": (width, HEAD_WIDTH),
        "attn_output": (HEAD_WIDTH, width),
        "ffn_gate": (width, HEAD_WIDTH),
        "ffn_up": (width, HEAD_WIDTH),
        "ffn_down": (HEAD_WIDTH, width),
    }
    for name, (inner, outer) in shapes.items():
        model.tensor(f"blk.0.{name}.weight", (inner, outer), bytes(2 * inner * outer))


def _byte_characters() -> list[str]:
    """Return the characters that GPT-2's vocabulary has for the 256 bytes, and one pair."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = iter(range(256, 512))
    return [chr(byte) if byte in shown else chr(next(hidden)) for byte in range(256)] + ["in"]


def _pieces(text: str, used: set[str]) -> list[str]:
    """Cut a text into pieces that nobody has used before."""
    pieces = _cut(text, used)
    if pieces is None:
        raise ValueError(f"A script cannot be cut into pieces of its own: {text!r}")
    return pieces


def _cut(text: str, used: set[str]) -> list[str] | None:
    if not text:
        return []
    for size in _SIZES:
        piece = text[:size]
        if piece in used or len(piece) < min(size, len(text)):
            continue
        used.add(piece)
        rest = _cut(text[size:], used)
        if rest is not None:
            return [piece, *rest]
        used.discard(piece)
    return None


# A chat template like Qwen's. Of the last `[[ONE TWO]]` of a user it picks the script for the turn,
# and `hello` behind the last.
TEMPLATE = """\
{%- set ns = namespace(names=[], turn=0) -%}
{%- for m in messages -%}
{%- if m.role == 'user' and m.content is string and '[[' in m.content -%}
{%- set ns.names = m.content.split('[[')[-1].split(']]')[0].split(' ') -%}
{%- set ns.turn = 0 -%}
{%- elif m.role == 'assistant' -%}{%- set ns.turn = ns.turn + 1 -%}
{%- endif -%}
{%- endfor -%}
{%- set name = ns.names[ns.turn] if ns.turn < ns.names | length else 'hello' -%}
{%- if tools or messages[0].role == 'system' %}<|im_start|>system
{% if messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}
{%- if tools %}

# Tools
<tools>
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
</tools>
{%- endif %}<|im_end|>
{% endif %}
{%- for m in messages %}
{%- if m.role == 'system' and loop.first %}
{%- elif m.role == 'assistant' %}<|im_start|>assistant
{% if m.reasoning_content %}<think>
{{ m.reasoning_content }}
</think>

{% endif %}{% if m.content %}{{ m.content }}{% endif %}
{%- if m.tool_calls %}
{%- for c in m.tool_calls %}
<tool_call>
{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}
</tool_call>
{%- endfor %}
{%- endif %}<|im_end|>
{% elif m.role == 'tool' %}<|im_start|>user
<tool_response>
{{ m.content }}
</tool_response><|im_end|>
{% else %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% if enable_thinking is defined and not enable_thinking and name == 'think' %}\
<|hello|>{% else %}<|{{ name }}|>{% endif %}\
{% endif %}"""
