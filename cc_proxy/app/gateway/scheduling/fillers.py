"""The requests sent before a prompt (translate/prompt/placement.py)."""

from contextlib import AbstractContextManager, nullcontext
from itertools import takewhile
from typing import Protocol

import msgspec

from cc_proxy.app.chat.messages import ChatMessage, ChatRequest
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.translate.prompt.held_text import HeldText
from cc_proxy.app.translate.prompt.prefix import BLOCK, TOOLS, Prompt

# One token that no template begins with, and maybe one of the model's own before it.
STRANGER = HeldText(keys=(hash("a stranger"),), ends=(2.0,))
_HALF_END = hash("the end of a half")
# What a template puts around the words of a half.
_HALF_END_TOKENS = 8
_WORDS = "."


class ReadingWatch(Protocol):
    """Notes that a model reads a text that nobody waits for."""

    def __call__(self, kind: str, model: str, tokens: int) -> AbstractContextManager[None]:
        """Note it while the block runs; `kind` is `read_ahead` or `filler`."""


def unwatched(kind: str, model: str, tokens: int) -> AbstractContextManager[None]:
    """Note nothing."""
    del kind, model, tokens
    return nullcontext()


async def read(upstream: Upstream, request: ChatRequest, target: Target) -> None:
    """Have the model read a request, and drop the answer.

    Raises:
        UpstreamError: it cannot be asked.

    """
    async with upstream.chat(upstream.encode(request, target)) as batches:
        async for _ in batches:
            pass


def half_text(text: HeldText, prompt: Prompt, tokens: int) -> HeldText | None:
    """Return the first tools of a prompt behind its system prompt, in at most so many tokens.

    None where that leaves no tool.
    """
    begins = _first_of_tools(prompt)
    tools = next((part for part in prompt.parts if part.role == TOOLS), None)
    if tools is None:
        return None
    # The last key is that of all tools; the last block may end inside a tool, which is left out.
    half = text.upto(tokens - _HALF_END_TOKENS, begins + len(tools.keys) - 1)
    if len(half.keys) <= begins:
        return None
    return half.followed_by(_HALF_END, _HALF_END_TOKENS)


def _first_of_tools(prompt: Prompt) -> int:
    before = takewhile(lambda part: part.role != TOOLS, prompt.parts)
    return sum(len(part.keys) for part in before)


def half_request(front: ChatRequest, prompt: Prompt, half: HeldText) -> ChatRequest:
    """Return the request that has a half read: the system prompt, and the tools that are in it.

    `front` is the request of the prompt, without its turns.
    """
    tools = msgspec.json.decode(bytes(front.tools or b"[]"), type=list[msgspec.Raw])
    blocks = len(half.keys) - 1 - _first_of_tools(prompt)
    room, kept = blocks * BLOCK, []
    for tool in tools:
        room -= len(bytes(tool)) + 1
        if room < 0:
            break
        kept.append(tool)
    return msgspec.structs.replace(
        front,
        messages=[*front.messages, ChatMessage(role="user", content=_WORDS)],
        tools=msgspec.Raw(msgspec.json.encode(kept)) if kept else msgspec.UNSET,
        stream=False,
        format=msgspec.UNSET,
        max_tokens=1,
        temperature=msgspec.UNSET,
        top_p=msgspec.UNSET,
        top_k=msgspec.UNSET,
    )
