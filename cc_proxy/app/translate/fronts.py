"""The front of a session: what it shares with the next one before the person has said a word.

System prompt and tools are the same as last time; so is what Claude Code puts before the
person's first words. A model that has read them waits for the person, and not the other way.
"""

import msgspec

from cc_proxy.app.ollama.chat import ChatMessage, ChatRequest
from cc_proxy.app.translate.prefix import Prompt
from cc_proxy.app.translate.request import Target, Translated
from cc_proxy.app.translate.tokens import digits_of


class Front(msgspec.Struct, frozen=True):
    """What a session began with, and how much of its first turn the one before had too.

    Of the messages of `request` only the first is kept.
    """

    request: ChatRequest
    first_turn: str
    shared: str = ""

    def prompt(self, target: Target) -> Prompt:
        """Return what the model is given to read."""
        asks = self.asks(target)
        tools = bytes(asks.tools) if isinstance(asks.tools, msgspec.Raw) else b""
        return Prompt(asks.model, tools, asks.messages, digits_of(target.model.tokenizer))

    def asks(self, target: Target) -> ChatRequest:
        """Return the request that has the model read the front and write next to nothing.

        The window is the one that `target` has by now: another would load the model again.
        """
        system = [m for m in self.request.messages if m.role == "system"]
        options = self.request.options or {}
        return msgspec.structs.replace(
            self.request,
            messages=[*system, ChatMessage(role="user", content=self.shared)],
            stream=False,
            format=msgspec.UNSET,
            keep_alive=target.keep_alive,
            options={**options, "num_ctx": target.window, "num_predict": 1},
        )


def front_of(translated: Translated, before: Front | None) -> Front | None:
    """Return the front of the session that a request belongs to, None if it has none worth it.

    `before` is the front that was seen last.
    """
    request = translated.request
    first = next((m for m in request.messages if m.role == "user"), None)
    if request.tools is msgspec.UNSET or first is None:
        return None
    # The turns are not kept: they may be megabytes.
    begun = msgspec.structs.replace(request, messages=request.messages[:1])
    words = first.content if isinstance(first.content, str) else ""
    if before is None or not _begin_alike(begun, before.request):
        return Front(request=begun, first_turn=words)
    if words == before.first_turn:
        return msgspec.structs.replace(before, request=begun)
    shared = _shared(words, before.first_turn)
    return Front(request=begun, first_turn=words, shared=shared)


def _begin_alike(one: ChatRequest, other: ChatRequest) -> bool:
    return one.tools == other.tools and one.messages == other.messages


def _shared(one: str, other: str) -> str:
    """Return the whole lines that both begin with."""
    size = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return one[: one.rfind("\n", 0, size) + 1]
