"""Assistant turns as the model wrote them.

Claude Code sends a turn back re-serialised: keys in another order, defaults added, numbers for
strings, text moved before a call. For the model that is another text than its own, and it reads
everything from there on again. So what it wrote is remembered by the ids of its calls.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from cc_proxy.app.byte_cache import ByteCache, text_bytes
from cc_proxy.app.chat.messages import ChatMessage, ToolCall
from cc_proxy.app.translate.prompt.same_input import same_input

MAX_BYTES = 64 * 1024 * 1024
# A turn of more calls is no turn of a session, and copying them would hold up other streams.
MAX_CALLS = 1_000
# The structs of a call, besides their texts.
_CALL_BYTES = 300


@dataclass(frozen=True)
class WrittenTurn:
    """One answer with calls; their ids are the ones that the client got."""

    content: str
    thinking: str
    calls: tuple[ToolCall, ...]

    @property
    def call_ids(self) -> list[str]:
        """The ids of the calls, in the order of the model."""
        return [call.id for call in self.calls]

    def means(self, calls: list[ToolCall]) -> bool:
        """Return whether the client's calls are these, and their input still means the same.

        A person or a hook may have changed it, and then the model sees the change.
        """
        if self.call_ids != [call.id for call in calls]:
            return False
        pairs = zip(self.calls, calls, strict=True)
        return all(
            same_input(bytes(ours.function.arguments), bytes(theirs.function.arguments))
            for ours, theirs in pairs
        )

    def message(self) -> ChatMessage:
        """Return the turn as Ollama takes it."""
        return ChatMessage(
            role="assistant",
            content=self.content,
            thinking=self.thinking,
            tool_calls=list(self.calls),
        )

    def held_bytes(self) -> int:
        """Return about how many bytes the turn takes in memory."""
        arguments = (bytes(call.function.arguments) for call in self.calls)
        names = (call.function.name for call in self.calls)
        texts = text_bytes(self.content, self.thinking, *self.call_ids, *names, *arguments)
        return texts + _CALL_BYTES * len(self.calls)

    def by_itself(self) -> "WrittenTurn":
        """Return the turn without the lines of Ollama that its arguments are part of."""
        calls = tuple(
            msgspec.structs.replace(
                call,
                function=msgspec.structs.replace(
                    call.function, arguments=msgspec.Raw(bytes(call.function.arguments))
                ),
            )
            for call in self.calls
        )
        return WrittenTurn(self.content, self.thinking, calls)


Recall = Callable[[str], WrittenTurn | None]


def nothing(_call_id: str) -> WrittenTurn | None:
    """Remember no turn."""
    return None


class TurnMemory:
    """The latest turns, up to a number of bytes."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._turns: ByteCache[str, WrittenTurn] = ByteCache(
            max_bytes, lambda _, turn: turn.held_bytes()
        )

    def remember(self, turn: WrittenTurn) -> None:
        """Keep a turn with calls; the ones not used for the longest time make room.

        A turn of more than `MAX_CALLS` calls is not kept.
        """
        if len(turn.calls) > MAX_CALLS:
            return
        self._turns.put(turn.call_ids[0], turn.by_itself())

    def recall(self, call_id: str) -> WrittenTurn | None:
        """Return the turn whose first call has this id."""
        return self._turns.get(call_id)
