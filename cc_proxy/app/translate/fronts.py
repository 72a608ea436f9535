"""The front of a session: what it shares with the next one before the person has said a word.

System prompt and tools are the same as last time; so is what Claude Code puts before the
person's first words. A model that has read them waits for the person, and not the other way.
"""

import msgspec

from cc_proxy.app.ollama import chat
from cc_proxy.app.ollama.chat import ChatMessage, ChatRequest


class Front(msgspec.Struct, frozen=True):
    """What a session began with, and how much of its first turn the one before had too."""

    request: ChatRequest
    first_turn: str
    shared: str = ""

    def body(self) -> bytes:
        """Return the request that has the model read the front and write next to nothing."""
        system = [m for m in self.request.messages[:1] if m.role == "system"]
        options = self.request.options or {}
        return chat.encode(
            msgspec.structs.replace(
                self.request,
                messages=[*system, ChatMessage(role="user", content=self.shared)],
                stream=False,
                format=msgspec.UNSET,
                options={**options, "num_predict": 1},
            )
        )


def front_of(request: ChatRequest, before: Front | None) -> Front | None:
    """Return the front of the session that a request belongs to, None if it has none worth it.

    `before` is the front that was seen last.
    """
    first = next((m for m in request.messages if m.role == "user"), None)
    if request.tools is msgspec.UNSET or first is None:
        return None
    words = first.content if isinstance(first.content, str) else ""
    if before is None or not _begin_alike(request, before.request):
        return Front(request=request, first_turn=words)
    if words == before.first_turn:
        return msgspec.structs.replace(before, request=request)
    return Front(request=request, first_turn=words, shared=_shared(words, before.first_turn))


def _begin_alike(one: ChatRequest, other: ChatRequest) -> bool:
    return one.tools == other.tools and one.messages[:1] == other.messages[:1]


def _shared(one: str, other: str) -> str:
    """Return the whole lines that both begin with."""
    size = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return one[: one.rfind("\n", 0, size) + 1]
