"""The practice server with a real engine behind it counts what it counts with the rules."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from cc_proxy.app.practice.server import PracticeServer

WORDS = " ".join(f"word {number}" for number in range(3_000))


@pytest.fixture(params=["rules", "llama"])
async def practice(request: pytest.FixtureRequest) -> AsyncIterator[PracticeServer]:
    async with PracticeServer(engine=request.param) as server:
        yield server


async def chat(practice: PracticeServer, *contents: str, **more: Any) -> dict[str, Any]:
    roles = ("user", "assistant")
    turns = [{"role": roles[n % 2], "content": text} for n, text in enumerate(contents)]
    options = {"num_ctx": 32_768}
    body = {"model": "practice", "messages": turns, "stream": False, "options": options, **more}
    async with (
        aiohttp.ClientSession() as session,
        session.post(practice.url + "/api/chat", json=body) as response,
    ):
        answer: dict[str, Any] = await response.json()
    assert response.status == 200, answer
    return answer


async def test_what_was_said_need_not_be_read(practice: PracticeServer) -> None:
    said = (await chat(practice, WORDS))["message"]["content"]
    await chat(practice, WORDS, said, "And on.")
    first, second = practice.chats()
    assert first.read_tokens == first.prompt_tokens
    assert second.read_tokens < 20


async def test_a_session_that_shares_the_front_cuts_the_tail_of_another(
    practice: PracticeServer,
) -> None:
    await chat(practice, WORDS + "one" * 4_000)
    await chat(practice, WORDS + "two" * 4_000)
    await chat(practice, WORDS + "one" * 4_000)
    reads = [record.read_tokens for record in practice.chats()]
    assert reads[1] == reads[2]
    assert 3_000 <= reads[2] < 3_100


async def test_one_that_shares_nothing_has_it_saved_and_fetched(practice: PracticeServer) -> None:
    await chat(practice, WORDS)
    await chat(practice, "two" * 4_000)
    await chat(practice, WORDS)
    assert practice.chats()[-1].read_tokens == 1


async def test_a_model_that_is_unloaded_has_read_nothing(practice: PracticeServer) -> None:
    await chat(practice, WORDS)
    await chat(practice, keep_alive=0)
    await chat(practice, WORDS)
    last = practice.chats()[-1]
    assert last.read_tokens == last.prompt_tokens


async def test_the_time_is_the_engine_s_own(practice: PracticeServer) -> None:
    long = (await chat(practice, WORDS))["prompt_eval_duration"]
    short = (await chat(practice, WORDS))["prompt_eval_duration"]
    assert 0 < short < long


async def test_a_client_that_leaves_loses_nothing_that_was_read(practice: PracticeServer) -> None:
    await chat(practice, "first")
    asking = asyncio.create_task(chat(practice, WORDS * 4))
    await practice.wait_for(lambda record: record.prompt_tokens > 20_000)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await practice.wait_for(lambda record: record.number == 2 and record.finished is not None)
    await chat(practice, WORDS * 4)
    broken_off, again = practice.chats()[-2:]
    assert again.read_tokens + broken_off.read_tokens <= again.prompt_tokens
