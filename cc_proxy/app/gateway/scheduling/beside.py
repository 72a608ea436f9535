"""Work of a large request beside the streams: a thread does it, and gives way to them.

To translate a usual request takes milliseconds. One of tens of thousands of messages takes a third
of a second, which is too long for everything else to stand still.
"""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from cc_proxy.app.anthropic.requests import Message

T = TypeVar("T")

# Messages and blocks: far above those of a session, and the work of ten milliseconds.
LARGE = 2_000
# How long the thread may keep the interpreter while a stream has something to do. Python's own five
# milliseconds would be felt in each word.
_SWITCH_SECONDS = 0.0005


def is_large(messages: list[Message]) -> bool:
    """Return whether messages have so many blocks that their work must not be done in one go."""
    pieces = len(messages)
    if pieces < LARGE:
        pieces += sum(len(one.sent) for one in messages if isinstance(one.sent, list))
    return pieces >= LARGE


class BesideStreams:
    """Does the work of large requests in one thread, one after the other."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._under_way = 0
        self._usual_seconds = 0.0

    async def run(self, work: Callable[[], T], *, is_large: bool) -> T:
        """Return the result of work: of large work from the thread, of other work at once.

        It must touch nothing that the event loop touches, but for caches with a lock.
        """
        if not is_large:
            return work()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "large request")
        if not self._under_way:
            self._usual_seconds = sys.getswitchinterval()
            sys.setswitchinterval(_SWITCH_SECONDS)
        self._under_way += 1
        done = asyncio.get_running_loop().run_in_executor(self._thread, copy_context().run, work)
        # Whoever leaves does not end the thread's work: the interval stays until that is done.
        done.add_done_callback(self._done)
        return await asyncio.shield(done)

    def _done(self, done: "asyncio.Future[T]") -> None:
        self._under_way -= 1
        if not self._under_way:
            sys.setswitchinterval(self._usual_seconds)
        if not done.cancelled():
            done.exception()

    def close(self) -> None:
        """End the thread once its work is done."""
        if self._thread is not None:
            self._thread.shutdown(wait=False)
