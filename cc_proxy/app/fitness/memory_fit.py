"""A model in memory: does it fit, and with which window."""

from dataclasses import dataclass
from typing import Literal

from cc_proxy.app.claude_needs import ENOUGH_WINDOW, LEAST_WINDOW

FitLevel = Literal["fits", "small_window", "too_large"]
_STEP = 1024
# For what is computed beside the weights and the window's cache.
_BESIDE_BYTES = 700_000_000
# For a model whose architecture does not say: as much as the largest cache of a model of its size.
_UNKNOWN_PER_TOKEN = 163_840


@dataclass(frozen=True)
class ModelNeeds:
    """The parts of a model's memory in bytes; `per_token` is a token of the window's at most.

    `is_estimated`: the architecture does not say what a token takes.
    """

    name: str
    weights: int
    per_token: int
    max_context: int | None
    is_estimated: bool = False

    @classmethod
    def of(cls, name: str, weights: int, per_token: int | None, most: int | None) -> "ModelNeeds":
        """Return the needs of a model whose figures may not be known."""
        return cls(name, weights, per_token or _UNKNOWN_PER_TOKEN, most, per_token is None)

    def bytes_for(self, window: int) -> int:
        """Return the memory that the model takes with a window of so many tokens."""
        return self.weights + _BESIDE_BYTES + self.per_token * window


@dataclass(frozen=True)
class MemoryFit:
    """A model in memory: the window to run it with (0: none), and what both take together."""

    needs: ModelNeeds
    level: FitLevel
    window: int
    takes: int

    @property
    def reason(self) -> str:
        """The level in words."""
        most = self.needs.max_context
        match self.level:
            case "fits":
                return "fits with the window that Claude Code needs"
            case "small_window" if most is not None and most <= self.window:
                return f"fits, but its own window ends at {most:,} tokens"
            case "small_window":
                return "fits only with a smaller window: use --profile lean"
            case _:
                return "does not fit with a window that Claude Code can work in"


def fit(needs: ModelNeeds, memory: int) -> MemoryFit:
    """Return how a model fits into so many bytes."""
    room = memory - needs.bytes_for(0)
    window = min(ENOUGH_WINDOW, max(0, room // needs.per_token // _STEP * _STEP))
    if needs.max_context is not None:
        window = min(window, needs.max_context)
    if window < LEAST_WINDOW:
        least = min(LEAST_WINDOW, needs.max_context or LEAST_WINDOW)
        return MemoryFit(needs, "too_large", 0, needs.bytes_for(least))
    level: FitLevel = "fits" if window >= ENOUGH_WINDOW else "small_window"
    return MemoryFit(needs, level, window, needs.bytes_for(window))


_ORDER: tuple[FitLevel, ...] = ("fits", "small_window", "too_large")


def best_first(fits: list[MemoryFit]) -> list[MemoryFit]:
    """Return the same, those that fit first, the largest of them first, and the nearest to fit."""
    return sorted(fits, key=_place)


def _place(one: MemoryFit) -> tuple[int, int]:
    order = one.takes if one.level == "too_large" else -one.needs.weights
    return _ORDER.index(one.level), order
