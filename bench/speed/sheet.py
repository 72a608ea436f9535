"""The figures as they come in, and what is worked out from them."""

from collections import defaultdict
from statistics import median


class Sheet:
    """Samples under the name of a contender and of what was measured."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, name: str, what: str, *values: float) -> None:
        """Take in samples."""
        self._samples[name, what].extend(values)

    def median(self, name: str, what: str) -> float | None:
        """Return the median; None when it was not measured."""
        values = self._samples.get((name, what))
        return median(values) if values else None

    def most(self, name: str, what: str) -> float | None:
        """Return the largest."""
        values = self._samples.get((name, what))
        return max(values) if values else None

    def total(self, name: str, what: str) -> float | None:
        """Return the sum."""
        values = self._samples.get((name, what))
        return sum(values) if values else None

    def share(self, name: str, part: str, whole: str) -> float | None:
        """Return what part of a whole; None when it was not measured."""
        one, other = self.total(name, part), self.total(name, whole)
        return None if one is None or not other else one / other

    def above(self, name: str, base: str, what: str) -> float | None:
        """Return how much the median of `name` is above that of `base`."""
        one, other = self.median(name, what), self.median(base, what)
        return None if one is None or other is None else one - other
