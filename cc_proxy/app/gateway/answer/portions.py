"""An answer in portions that are worked through in a moment, with a look at the others between.

Ollama sends a few letters at a time. A hostile or a strange one sends megabytes in one line, which
would hold up all other streams as long as it takes to read them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

from cc_proxy.app.chat.messages import ChatChunk, ChunkMessage
from cc_proxy.app.translate.answer.parts import Events, Parts

# The slowest text takes some microseconds a letter.
PORTION_CHARS = 128
# No more than a millisecond with the part that is worked through before the next look.
LOOK_SECONDS = 0.0005


def portions(batch: list[ChatChunk]) -> Iterator[list[ChatChunk]]:
    """Yield the chunks of a batch in parts of at most `PORTION_CHARS` letters of text each."""
    if len(batch) == 1 and _chars(batch[0]) <= PORTION_CHARS:
        yield batch
        return
    part: list[ChatChunk] = []
    size = 0
    for chunk in batch:
        for piece in _cut(chunk):
            chars = _chars(piece)
            if part and size + chars > PORTION_CHARS:
                yield part
                part, size = [], 0
            part.append(piece)
            size += chars
    if part:
        yield part


class Looks:
    """Lets the event loop look at the other streams when a moment has passed since it did."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()

    def begin(self) -> None:
        """Note that the loop has just looked."""
        self._since = self._loop.time()

    async def between(self) -> None:
        """Let it look, if it is time."""
        if self._loop.time() - self._since >= LOOK_SECONDS:
            await asyncio.sleep(0)
            self._since = self._loop.time()


async def in_turn(parts: Parts) -> AsyncIterator[Events]:
    """Yield parts of an answer with a look at the other streams whenever it is time."""
    looks = Looks()
    for events in parts:
        yield events
        await looks.between()


def _chars(chunk: ChatChunk) -> int:
    message = chunk.message
    return len(message.content) + len(message.thinking) if message is not None else 0


def _cut(chunk: ChatChunk) -> Iterator[ChatChunk]:
    """Yield a chunk, or its text in pieces and then all else of it."""
    message = chunk.message
    if message is None or _chars(chunk) <= PORTION_CHARS:
        yield chunk
        return
    for start in range(0, len(message.thinking), PORTION_CHARS):
        thinking = message.thinking[start : start + PORTION_CHARS]
        yield ChatChunk(ChunkMessage(thinking=thinking))
    for start in range(0, len(message.content), PORTION_CHARS):
        yield ChatChunk(ChunkMessage(content=message.content[start : start + PORTION_CHARS]))
    if message.tool_calls or chunk.done:
        chunk.message = ChunkMessage(tool_calls=message.tool_calls)
        yield chunk
