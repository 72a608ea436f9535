"""The real Claude Code, on an Ollama that is killed in mid-stream and started again."""

import asyncio

import pytest

from cc_proxy.app.practice.server import PracticeServer

from .conftest import Stage

pytestmark = pytest.mark.claude

# As Ollama's own service: RestartSec=3.
DOWN_SECONDS = 3.0


# 2.1.197 does not ask again once it has shown text.
@pytest.mark.parametrize("claude", ["current"], indirect=True)
async def test_a_session_outlives_an_ollama_that_is_started_again(stage: Stage) -> None:
    async with PracticeServer() as first:
        stage.more_environment["OLLAMA_BASE_URL"] = first.url
        # 2.1.332 asks for the rest of an answer that broke: the second turn of the script.
        spoken = [[{"text": "One moment. "}, {"sleep": 4}, {"text": "It is done."}]]
        asking = asyncio.create_task(stage.ask("go", turns=[*spoken, {"text": "It is done."}]))
        await first.wait_for(lambda record: bool(record.text), 120)
        port = first.port
    await asyncio.sleep(DOWN_SECONDS)
    async with PracticeServer(port):
        assert "It is done." in await asking
    assert "waiting for it to start again" in stage.log()
