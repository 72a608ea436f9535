"""The speed of the practice model, and its one clock."""

import asyncio
import math
from dataclasses import dataclass

# What an instant model claims for a token, so that durations still tell how much was read.
_INSTANT_NANOSECONDS = 1_000
_CATCH_UP_SECONDS = 0.1


@dataclass(frozen=True)
class PracticeSpeed:
    """The simulated machine: seconds to load a model, tokens a second to read and to write."""

    load_seconds: float = 0.0
    prefill_tokens_per_second: float = math.inf
    generate_tokens_per_second: float = math.inf

    def load_nanoseconds(self) -> int:
        """Return how long a load takes, in nanoseconds; a little even when instant."""
        return max(round(self.load_seconds * 1e9), 1_000_000)

    def prefill_nanoseconds(self, tokens: int) -> int:
        """Return how long reading `tokens` takes, in nanoseconds."""
        return _nanoseconds(tokens, self.prefill_tokens_per_second)

    def generate_nanoseconds(self, tokens: int) -> int:
        """Return how long writing `tokens` takes, in nanoseconds."""
        return _nanoseconds(tokens, self.generate_tokens_per_second)


INSTANT = PracticeSpeed()
# About what an 8B model does on a laptop's graphics chip, with the reading speeded up so that a
# person need not wait for the first turn.
LIFELIKE = PracticeSpeed(
    load_seconds=0.8, prefill_tokens_per_second=8_000.0, generate_tokens_per_second=60.0
)


def clock() -> float:
    """Return the seconds of the event loop's clock."""
    return asyncio.get_running_loop().time()


class Pace:
    """Lets tokens out at a steady rate, measured from when it was made."""

    def __init__(self, tokens_per_second: float) -> None:
        self._step = 1.0 / tokens_per_second
        self._due = clock()

    async def token(self) -> None:
        """Wait until the next token is due; at least give way, so that a client can leave."""
        self._due += self._step
        if clock() - self._due > _CATCH_UP_SECONDS:
            # It stood still for some reason; that is not made up for by a burst.
            self._due = clock()
        await asyncio.sleep(max(0.0, self._due - clock()))


def _nanoseconds(tokens: int, tokens_per_second: float) -> int:
    return max(tokens * _INSTANT_NANOSECONDS, round(tokens / tokens_per_second * 1e9))
