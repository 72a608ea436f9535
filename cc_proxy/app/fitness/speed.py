"""A model's speed of reading and writing, and its real window."""

import secrets
from collections.abc import Iterable

import msgspec

from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.last_chunk import last_chunk
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.chat.model_names import same_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.fitness.report import Memory, Speed
from cc_proxy.app.translate.request.build import chat_request

# Enough for a steady pace, and read in half a minute by a machine that is just bearable.
_WORDS = 1_200
_MAX_TOKENS = 64
_NANOSECONDS = 1e9


async def first_answer(target: Target, ollama: Upstream) -> ChatChunk:
    """Have the model loaded, and read a prompt that it cannot know; return the last chunk.

    Raises:
        UpstreamError: Ollama cannot be asked, refuses, or breaks off.

    """
    words = " ".join(f"word{number}" for number in range(_WORDS // 2))
    prompt = f"{secrets.token_hex(8)} {words} Count from one to twenty, in words."
    asked = {
        "model": target.model.name,
        "max_tokens": _MAX_TOKENS,
        "messages": [{"role": "user", "content": prompt}],
    }
    request = chat_request(decode(msgspec.json.encode(asked)), target).request
    return await last_chunk(ollama.chat(ollama.encode(request, target)), _MAX_TOKENS, ollama.title)


async def memory(target: Target, ollama: Upstream) -> Memory | None:
    """Return how the model is loaded now, None if Ollama does not say.

    Raises:
        UpstreamError: Ollama cannot be asked.

    """
    loaded = await ollama.loaded()
    found = next((one for one in loaded if same_model(one.name, target.model.name)), None)
    if found is None or not found.context_length:
        return None
    return Memory(found.context_length, found.size_vram / found.size if found.size else 0.0)


def measured(first: ChatChunk, answers: Iterable[ChatChunk]) -> Speed:
    """Return the speeds: reading by the first prompt, of which nothing was known; writing by all.

    `prompt_eval_count` of a later one has what was reused in it.
    """
    every = [first, *answers]
    return Speed(
        read=_rate(first.prompt_eval_count, first.prompt_eval_duration),
        written=_rate(sum(a.eval_count for a in every), sum(a.eval_duration for a in every)),
    )


def _rate(tokens: int, nanoseconds: int) -> float | None:
    return tokens / (nanoseconds / _NANOSECONDS) if tokens and nanoseconds else None
