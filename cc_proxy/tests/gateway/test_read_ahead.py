"""The front of a session, read while the person is still typing."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from cc_proxy.app.chat.models import unknown_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.config import RequestClasses

from .conftest import Gateway, Upstream, body, done, line, says

READ = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}
REMINDER = "<system-reminder>\nBe careful.\n</system-reminder>\n"


async def session(gateway: Gateway, words: str, reminder: str = REMINDER, **more: Any) -> None:
    turn = {"role": "user", "content": f"{reminder}{words}"}
    await gateway.ask(tools=[READ], system="You are kind.", **{"messages": [turn], **more})


def in_folder(folder: str) -> str:
    return f"<system-reminder>\n - Primary working directory: {folder}\n</system-reminder>\n\n"


async def preload(gateway: Gateway, **more: str) -> None:
    url = gateway.url + "/preload"
    async with gateway.client.post(url, json={"model": "m", "wait": True, **more}) as response:
        assert response.status == 200


async def until(upstream: Upstream, count: int) -> None:
    for _ in range(6000):
        if len(upstream.bodies) >= count:
            return
        await asyncio.sleep(0.01)
    assert len(upstream.bodies) == count


async def test_what_a_session_began_with_is_read_before_the_next(
    gateway: Gateway, upstream: Upstream
) -> None:
    await session(gateway, "first words", REMINDER * 2)
    await preload(gateway)
    await until(upstream, 3)
    first, load, ahead = upstream.bodies
    assert load["messages"] == []
    # Its words are the person's own.
    assert ahead["messages"] == [
        {"role": "system", "content": "You are kind."},
        {"role": "user", "content": REMINDER * 2},
    ]
    assert ahead["tools"] == first["tools"]
    assert ahead["options"] == {"num_ctx": 65536, "num_predict": 1}
    assert (ahead["truncate"], ahead["shift"]) == (False, False)


async def test_of_a_session_without_reminders_system_and_tools_are_read(
    gateway: Gateway, upstream: Upstream
) -> None:
    await session(gateway, "first words", "")
    await preload(gateway)
    await until(upstream, 3)
    assert upstream.bodies[-1]["messages"][1] == {"role": "user", "content": ""}


@pytest.mark.parametrize(
    ("folder", "read"),
    [("/home/a", "/home/a"), ("/home/a b", "/home/a b"), ("/home/else", "/home/b"), ("/a", None)],
)
async def test_what_is_read_is_of_the_folder_that_the_session_begins_in(
    gateway: Gateway, upstream: Upstream, folder: str, read: str | None
) -> None:
    for one in ("/home/a b", "/home/a", "/home/b"):
        await session(gateway, f"words in {one}", in_folder(one))
    await preload(gateway, folder=folder)
    await until(upstream, 5)
    said = upstream.bodies[-1]["messages"][1]["content"]
    assert said == in_folder(read or "/home/b")


async def test_only_what_begins_a_session_is_its_front(
    gateway: Gateway, upstream: Upstream
) -> None:
    await session(gateway, "first words")
    compacted = [
        {"role": "user", "content": "A summary."},
        {"role": "assistant", "content": "What was kept."},
        {"role": "user", "content": "And on."},
    ]
    await session(gateway, "", messages=compacted)
    search = {"type": "web_search_20250305", "name": "web_search"}
    gateway.client.headers["X-Claude-Code-Session-Id"] = "s1"
    await gateway.ask(tools=[search], system="You search.")
    count = len(upstream.bodies)
    await preload(gateway)
    await until(upstream, count + 2)
    ahead = upstream.bodies[-1]["messages"]
    assert [turn["content"] for turn in ahead] == ["You are kind.", REMINDER]


async def test_a_model_that_cannot_be_loaded_is_not_asked_to_read(
    gateway: Gateway, upstream: Upstream
) -> None:
    await session(gateway, "first words")

    async def full(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "model requires more system memory"}, status=500)

    upstream.chat = full
    async with gateway.client.post(gateway.url + "/preload", json={"model": "m"}) as response:
        assert response.status == 500
    await asyncio.sleep(0.1)
    assert len(upstream.bodies) == 2


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
    await asyncio.wait_for(stopped.wait(), 60)


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


class TestWithAJudge:
    """A model of its own judges the actions of auto mode."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"request_classes": RequestClasses(auto_mode="judge")}

    async def test_its_policy_is_read_before_the_next_session(
        self, gateway: Gateway, upstream: Upstream
    ) -> None:
        policy = "You are a security monitor for autonomous AI coding agents. Be strict."
        headers = {
            "X-Claude-Code-Session-Id": "s",
            "User-Agent": "claude-cli/2 (external, sdk-cli)",
        }
        url = gateway.url + "/v1/messages"
        checks = body(system=policy, messages=[{"role": "user", "content": "an action"}])
        async with gateway.client.post(url, json=checks, headers=headers) as answered:
            assert answered.status == 200
        await preload(gateway, model="judge")
        await until(upstream, 3)
        first, _, ahead = upstream.bodies
        assert first["model"] == ahead["model"] == "judge"
        assert [one["content"] for one in ahead["messages"]] == [policy, ""]
