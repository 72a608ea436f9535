"""Bytes of an answer in, chunks out: the only part that knows a wire."""

from typing import Protocol

from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.messages import ChatChunk

# The chunks that some bytes complete, and what is wrong behind them.
ReadBatch = tuple[list[ChatChunk], UpstreamError | None]


class AnswerDecoder(Protocol):
    """Decodes one answer as it comes, cut anywhere."""

    @property
    def is_whole(self) -> bool:
        """True if the answer is complete without what may still come."""

    def feed(self, piece: bytes) -> ReadBatch:
        """Return the chunks that `piece` completes, and what is wrong behind them."""

    def finish(self) -> ReadBatch:
        """Return the chunks that the end of the answer completes, and what is wrong with it."""

    def plain_words(self, piece: bytes) -> list[ChatChunk] | None:
        """Return the chunks of a piece that is whole and has words only; None for any other.

        It may be given to `feed` after that all the same.
        """
