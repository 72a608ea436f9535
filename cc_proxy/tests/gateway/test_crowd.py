"""Many streams at once: when the event loop rests, and that nothing else waits for that."""

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from cc_proxy.app.gateway.scheduling.active_streams import MANY_STREAMS, REST_SECONDS, ActiveStreams

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has its usual event loop: nothing rests there."
)

WORDS = 200


def served(
    crowd: ActiveStreams, streams: int, work: Callable[[], Coroutine[object, object, float]]
) -> float:
    with ExitStack() as running, asyncio.Runner(loop_factory=crowd.new_loop) as runner:
        for _ in range(streams):
            running.enter_context(crowd.track())
        return runner.run(work())


async def looks() -> float:
    """Return how often it was looked for the words that somebody sent one by one."""
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.settimeout(0)
        loop = asyncio.get_running_loop()
        found: list[int] = []
        all_came = loop.create_future()

        def look() -> None:
            found.append(len(reader.recv(WORDS)))
            if sum(found) == WORDS:
                all_came.set_result(None)

        def send() -> None:
            for _ in range(WORDS):
                writer.send(b"w")
                time.sleep(REST_SECONDS / 20)

        loop.add_reader(reader, look)
        await asyncio.gather(asyncio.to_thread(send), all_came)
        loop.remove_reader(reader)
        return len(found)


async def passes() -> float:
    """Go through a thousand passes in which something is to be done."""
    for _ in range(1000):
        await asyncio.sleep(0)
    return 1000


def test_the_words_of_many_streams_are_found_several_at_a_time() -> None:
    assert served(ActiveStreams(), MANY_STREAMS, looks) < WORDS / 3


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Have rests noted instead of taken."""
    taken: list[float] = []
    monkeypatch.setattr(
        "cc_proxy.app.gateway.scheduling.active_streams.time", SimpleNamespace(sleep=taken.append)
    )
    return taken


def test_many_streams_rest_where_there_is_something_to_wait_for(rests: list[float]) -> None:
    served(ActiveStreams(), MANY_STREAMS, looks)
    assert rests
    assert set(rests) == {REST_SECONDS}


def test_few_streams_wait_for_nothing(rests: list[float]) -> None:
    served(ActiveStreams(), MANY_STREAMS - 1, looks)
    assert not rests


def test_what_can_go_on_goes_on_without_a_rest(rests: list[float]) -> None:
    served(ActiveStreams(), MANY_STREAMS, passes)
    # At the end the loop waits for the threads of its executor.
    assert len(rests) < 5


def test_a_stream_that_has_ended_counts_no_more() -> None:
    crowd = ActiveStreams()
    with ExitStack() as running:
        for _ in range(MANY_STREAMS):
            running.enter_context(crowd.track())
        assert crowd.rests
    assert not crowd.rests
