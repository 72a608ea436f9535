"""Bounds of the numbers that a server sends: a wrong one must not break totals or the client.

SQLite keeps sums in 64 bits, and JavaScript's numbers are exact up to 2**53.
"""

# More than any window, and a sum of a billion of them fits.
MAX_TOKENS = 2**31
# About a hundred days.
MAX_NANOSECONDS = 2**53


def bounded_tokens(count: int) -> int:
    """Return a count of tokens that a server has sent, from 0 to `MAX_TOKENS`.

    This module imports nothing, since the errors of a server use it too, and `--help` of
    some commands loads those, without msgspec.
    """
    return _bounded(count, MAX_TOKENS)


def bounded_nanoseconds(duration: int) -> int:
    """Return a duration that a server has sent, from 0 to `MAX_NANOSECONDS`.

    Both are in nanoseconds.
    """
    return _bounded(duration, MAX_NANOSECONDS)


def _bounded(number: int, most: int) -> int:
    return max(0, min(number, most))
