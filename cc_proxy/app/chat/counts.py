"""Bounds of the numbers that a server sends: a wrong one must not break totals or the client.

This module imports nothing at run time, since the errors of a server use it too, and the `--help`
of some commands loads those, without msgspec.

SQLite keeps sums in 64 bits, and JavaScript's numbers are exact up to 2**53.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cc_proxy.app.chat.messages import ChatChunk

# More than any window, and a sum of a billion of them fits.
MAX_TOKENS = 2**31
# About a hundred days.
MAX_NANOSECONDS = 2**53


def bounded(chunk: "ChatChunk") -> "ChatChunk":
    """Return a last chunk, with each count and duration brought to where one can be.

    Some servers write -1 where they do not know; no total must suffer from what one server sends.
    """
    chunk.prompt_eval_count = bounded_tokens(chunk.prompt_eval_count)
    chunk.eval_count = bounded_tokens(chunk.eval_count)
    if chunk.prompt_eval_cached_count is not None:
        chunk.prompt_eval_cached_count = bounded_tokens(chunk.prompt_eval_cached_count)
    chunk.prompt_eval_duration = bounded_nanoseconds(chunk.prompt_eval_duration)
    chunk.eval_duration = bounded_nanoseconds(chunk.eval_duration)
    chunk.load_duration = bounded_nanoseconds(chunk.load_duration)
    return chunk


def bounded_tokens(count: int) -> int:
    """Return a count of tokens that a server has sent, from 0 to `MAX_TOKENS`."""
    return _bounded(count, MAX_TOKENS)


def bounded_nanoseconds(duration: int) -> int:
    """Return a duration that a server has sent, in nanoseconds, from 0 to `MAX_NANOSECONDS`."""
    return _bounded(duration, MAX_NANOSECONDS)


def _bounded(number: int, most: int) -> int:
    return max(0, min(number, most))
