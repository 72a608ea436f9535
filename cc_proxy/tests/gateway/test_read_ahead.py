"""The front of a session, read while the person is still typing."""

import asyncio
from typing import Any

from aiohttp import web

from cc_proxy.app.ollama.models import unknown_model
from cc_proxy.app.translate.request import Target

from .conftest import Gateway, Upstream, done, line, says

READ = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}
REMINDER = "<system-reminder>\nBe careful.\n</system-reminder>\n"


async def session(gateway: Gateway, words: str, **more: Any) -> None:
    turn = {"role": "user", "content": f"{REMINDER}{words}"}
    await gateway.ask(tools=[READ], system="You are kind.", messages=[turn], **more)


async def preload(gateway: Gateway) -> None:
    url = gateway.url + "/preload"
    async with gateway.client.post(url, json={"model": "m", "wait": True}) as response:
        assert response.status == 200


async def until(upstream: Upstream, count: int) -> None:
    for _ in range(500):
        if len(upstream.bodies) >= count:
            return
        await asyncio.sleep(0.01)
    assert len(upstream.bodies) == count


async def test_what_two_sessions_began_with_is_read_before_the_third(
    gateway: Gateway, upstream: Upstream
) -> None:
    await session(gateway, "first words")
    await session(gateway, "other words")
    await preload(gateway)
    await until(upstream, 4)
    first, _, load, ahead = upstream.bodies
    assert load["messages"] == []
    assert ahead["messages"] == [
        {"role": "system", "content": "You are kind."},
        {"role": "user", "content": REMINDER},
    ]
    assert ahead["tools"] == first["tools"]
    assert ahead["options"] == {"num_ctx": 65536, "num_predict": 1}
    assert (ahead["truncate"], ahead["shift"]) == (False, False)


async def test_after_one_session_system_and_tools_are_read(
    gateway: Gateway, upstream: Upstream
) -> None:
    await session(gateway, "first words")
    await preload(gateway)
    await until(upstream, 3)
    assert upstream.bodies[-1]["messages"][1] == {"role": "user", "content": ""}


async def test_nothing_is_read_ahead_for_a_model_that_nobody_has_asked(
    gateway: Gateway, upstream: Upstream
) -> None:
    await preload(gateway)
    await asyncio.sleep(0.1)
    assert len(upstream.bodies) == 1


async def test_a_subagent_s_front_is_not_the_front_of_a_session(
    gateway: Gateway, upstream: Upstream
) -> None:
    gateway.client.headers["x-claude-code-agent-id"] = "a1"
    await session(gateway, "first words")
    await preload(gateway)
    await asyncio.sleep(0.1)
    assert len(upstream.bodies) == 2


async def test_reading_ahead_gives_way_to_a_request(gateway: Gateway, upstream: Upstream) -> None:
    await session(gateway, "first words")
    stopped = asyncio.Event()
    answer = says(line("Yes."), done())

    async def chat(request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if asked["messages"] and asked["options"].get("num_predict") == 1:
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                stopped.set()
                raise
        return await answer(request)

    upstream.chat = chat
    await preload(gateway)
    await until(upstream, 3)
    await session(gateway, "other words")
    await asyncio.wait_for(stopped.wait(), 2)


async def test_nothing_is_read_ahead_while_a_request_is_answered(
    gateway: Gateway, upstream: Upstream
) -> None:
    await session(gateway, "first words")
    goes_on = asyncio.Event()
    answer = says(line("Yes."), done())

    async def chat(request: web.Request) -> web.StreamResponse:
        if (await request.json())["messages"]:
            await goes_on.wait()
        return await answer(request)

    upstream.chat = chat
    asking = asyncio.create_task(session(gateway, "other words"))
    await until(upstream, 2)
    await preload(gateway)
    assert not gateway.shared.read_ahead.start(Target(unknown_model("m"), 65536, ""))
    goes_on.set()
    await asking
    assert len(upstream.bodies) == 3
