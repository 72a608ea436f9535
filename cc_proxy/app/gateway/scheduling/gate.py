"""One request's work at a time, and the streams in between.

To read and translate a request takes milliseconds in which nothing else runs. When many come at
once, as when a team of agents starts, one after the other would hold up every answer that is
streaming; so each waits until the event loop has looked at its connections again.
"""

import asyncio
from collections import deque

from cc_proxy.app.gateway.scheduling.beside import BesideStreams


class CooperativeGate:
    """Gives one turn for each pass of the event loop, in the order in which they were asked for.

    What is too much for a turn is done `beside` the streams.
    """

    def __init__(self) -> None:
        self.beside = BesideStreams()
        self._taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Wait for a turn; it lasts until the caller next waits for something."""
        loop = asyncio.get_running_loop()
        if self._taken:
            mine = loop.create_future()
            self._waiting.append(mine)
            await mine
        else:
            self._taken = True
            loop.call_soon(self._pass_on)

    def _pass_on(self) -> None:
        # In the next pass at the earliest: what is called soon now runs then.
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                asyncio.get_running_loop().call_soon(self._pass_on)
                return
        self._taken = False
