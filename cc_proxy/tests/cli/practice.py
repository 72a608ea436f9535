"""A practice server that runs beside a test, for the processes that the test starts."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from cc_proxy.app.practice.journal import Record
from cc_proxy.app.practice.server import PracticeServer

Value = TypeVar("Value")


@dataclass(frozen=True)
class Practice:
    """The server, and the loop in a thread that it lives in."""

    server: PracticeServer
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return self.server.url

    def chats(self) -> list[Record]:
        return self.server.chats()

    def wait_for(self, predicate: Callable[[Record], bool]) -> Record:
        return self._in_loop(self.server.wait_for(predicate, 120.0))

    def _in_loop(self, work: Coroutine[Any, Any, Value]) -> Value:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)


@contextmanager
def practice_server(**how: Any) -> Iterator[Practice]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(30)

    async def made() -> PracticeServer:
        return PracticeServer(**how)

    server = asyncio.run_coroutine_threadsafe(made(), loop).result(30)
    try:
        run(server.start())
        yield Practice(server, loop)
    finally:
        run(server.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
