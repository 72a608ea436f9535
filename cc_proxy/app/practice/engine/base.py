"""The interface of an engine of the practice server."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["rules", "llama"]


class EngineError(Exception):
    """The engine cannot be started, or has died."""


@dataclass(frozen=True)
class PromptReading:
    """A prompt that was read: tokens that were known, tokens read, the time, and its slot."""

    reused: int
    read: int
    nanoseconds: int
    slot: int = 0


# Takes in how many tokens of a prompt were reused and read, while that is all there is to know.
Progress = Callable[[int, int], None]


class PracticeEngine(Protocol):
    """Reads prompts for one loaded model, several at once if it has the slots."""

    async def start(self, num_ctx: int) -> None:
        """Begin with nothing read, and a window of so many tokens for each slot.

        Raises:
            EngineError: it does not start.

        """

    async def read(self, prompt: bytes, progress: Progress) -> PromptReading:
        """Read a prompt; what was read of it stays when this is cancelled.

        Raises:
            EngineError: it has died.

        """

    def keep(self, slot: int, text: bytes) -> None:
        """Note that a slot holds this text: the prompt, and what was said after it."""

    def stop(self) -> None:
        """Forget everything."""

    async def close(self) -> None:
        """Stop, and return when nothing of it is left."""
