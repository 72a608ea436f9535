"""Events that come in parts, each made in a moment, so that other streams run in between."""

from collections.abc import Generator, Iterator
from typing import TypeAlias, TypeVar

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.translate.rescue import Steps

T = TypeVar("T")
Events: TypeAlias = list[ev.Event]
Parts: TypeAlias = Iterator[Events]
# A delta of a long call has 16,384 characters.
_AT_ONCE = 16


def in_parts(work: Steps[None], out: Events) -> Parts:
    """Yield what `work` appends to `out`, a part at each of its pauses and one at its end."""
    for _ in work:
        yield from _portions(out)
        out.clear()
    yield from _portions(out)


def _portions(out: Events) -> Parts:
    """Yield events, as many at a time as are encoded in a moment."""
    if len(out) <= _AT_ONCE:
        yield out[:]
        return
    for start in range(0, len(out), _AT_ONCE):
        yield out[start : start + _AT_ONCE]


def whole(parts: Parts) -> Events:
    """Return the events of all parts."""
    return [event for part in parts for event in part]


def silently(work: Steps[T]) -> Generator[Events, None, T]:
    """Yield a part without events at each pause of `work`; return its result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        yield []
