"""What the engine reads over what is new, a test for each row of bench/prefill/RESULTS.md.

The engine is a real llama.cpp behind the practice server, or the rules of it.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from cc_proxy.app.practice.model.speed import PracticeSpeed
from cc_proxy.app.practice.server import PracticeServer

from .client import CALL, KEY, Claude, plain, preload, proxy, read, turns

# What a template puts around a turn, and the token that is always read again.
SMALL = 40


@pytest.fixture(params=["rules", "llama"])
async def practice(request: pytest.FixtureRequest) -> AsyncIterator[PracticeServer]:
    async with PracticeServer(engine=request.param, script=[CALL] * 200) as server:
        yield server


@pytest.fixture
async def url(practice: PracticeServer, tmp_path: Path) -> AsyncIterator[str]:
    async with proxy(practice, tmp_path) as address:
        yield address


async def settled() -> None:
    """Let a read-ahead begin that was asked for, and end."""
    await asyncio.sleep(0.3)


async def new_in(claude: Claude, practice: PracticeServer) -> tuple[int, int]:
    """Return what the next turn of a conversation reads, everything before it included."""
    before = len(practice.journal)
    last = turns(practice)[-1].prompt_tokens
    await claude.turn()
    return read(practice, before), turns(practice)[-1].prompt_tokens - last


async def test_one_session_of_25_turns(practice: PracticeServer, url: str) -> None:
    claude = Claude(url, "one", "/a")
    for _ in range(25):
        await claude.turn()
    assert read(practice) <= turns(practice)[-1].prompt_tokens
    assert read(practice) <= 1.02 * plain([turns(practice)])


@pytest.mark.parametrize("letters", [0, 16_000, 40_000, 64_000])
@pytest.mark.parametrize("flag", [True, False], ids=["-c", "/resume"])
async def test_a_session_that_is_taken_up_again(
    practice: PracticeServer, url: str, *, letters: int, flag: bool
) -> None:
    claude = Claude(url, "one", "/a")
    await claude.grow(letters)
    await preload(url, folder="/a", continues=flag)
    await settled()
    more, new = await new_in(claude, practice)
    assert more <= new


async def test_a_second_session_in_the_folder(practice: PracticeServer, url: str) -> None:
    await Claude(url, "one", "/a", entry="sdk-cli", ends=True).turn()
    before = len(practice.journal)
    await Claude(url, "two", "/a", entry="sdk-cli").turn()
    assert read(practice, before) < SMALL


async def test_a_session_in_another_folder(practice: PracticeServer, url: str) -> None:
    await Claude(url, "one", "/a", entry="sdk-cli", ends=True).turn()
    before = len(practice.journal)
    await Claude(url, "two", "/b", entry="sdk-cli").turn()
    assert read(practice, before) < 0.35 * turns(practice)[-1].prompt_tokens


@pytest.mark.parametrize("folders", ["aa", "ab", "aaa", "abc"])
async def test_sessions_at_once(practice: PracticeServer, url: str, folders: str) -> None:
    sessions = [Claude(url, f"s{n}", f"/{folder}") for n, folder in enumerate(folders)]
    for _ in range(3):
        await sessions[0].turn()
    for _ in range(10):
        for session in sessions:
            await session.turn()
    by_session = [
        [record for record in turns(practice) if f"The words of s{n}." in str(record.body)]
        for n in range(len(sessions))
    ]
    assert read(practice) <= 1.02 * plain(by_session)
    # In the end each reads what is new in its turn, and a token for the change.
    before = len(practice.journal)
    for session in sessions:
        await session.turn()
    assert read(practice, before) <= len(sessions) * 200


async def test_two_sessions_whose_turns_overlap(practice: PracticeServer, url: str) -> None:
    async def work(session: Claude) -> None:
        for _ in range(8):
            await session.turn()

    sessions = [Claude(url, name, "/a") for name in ("s0", "s1")]
    await asyncio.gather(*map(work, sessions))
    by_session = [
        [record for record in turns(practice) if f"The words of s{n}." in str(record.body)]
        for n in range(2)
    ]
    assert read(practice) <= 1.02 * plain(by_session)


async def seen_at_once(url: str) -> int:
    """Return how many requests the proxy has seen Ollama work at together."""
    async with (
        ClientSession(headers={"x-api-key": KEY}) as client,
        client.get(url + "/health?upstream=0") as response,
    ):
        (model,) = (await response.json())["model_sessions"]
        return int(model["parallel"])


async def test_with_as_many_slots_as_sessions_nothing_need_be_sent(tmp_path: Path) -> None:
    speed = PracticeSpeed(prefill_tokens_per_second=50_000, generate_tokens_per_second=20)
    practice = PracticeServer(script=[CALL] * 200, parallel=2, speed=speed)
    async with practice, proxy(practice, tmp_path) as url:
        sessions = [Claude(url, f"s{n}", "/a") for n in range(2)]

        async def round_of_both() -> None:
            await asyncio.gather(*(session.turn() for session in sessions))

        rounds = 0
        while rounds < 20 and (not rounds or await seen_at_once(url) < 2):
            await round_of_both()
            rounds += 1
        assert await seen_at_once(url) == 2
        # What was sent for one slot has left each session's text somewhere: it is fetched here.
        await round_of_both()
        await round_of_both()
        before = len(practice.journal)
        for _ in range(3):
            await round_of_both()
        later = practice.journal[before:]
        assert [record.path for record in later] == ["/api/chat"] * 6
        assert all(record.read_tokens < 200 for record in later)


async def test_with_one_slot_it_is_not_taken_for_two(tmp_path: Path) -> None:
    speed = PracticeSpeed(prefill_tokens_per_second=50_000, generate_tokens_per_second=20)
    practice = PracticeServer(script=[CALL] * 200, parallel=1, speed=speed)
    async with practice, proxy(practice, tmp_path) as url:
        sessions = [Claude(url, f"s{n}", "/a") for n in range(2)]

        async def work(session: Claude) -> None:
            for _ in range(5):
                await session.turn()

        await asyncio.gather(*map(work, sessions))
        assert await seen_at_once(url) == 1
        by_session = [
            [record for record in turns(practice) if f"The words of s{n}." in str(record.body)]
            for n in range(2)
        ]
        assert read(practice) <= 1.02 * plain(by_session)


async def test_a_session_with_four_subagents(practice: PracticeServer, url: str) -> None:
    main = Claude(url, "one", "/a")
    for _ in range(3):
        await main.turn()
    agents = [
        Claude(url, "one", "/a", agent=f"agent{n}", system="You are a subagent. " * 200)
        for n in range(4)
    ]

    async def work(agent: Claude) -> None:
        for _ in range(4):
            await agent.turn()

    await asyncio.gather(*map(work, agents))
    of_agents = turns(practice)[3:]
    by_agent = [
        [record for record in of_agents if f"The words of oneagent{n}." in str(record.body)]
        for n in range(4)
    ]
    assert read(practice) <= 1.02 * plain([turns(practice)[:3], *by_agent])
    before = len(practice.journal)
    await main.turn()
    assert read(practice, before) < 200


async def test_a_second_terminal_that_only_opens(practice: PracticeServer, url: str) -> None:
    await Claude(url, "other", "/b").turn()
    claude = Claude(url, "one", "/a")
    await claude.grow(8_000)
    await preload(url, folder="/b")
    await settled()
    more, new = await new_in(claude, practice)
    assert more <= new


async def test_a_restart_of_the_proxy(practice: PracticeServer, tmp_path: Path) -> None:
    async with proxy(practice, tmp_path) as url:
        claude = Claude(url, "one", "/a")
        await claude.grow(8_000)
    async with proxy(practice, tmp_path) as url:
        claude.url = url
        await preload(url, folder="/a")
        await settled()
        more, new = await new_in(claude, practice)
    assert more <= new


async def test_compaction_reads_the_summary_only(practice: PracticeServer, url: str) -> None:
    claude = Claude(url, "one", "/a")
    await claude.grow(8_000)
    text = claude.messages[0]["content"] + "\nThe summary: " + "all went well. " * 20
    claude.messages = [{"role": "user", "content": text}]
    before = len(practice.journal)
    await claude.turn()
    assert read(practice, before) < 200


async def test_what_a_session_begins_with_is_read_ahead_into_an_empty_engine(
    practice: PracticeServer, url: str
) -> None:
    await Claude(url, "one", "/a").turn()
    await Claude(url, "print", "/a", entry="sdk-cli", system="You print. " * 300).turn()
    async with ClientSession(practice.url) as ollama:
        await ollama.post("/api/chat", json={"model": "practice", "messages": [], "keep_alive": 0})
    await preload(url, folder="/a")
    await settled()
    before = len(practice.journal)
    await Claude(url, "two", "/a").turn()
    assert read(practice, before) < SMALL


# The claim is checked by the time, which is exact in the rules and on no real machine.
@pytest.mark.parametrize("practice", ["rules"], indirect=True)
async def test_usage_says_what_was_read(practice: PracticeServer, url: str) -> None:
    sessions = [Claude(url, name, "/a") for name in ("s0", "s1")]
    for _ in range(8):
        for session in sessions:
            usage = (await session.turn())["usage"]
            last = turns(practice)[-1]
            told = usage["input_tokens"] + usage["cache_creation_input_tokens"]
            # Where two texts part is known to a block of 2,048 letters.
            assert last.read_tokens <= told + 8
            assert told <= last.read_tokens + 600
