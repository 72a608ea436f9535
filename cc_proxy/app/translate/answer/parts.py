"""Events that come in parts, each made in a moment, so that other streams run in between."""

from collections.abc import Generator, Iterator
from typing import TypeAlias, TypeVar

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.translate.rescue import Steps

T = TypeVar("T")
Events: TypeAlias = list[ev.Event]
Parts: TypeAlias = Iterator[Events]


def in_parts(work: Steps[None], out: Events) -> Parts:
    """Yield what `work` appends to `out`, a part at each of its pauses and one at its end."""
    for _ in work:
        yield out[:]
        out.clear()
    yield out


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
