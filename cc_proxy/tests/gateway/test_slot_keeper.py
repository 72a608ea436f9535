"""What is sent to Ollama before a prompt, and what its failing does."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientSession, web

from cc_proxy.app.chat.upstream import Features
from cc_proxy.app.gateway.scheduling.slot_keeper import (
    MAX_MODELS,
    MAX_NAME,
    MAX_SAVED,
    SlotKeeper,
)
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream
from cc_proxy.tests.gateway.conftest import Gateway, Upstream, done, line, says

TOOLS = [
    {
        "name": f"Tool{number}",
        "description": f"Tool number {number} does things. " * 60,
        "input_schema": {"type": "object"},
    }
    for number in range(12)
]
CALLS = [{"id": "1", "function": {"name": "Tool1", "arguments": {}}}]


async def turn(gateway: Gateway, session: str, messages: list[dict[str, Any]]) -> None:
    headers = {"X-Claude-Code-Session-Id": session}
    body = {"model": "m", "max_tokens": 50, "system": "Be kind.", "tools": TOOLS}
    async with ClientSession(headers={**gateway.client.headers, **headers}) as client:
        data = json.dumps({**body, "messages": messages})
        async with client.post(gateway.url + "/v1/messages", data=data) as response:
            answer = await response.json()
            assert response.status == 200, answer
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": f"{session} " * 900}
        for block in answer["content"]
        if block["type"] == "tool_use"
    ]
    messages += [{"role": "assistant", "content": answer["content"]}]
    messages += [{"role": "user", "content": results}]


@pytest.fixture
def working(upstream: Upstream) -> None:
    """Have the model call a tool in every turn: the sessions are at work."""

    async def chat(request: web.Request) -> web.StreamResponse:
        tokens = len(await request.read()) // 4
        answer = says(line(message={"tool_calls": CALLS}), done(prompt_eval_count=tokens))
        return await answer(request)

    upstream.chat = chat


def begun(session: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": f"The words of {session}."}]


@pytest.mark.usefixtures("working")
async def test_one_session_has_nothing_sent_before_it(gateway: Gateway, upstream: Upstream) -> None:
    messages = begun("a")
    for _ in range(4):
        await turn(gateway, "a", messages)
    assert len(upstream.bodies) == 4


@pytest.mark.usefixtures("working")
async def test_before_another_session_at_work_the_first_tools_are_read(
    gateway: Gateway, upstream: Upstream
) -> None:
    first = begun("a")
    for _ in range(4):
        await turn(gateway, "a", first)
    await turn(gateway, "b", begun("b"))
    *_, before, asked = upstream.bodies
    assert asked["messages"][-1]["content"] == "The words of b."
    assert before["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "."},
    ]
    count = len(before["tools"])
    assert 0 < count < len(TOOLS)
    assert before["tools"] == asked["tools"][:count]
    assert before["options"] == {"num_ctx": asked["options"]["num_ctx"], "num_predict": 1}
    assert (before["truncate"], before["shift"]) == (False, False)


async def test_sessions_without_end_are_not_all_kept_in_mind(gateway: Gateway) -> None:
    for number in range(2 * MAX_SAVED):
        await gateway.ask(system=f"{number} " * 50)
    (known,) = gateway.shared.lanes.first.slots._models.values()  # noqa: SLF001 - nothing tells it
    assert known.cache is not None
    assert 0 < len(known.cache.saved) <= MAX_SAVED


@pytest.mark.usefixtures("working")
async def test_an_engine_of_other_rules_is_sent_the_prompts_alone(
    gateway: Gateway, upstream: Upstream
) -> None:
    other = OllamaUpstream(gateway.ollama)
    other.can = Features(follows_engine_cache=False)
    gateway.shared.lanes.first.slots = SlotKeeper(other, gateway.shared.tokens)
    first = begun("a")
    for _ in range(4):
        await turn(gateway, "a", first)
    await turn(gateway, "b", begun("b"))
    assert [body["options"]["num_predict"] for body in upstream.bodies] == [50] * 5


@pytest.mark.usefixtures("working")
async def test_what_cannot_be_sent_before_a_prompt_is_left_out(
    gateway: Gateway, upstream: Upstream
) -> None:
    answer = upstream.chat
    first = begun("a")
    for _ in range(4):
        await turn(gateway, "a", first)

    async def busy(request: web.Request) -> web.StreamResponse:
        if (await request.json())["options"].get("num_predict") == 1:
            return web.json_response({"error": "no"}, status=500)
        return await answer(request)

    upstream.chat = busy
    await turn(gateway, "b", begun("b"))
    assert upstream.bodies[-1]["messages"][-1]["content"] == "The words of b."


async def test_side_requests_are_no_conversation(gateway: Gateway, upstream: Upstream) -> None:
    gateway.client.headers["X-Claude-Code-Session-Id"] = "a"
    await gateway.ask(messages=[{"role": "user", "content": "A title. " * 200}])
    await gateway.ask(messages=[{"role": "user", "content": "Another one. " * 200}])
    await asyncio.sleep(0)
    assert len(upstream.bodies) == 2


@pytest.mark.usefixtures("working")
async def test_health_has_the_sessions_of_a_model(gateway: Gateway) -> None:
    for session in ("a", "b", "a"):
        await turn(gateway, session, begun(session))
    async with gateway.client.get(gateway.url + "/health") as response:
        seen = (await response.json())["model_sessions"]
    assert seen == [{"model": "m:latest", "sessions": 2, "parallel": 1}]


@pytest.mark.usefixtures("working")
async def test_names_of_models_fill_neither_memory_nor_health(gateway: Gateway) -> None:
    for number in range(MAX_MODELS + 6):
        body = {"model": f"m{number}" + "x" * 5_000, "max_tokens": 5, "messages": begun("s")}
        async with gateway.client.post(gateway.url + "/v1/messages", json=body) as response:
            assert response.status == 200, await response.text()
    async with gateway.client.get(gateway.url + "/health?upstream=0") as response:
        sessions = (await response.json())["model_sessions"]
    assert len(sessions) <= MAX_MODELS
    assert max(len(one["model"]) for one in sessions) <= MAX_NAME
