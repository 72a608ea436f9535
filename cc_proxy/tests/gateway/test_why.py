"""`GET /why` of a real gateway: a session that was broken on purpose, and what slowed others."""

import asyncio
from typing import Any

import msgspec
import pytest

from cc_proxy.app.chat.messages import ChatMessage
from cc_proxy.app.control.why import Why
from cc_proxy.app.gateway.activity.prompt_memory import MAX_PROMPTS, PromptMemory
from cc_proxy.app.gateway.activity.tracked import TrackedRequest
from cc_proxy.app.translate.prompt.prefix import Prompt

from .conftest import Gateway, Upstream, body, done, line, says

READ = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}
NEVER_SEEN = "It was 12:30 when "
OLD = "x" * 1186 + NEVER_SEEN + "y" * 30_000


def headers(session: str = "session-1", **more: str) -> dict[str, str]:
    return {"X-Claude-Code-Session-Id": session, "User-Agent": "claude-cli/2.1.332"} | more


def said(text: str) -> ChatMessage:
    return ChatMessage(role="user", content=text)


async def ask(
    gateway: Gateway, *turns: str, session: str = "session-1", **fields: Any
) -> dict[str, Any]:
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(turns)]
    asked = body(tools=[READ], messages=messages) | fields
    async with gateway.client.post(
        gateway.url + "/v1/messages", json=asked, headers=headers(session)
    ) as response:
        assert response.status == 200, await response.text()
        return dict(await response.json()) | {"request": response.headers["request-id"]}


async def why(gateway: Gateway, query: str = "") -> Why:
    async with gateway.client.get(gateway.url + "/why" + query) as response:
        assert response.status == 200, await response.text()
        return msgspec.json.decode(await response.read(), type=Why)


def reads(upstream: Upstream, prompt: int, cached: int, **more: Any) -> None:
    end = done(prompt_eval_count=prompt, prompt_eval_cached_count=cached, **more)
    upstream.chat = says(line("Hello"), end)


async def test_the_byte_that_broke_the_prefix_is_named(
    gateway: Gateway, upstream: Upstream
) -> None:
    reads(upstream, 13_000, 0)
    first = await ask(gateway, "Hello", "Hi", OLD)
    reads(upstream, 13_300, 2_000)
    changed = OLD.replace("12:30", "12:45")
    await ask(gateway, "Hello", "Hi", changed, "I see", "go on")
    found = await why(gateway)
    broken = found.prefix_break
    assert broken is not None
    assert (found.cause, found.previous) == ("prefix_changed", first["request"])
    assert (broken.place, broken.turn, broken.role) == ("turn", 3, "user")
    assert (broken.byte, broken.change) == (1186 + len("It was 12:"), "digits")
    assert found.summary[0].startswith(
        "Turn 3 (your message) changed at byte 1,196, only in digits:"
        " 11,300 of 13,300 tokens were read again"
    )
    assert (broken.words_before, broken.words_after) == (None, None)


async def test_words_are_shown_only_to_who_asks(
    gateway: Gateway, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    reads(upstream, 13_000, 0)
    for text in (OLD, OLD.replace("12:30", "12:45")):
        await ask(gateway, text, "Hi", "go on")
    assert NEVER_SEEN not in str(await why(gateway))
    async with gateway.client.get(gateway.url + "/activity") as response:
        assert NEVER_SEEN not in await response.text()
    assert NEVER_SEEN not in caplog.text
    found = (await why(gateway, "?words=1")).prefix_break
    assert found is not None
    assert found.words_before is not None
    assert found.words_after is not None
    assert "It was 12:30 when" in found.words_before
    assert "It was 12:45 when" in found.words_after


async def test_a_turn_that_continues_reads_what_is_new(
    gateway: Gateway, upstream: Upstream
) -> None:
    reads(upstream, 1000, 0)
    await ask(gateway, "Hello")
    assert (await why(gateway)).cause == "first_prompt"
    reads(upstream, 9000, 1000)
    await ask(gateway, "Hello", "Hi", OLD)
    found = await why(gateway)
    assert (found.cause, found.prefix_break) == ("new_text", None)
    reads(upstream, 9040, 9000)
    await ask(gateway, "Hello", "Hi", OLD, "Oh", "go on")
    assert (await why(gateway)).cause is None


async def test_another_session_took_its_place_in_the_cache(
    gateway: Gateway, upstream: Upstream
) -> None:
    reads(upstream, 9000, 0)
    await ask(gateway, "Hello")
    other = await ask(gateway, "Another", session="session-2")
    reads(upstream, 9040, 2000)
    await ask(gateway, "Hello", "Hi", "go on")
    found = await why(gateway)
    assert found.cause == "evicted"
    assert [one.request for one in found.others] == [other["request"]]
    assert other["request"][-8:] in found.summary[0]


async def test_a_model_that_was_loaded_has_read_nothing(
    gateway: Gateway, upstream: Upstream
) -> None:
    reads(upstream, 9000, 0)
    await ask(gateway, "Hello")
    reads(upstream, 9040, 0, load_duration=4_000_000_000)
    await ask(gateway, "Hello", "Hi", "go on")
    assert (await why(gateway)).cause == "model_loaded"


async def test_another_model_has_read_nothing_of_it(gateway: Gateway, upstream: Upstream) -> None:
    reads(upstream, 9000, 0)
    await ask(gateway, "Hello")
    await ask(gateway, "Hello", "Hi", "go on", model="another")
    assert (await why(gateway)).cause == "model_changed"


async def test_what_it_waited_behind_is_named(gateway: Gateway, upstream: Upstream) -> None:
    both, goes_on = asyncio.Semaphore(0), asyncio.Event()
    answer = says(line("Hello"), done(prompt_eval_count=900, prompt_eval_cached_count=0))

    async def chat(request: Any) -> Any:
        both.release()
        await goes_on.wait()
        return await answer(request)

    upstream.chat = chat
    first = asyncio.create_task(ask(gateway, "Hello"))
    await both.acquire()
    second = asyncio.create_task(ask(gateway, "Another", session="session-2"))
    await both.acquire()
    goes_on.set()
    ids = [(await one)["request"] for one in (first, second)]
    found = await why(gateway, f"?request={ids[1]}")
    assert found.waited_behind == (ids[0],)
    assert (await why(gateway, f"?request={ids[0][-8:]}")).waited_behind == ()


async def test_an_unknown_request_is_a_404(gateway: Gateway) -> None:
    for query, text in (("", "No request has been"), ("?request=nope", "found no 'nope'")):
        async with gateway.client.get(gateway.url + "/why" + query) as response:
            assert response.status == 404
            assert text in await response.text()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"system": "Another."}, "system_changed"),
        ({"tools": [READ | {"name": "Write"}]}, "tools_changed"),
        ({"model": "another"}, "model_changed"),
        ({"messages": [{"role": "user", "content": "Other"}] * 3}, "messages_changed"),
    ],
)
async def test_the_api_is_told_why_the_cache_missed(
    gateway: Gateway, upstream: Upstream, fields: dict[str, Any], reason: str
) -> None:
    reads(upstream, 9000, 0)
    first = await ask(gateway, OLD, system="One.", diagnostics={"previous_message_id": None})
    assert first["diagnostics"] is None
    asked = {"previous_message_id": first["id"]}
    turns = (OLD, "Hi", "go on")
    second = await ask(gateway, *turns, **({"system": "One.", "diagnostics": asked} | fields))
    found = second["diagnostics"]["cache_miss_reason"]
    assert found["type"] == reason
    assert 8000 < found["cache_missed_input_tokens"] <= 9000


async def test_nothing_missed_is_null_and_an_unknown_message_is_said_to_be_so(
    gateway: Gateway,
) -> None:
    first = await ask(gateway, "Hello", session="")
    assert "diagnostics" not in first
    asked = {"previous_message_id": first["id"]}
    second = await ask(gateway, "Hello", "Hi", "go on", session="", diagnostics=asked)
    assert second["diagnostics"] is None
    third = await ask(gateway, "Hello", diagnostics={"previous_message_id": "msg_x"})
    reason = third["diagnostics"]["cache_miss_reason"]
    assert reason == {"type": "previous_message_not_found"}


async def test_a_stream_has_the_diagnostics_in_its_first_event(gateway: Gateway) -> None:
    (start, *_) = await gateway.stream(diagnostics={"previous_message_id": "msg_x"})
    reason = start["message"]["diagnostics"]["cache_miss_reason"]
    assert reason["type"] == "previous_message_not_found"


def test_the_memory_for_prompts_is_bounded() -> None:
    memory = PromptMemory(max_bytes=1_000_000)
    for number in range(2000):
        request = TrackedRequest(f"req_{number}", 0.0, session=f"s{number}")
        memory.take(request, Prompt("m", b"[]", [said("x" * 50_000)]))
        assert memory.held_bytes <= 1_000_000
    small = PromptMemory()
    for number in range(10 * MAX_PROMPTS):
        memory_of = TrackedRequest(f"req_{number}", 0.0)
        small.take(memory_of, Prompt("m", b"", [said(str(number))]))
    assert small.held_bytes < MAX_PROMPTS * 2000
