"""The cached tokens that a client is told are those that the engine did not read.

The engine is a real llama.cpp behind the practice server, or the rules of it; how long it says that
reading took is the test's.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app.practice import chat
from cc_proxy.app.practice.engine.base import Kind
from cc_proxy.app.practice.play.answers import Statistics
from cc_proxy.app.practice.server import PracticeServer

from .client import CALL, Claude, preload, proxy, turns

# What a template puts around a turn; where two fronts part is known to a block only.
SMALL = 40
A_BLOCK = 400
ENGINES = pytest.mark.parametrize("engine", ["rules", "llama"])


@dataclass
class Clock:
    """The time that reading takes, as the engine tells it."""

    nanoseconds_per_token: int = 1_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()

    def statistics(**fields: Any) -> Statistics:
        record = chat.RECORD.get()
        took = max(1, record.read_tokens) * made.nanoseconds_per_token
        return Statistics(**{**fields, "prompt_eval_duration": took})

    monkeypatch.setattr(chat, "Statistics", statistics)
    return made


def serving(engine: Kind, **more: Any) -> PracticeServer:
    return PracticeServer(engine=engine, script=[CALL] * 200, **more)


async def told(claude: Claude, practice: PracticeServer, result: int = 60) -> tuple[int, int]:
    """Go on, and return the cached tokens that the client was told, and the engine's own."""
    usage = (await claude.turn(result))["usage"]
    record = turns(practice)[-1]
    parts = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    assert sum(usage[part] for part in parts) == record.prompt_tokens
    return usage["cache_read_input_tokens"], record.reused_tokens


@ENGINES
async def test_one_session_on_a_machine_that_becomes_busy(
    engine: Kind, clock: Clock, tmp_path: Path
) -> None:
    async with serving(engine) as practice, proxy(practice, tmp_path) as url:
        await preload(url)
        claude = Claude(url, "one", "/a")
        assert await told(claude, practice) == (0, 0)
        for factor in (1, 1, 50, 50, 1):
            clock.nanoseconds_per_token = factor * 1_000_000
            said, true = await told(claude, practice, 4_000)
            assert abs(said - true) <= SMALL
            assert true > 1_000


@ENGINES
@pytest.mark.parametrize("factor", [1, 50])
async def test_two_sessions_in_a_folder(
    engine: Kind, factor: int, clock: Clock, tmp_path: Path
) -> None:
    async with serving(engine) as practice, proxy(practice, tmp_path) as url:
        await preload(url)
        sessions = [Claude(url, name, "/a") for name in ("s0", "s1")]
        await sessions[0].turn(4_000)
        clock.nanoseconds_per_token *= factor
        for _ in range(4):
            for session in sessions:
                said, true = await told(session, practice, 2_000)
                assert abs(said - true) <= A_BLOCK
                assert true > 1_000


@ENGINES
async def test_what_the_engine_held_before_is_not_known(
    engine: Kind, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    del clock
    async with serving(engine) as practice:
        async with proxy(practice, tmp_path / "before") as url:
            claude = Claude(url, "one", "/a")
            await claude.turn()
        async with proxy(practice, tmp_path / "after") as url:
            claude.url = url
            with caplog.at_level(logging.INFO):
                said, true = await told(claude, practice)
            assert (said, true > 1_000) == (0, True)
            assert "tokens_in=" in caplog.text
            assert "tokens_reused=" not in caplog.text
            with caplog.at_level(logging.INFO):
                said, true = await told(claude, practice)
            assert abs(said - true) <= SMALL
            assert f"tokens_reused={said}" in caplog.text


@ENGINES
async def test_what_ollama_reports_is_told(engine: Kind, tmp_path: Path, clock: Clock) -> None:
    del clock
    async with serving(engine, version="0.34.0") as practice:
        async with proxy(practice, tmp_path / "before") as url:
            claude = Claude(url, "one", "/a")
            await claude.turn()
        async with proxy(practice, tmp_path / "after") as url:
            claude.url = url
            for _ in range(3):
                said, true = await told(claude, practice)
                assert said == true > 1_000


@pytest.mark.parametrize(
    ("version", "reports"), [("0.32.15", False), ("0.33.4", False), ("0.34.0", True)]
)
async def test_the_practice_server_reports_it_from_0_34_on(
    version: str, *, reports: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields: list[dict[str, int]] = []

    def statistics(**more: Any) -> Statistics:
        made = Statistics(**more)
        fields.append(made.fields())
        return made

    monkeypatch.setattr(chat, "Statistics", statistics)
    async with serving("rules", version=version) as practice, proxy(practice, tmp_path) as url:
        await Claude(url, "one", "/a").turn()
    assert [("prompt_eval_cached_count" in made) for made in fields] == [reports]
