"""The confidence interval of the share of passed runs."""

from math import sqrt

# The two-sided 95 % quantile of the normal distribution.
_Z = 1.959964


def wilson(passed: int, runs: int) -> tuple[float, float]:
    """Return the Wilson interval (low, high; 0 to 1) for a share, with 95 % confidence.

    It stays within 0 and 1, and has a width where all runs passed (E. B. Wilson, 1927).

    Raises:
        ValueError: there was no run.

    """
    if runs < 1 or not 0 <= passed <= runs:
        text = f"expected 0 to {runs} of at least one run, found {passed}"
        raise ValueError(text)
    share = passed / runs
    spread = _Z * sqrt(share * (1 - share) / runs + _Z**2 / (4 * runs**2))
    middle = share + _Z**2 / (2 * runs)
    scale = 1 + _Z**2 / runs
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
