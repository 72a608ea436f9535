"""Caches that are bounded by the bytes that they hold, not by the number of their entries.

What a client sends is a key here, and a client decides how long it is.
"""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

# What an entry takes besides its key and its value.
ENTRY_BYTES = 200
# Of CPython 3.11 on 64 bits, for each character that may begin a value in JSON: a dict with its
# first entries, a list, and a pointer with a small string or number.
_JSON_PARTS = ((b"{", 240), (b"[", 90), (b",", 120), (b":", 60))


class ByteCache(Generic[Key, Value]):
    """The values that were used last, up to `max_bytes` of them together.

    `weigh` tells about how many bytes a key and its value take. What is larger than the whole is
    not kept, and takes nothing else away.
    """

    def __init__(self, max_bytes: int, weigh: Callable[[Key, Value], int]) -> None:
        self.max_bytes = max_bytes
        self.held_bytes = 0
        self._weigh = weigh
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        # A large request is translated in a thread (gateway/scheduling/beside.py).
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """Return what is kept under a key, None if there is nothing."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: Key, value: Value) -> None:
        """Keep a value in place of an earlier one; those used longest ago make room."""
        size = ENTRY_BYTES + self._weigh(key, value)
        with self._lock:
            self._drop(key)
            if size > self.max_bytes:
                return
            self._entries[key] = (value, size)
            self.held_bytes += size
            while self.held_bytes > self.max_bytes:
                _, (_, oldest) = self._entries.popitem(last=False)
                self.held_bytes -= oldest

    def drop(self, key: Key) -> None:
        """Keep nothing under a key any more."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.held_bytes -= entry[1]

    def items(self) -> list[tuple[Key, Value]]:
        """Return the keys and their values; those used last come last."""
        with self._lock:
            return [(key, value) for key, (value, _) in self._entries.items()]

    def clear(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._entries.clear()
            self.held_bytes = 0


def text_bytes(*texts: str | bytes) -> int:
    """Return how many bytes texts take in memory."""
    return sum(map(sys.getsizeof, texts))


def json_bytes(raw: bytes) -> int:
    """Return about how many bytes JSON takes once it is decoded, rather too many than too few."""
    return 2 * len(raw) + sum(raw.count(part) * size for part, size in _JSON_PARTS)
