"""A second session finds its front read, although the model had been unloaded in between."""

import pytest
from aiohttp import ClientSession

from .conftest import Stage

pytestmark = pytest.mark.claude


@pytest.fixture
def engine() -> str:
    """A real llama.cpp, with its slot and its prompt cache."""
    return "llama"


async def test_the_front_is_read_while_the_client_is_starting(stage: Stage) -> None:
    await stage.ask("Hello.", turns=[{"text": "Hello."}])
    unload = {"model": "practice:latest", "messages": [], "keep_alive": 0}
    async with ClientSession() as client:
        await client.post(stage.practice.url + "/api/chat", json=unload)
    await stage.ask("Good evening.", turns=[{"text": "Good evening."}])
    *_, ahead, first = stage.chats()
    assert ahead.body["options"]["num_predict"] == 1
    # The person's prompt comes when it comes: what was read until then need not be read again.
    assert ahead.read_tokens > 0
    assert ahead.read_tokens + first.read_tokens < 1.05 * first.prompt_tokens
    assert "read ahead for practice: " in stage.log()


async def test_of_two_folders_the_one_that_the_session_begins_in_is_read(stage: Stage) -> None:
    first = stage.project
    await stage.ask("Hello.", turns=[{"text": "Hello."}])
    stage.project = stage.home.parent / "another"
    stage.project.mkdir()
    await stage.ask("Hello.", turns=[{"text": "Hello."}])
    stage.project = first
    await stage.ask("Good evening.", turns=[{"text": "Good evening."}])
    *_, ahead, _ = stage.chats()
    assert f" {first}\n" in ahead.body["messages"][-1]["content"]
