"""Turns at work that holds up everything else."""

import asyncio
from itertools import pairwise

from cc_proxy.app.gateway.scheduling.gate import CooperativeGate


async def _passes(seen: list[str], count: int) -> None:
    for number in range(count):
        seen.append(f"pass {number}")
        await asyncio.sleep(0)


async def test_one_turn_is_given_for_each_pass_of_the_loop_in_order() -> None:
    share, seen = CooperativeGate(), list[str]()

    async def work(name: str) -> None:
        await share.turn()
        seen.append(name)

    await asyncio.gather(_passes(seen, 8), *(work(name) for name in "abc"))
    assert [name for name in seen if len(name) == 1] == ["a", "b", "c"]
    places = [seen.index(name) for name in "abc"]
    assert all(later - earlier > 1 for earlier, later in pairwise(places))


async def test_one_that_comes_alone_does_not_wait() -> None:
    share = CooperativeGate()
    turn = share.turn()
    try:
        turn.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


async def test_one_that_leaves_while_it_waits_holds_up_nobody() -> None:
    share = CooperativeGate()
    await share.turn()
    ahead = asyncio.create_task(share.turn())
    leaving = asyncio.create_task(share.turn())
    staying = asyncio.create_task(share.turn())
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait_for(asyncio.gather(ahead, staying), 60)
    assert leaving.cancelled()


async def test_a_turn_can_be_had_again_when_all_are_done() -> None:
    share = CooperativeGate()
    for _ in range(5):
        await asyncio.wait_for(asyncio.gather(*(share.turn() for _ in range(4))), 60)
