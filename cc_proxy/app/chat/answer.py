"""The answer to a chat, as it comes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from cc_proxy.app.chat.messages import ChatChunk

# Takes a batch at once and says so, or leaves it to the task that waits.
InlineConsumer = Callable[[list[ChatChunk]], bool]


class TakesInlineConsumer(Protocol):
    """The reading side of a connection: it offers each batch to `shortcut` first."""

    shortcut: InlineConsumer | None


class ChatAnswer:
    """The batches of an answer, to be iterated over once."""

    def __init__(
        self, batches: AsyncIterator[list[ChatChunk]], incoming: TakesInlineConsumer
    ) -> None:
        self._batches = batches
        self._incoming = incoming

    def __aiter__(self) -> AsyncIterator[list[ChatChunk]]:
        """Return the batches, but for those that go straight."""
        return self._batches

    def with_batches(self, batches: AsyncIterator[list[ChatChunk]]) -> "ChatAnswer":
        """Return the same answer with these batches, of which some were read before."""
        return ChatAnswer(batches, self._incoming)

    def set_inline_consumer(self, shortcut: InlineConsumer) -> None:
        """Offer `shortcut` each batch that is waited for, the moment it comes."""
        self._incoming.shortcut = shortcut


# Entering waits for the first token, leaving ends the work of the model.
OpenAnswer = AbstractAsyncContextManager[ChatAnswer]
