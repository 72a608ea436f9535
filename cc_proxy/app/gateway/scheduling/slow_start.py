"""The number of waiting requests that a server is asked at the same time.

A server that refuses now and then has room for more than one, so one at a time would let the queue
grow; a server that is full refuses each of many. As TCP does after a loss (RFC 5681, 3.1), the
number begins with one, doubles for each round that is taken, and is one again after a refusal.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

_Request = TypeVar("_Request")


class SlowStart(Generic[_Request]):
    """The requests that are tried and not yet known to be taken."""

    def __init__(self) -> None:
        self._most = 1
        self._starts = 0
        self._tried: dict[_Request, int] = {}

    def __contains__(self, request: _Request) -> bool:
        return request in self._tried

    def __iter__(self) -> Iterator[_Request]:
        return iter(self._tried)

    @property
    def has_room(self) -> bool:
        """True while one more may be tried."""
        return len(self._tried) < self._most

    def begin(self, request: _Request) -> None:
        """Note that a request is tried."""
        self._tried[request] = self._starts

    def taken(self, request: _Request) -> None:
        """Note that the server has taken a request; two may follow it."""
        # One that was asked before a refusal says nothing about the time after it.
        if self._tried.pop(request, None) == self._starts:
            self._most += 1

    def left(self, request: _Request) -> bool:
        """Note that a request is tried no more; return whether it was."""
        return self._tried.pop(request, None) is not None

    def refused(self) -> None:
        """Begin anew with one, because the server has refused a request."""
        self._most = 1
        self._starts += 1
