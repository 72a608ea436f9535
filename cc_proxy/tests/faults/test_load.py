"""Many at once. What takes longer is in bench/soak: `make soak`."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from cc_proxy.app.gateway.scheduling.queue import Queue
from cc_proxy.app.gateway.scheduling.waiter import QueueLimits
from cc_proxy.app.practice.server import PracticeServer

from . import storm
from .stage import Stage, on_stage, until
from .upstream import NDJSON, Exchange, RawUpstream, done, line

STREAMS = 200
CHUNKS = 20
# 200 streams on a machine that is busy with other things.
PATIENCE = 500.0


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with (
        RawUpstream() as upstream,
        on_stage(upstream, silence_seconds=PATIENCE, hold_seconds=PATIENCE) as stage,
    ):
        yield stage


async def test_200_streams_at_once_each_get_their_own_answer_in_order(stage: Stage) -> None:
    all_here = asyncio.Event()

    async def play(exchange: Exchange) -> None:
        name = json.loads(exchange.body)["messages"][-1]["content"]
        if stage.upstream.working == STREAMS:
            all_here.set()
        await all_here.wait()
        await exchange.send(NDJSON)
        for number in range(CHUNKS):
            await exchange.chunk(line(f"{name}:{number} "))
            await asyncio.sleep(0.01)
        await exchange.chunk(done())
        await exchange.end()

    stage.upstream.play = play
    answers = await asyncio.gather(
        *(
            stage.streamed(messages=[{"role": "user", "content": f"stream-{number}"}])
            for number in range(STREAMS)
        )
    )
    for number, seen in enumerate(answers):
        assert seen.complete
        assert seen.text == "".join(f"stream-{number}:{chunk} " for chunk in range(CHUNKS))
    await stage.is_well()


async def test_more_requests_than_ollama_takes_are_all_answered() -> None:
    script = [{"sleep": 0.05, "text": "Hello"}]
    async with (
        PracticeServer(script=script, max_pending=1) as practice,
        on_stage(practice, silence_seconds=PATIENCE, hold_seconds=PATIENCE) as stage,
    ):
        limits = QueueLimits(pause_seconds=0.01, taken_seconds=0.1)
        stage.shared.lanes.first.queue = Queue(stage.shared.upstreams.first, limits)
        model = "practice"
        answers = await asyncio.gather(
            *((stage.streamed if n % 2 else stage.whole)(model=model) for n in range(20))
        )
        assert [seen.text for seen in answers] == ["Hello"] * 20
        refused = [chat for chat in practice.chats() if chat.status == 503]
        assert refused
        assert stage.shared.lanes.first.queue.waiting == 0


@pytest.mark.posix_only("an asyncio that keeps a port open when a client leaves too soon")
async def test_a_storm_of_faults_leaves_nothing_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with RawUpstream(storm.playing()) as upstream:
        async with on_stage(upstream, silence_seconds=10.0, hold_seconds=PATIENCE) as stage:
            stage.shared.lanes.first.queue = Queue(
                stage.shared.upstreams.first, QueueLimits(pause_seconds=0.01, taken_seconds=0.1)
            )
            before = len(asyncio.all_tasks())
            storming = storm.Storm(stage.port, seed=6)
            await storming.blow(requests=250, at_once=40)
            assert storming.wrong == []
            assert storming.outcomes["whole"] > 20
            assert storming.outcomes["error"] > 50
            await until(lambda: stage.shared.requests_in_flight == 0)
            await until(lambda: upstream.working == 0)
            assert stage.shared.lanes.first.queue.waiting == 0
            assert stage.busy_connections == 0
            # The upstream's own idle connections are a task each here.
            await until(lambda: len(asyncio.all_tasks()) <= before + upstream.open)
        await until(lambda: upstream.open == 0)
    assert "Traceback" not in caplog.text
