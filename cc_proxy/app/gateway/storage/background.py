"""Work in a thread beside the event loop, such as writing a file: one piece after another."""

import asyncio
from collections.abc import Callable


class Background:
    """Does what `take` gives, again and again until it gives None; then waits to be told of more.

    `take` is called in the event loop, what it gives in a thread.
    """

    def __init__(self, take: Callable[[], Callable[[], None] | None]) -> None:
        self._take = take
        self._working: asyncio.Task[None] | None = None

    def more(self) -> None:
        """Note that there is work."""
        if self._working is None:
            self._working = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Return once all is done."""
        while self._working is not None:
            await asyncio.wait([self._working])

    async def _work(self) -> None:
        try:
            while (work := self._take()) is not None:
                await asyncio.to_thread(work)
        finally:
            self._working = None
