"""A text in tokens of four bytes, as the practice server counts them."""

from dataclasses import dataclass
from typing import Self

from cc_proxy.app.practice.model import meter

# Prime, so that chunks that differ in one byte are different tokens; below it stand no others.
VOCABULARY = 16_381


@dataclass(frozen=True)
class Chunks:
    """A text of which each token is four bytes; the last one may be shorter."""

    text: bytes

    @property
    def tokens(self) -> int:
        """Its length in tokens."""
        return meter.count(self.text)

    def shared(self, other: Self) -> int:
        """Return how many tokens at the start are the same in both."""
        if self.text == other.text:
            return self.tokens
        return meter.common_prefix(self.text, other.text) // meter.TOKEN_BYTES

    def ids(self) -> list[int]:
        """Return a number for each token: the same for the same bytes, and rarely for others."""
        missing = -len(self.text) % meter.TOKEN_BYTES
        words = memoryview(self.text + b"\0" * missing).cast("I")
        return [word % VOCABULARY for word in words]
