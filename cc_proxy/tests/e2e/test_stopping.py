"""A proxy that stops or restarts in the middle of an answer, and what Claude Code makes of it.

After the first words of an answer the newer version keeps them and asks the model to go on, the
older one shows the error and ends.
"""

import asyncio

import pytest

from .conftest import Stage

pytestmark = pytest.mark.claude
HANGS = [{"text": "All is well here.", "stall": True, "times": 1}]


async def cut_off(stage: Stage, *command: str) -> "asyncio.Task[str]":
    """Begin a session, and end its answer after its first words."""
    asking = asyncio.create_task(stage.ask("How is it?", turns=HANGS))
    await stage.practice.wait_for(lambda record: bool(record.text), 120.0)
    code, _, err = await stage.run(*command, "--timeout-seconds", "0.4")
    assert code == 0, err
    assert "answers that still ran have been cut off: 1" in stage.log()
    return asking


async def test_the_newer_goes_on_after_a_restart(stage: Stage) -> None:
    asking = await cut_off(stage, "restart")
    assert "broke off: cc-proxy is being restarted" in stage.log()
    if "current" in str(stage.claude):
        assert await asking
        assert "was cut off" in str(stage.chats()[-1].body["messages"][-1])
    else:
        with pytest.raises(AssertionError, match="cc-proxy is being restarted"):
            await asking


@pytest.mark.parametrize("claude", ["older"], indirect=True)
async def test_the_older_shows_that_the_proxy_was_stopped(stage: Stage) -> None:
    asking = await cut_off(stage, "stop")
    with pytest.raises(AssertionError, match="cc-proxy was stopped before the model had finished"):
        await asking
