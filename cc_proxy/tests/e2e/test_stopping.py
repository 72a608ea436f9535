"""A proxy that is restarted in the middle of an answer: Claude Code asks again, and goes on."""

import asyncio

import pytest

from .conftest import Stage

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]


async def test_an_answer_that_a_restart_cuts_off_is_asked_for_again(stage: Stage) -> None:
    # The model hangs in the middle of its first try.
    turn = {"text": "All is well here.", "stall": True, "times": 1}
    asking = asyncio.create_task(stage.ask("How is it?", turns=[turn]))
    await stage.practice.wait_for(lambda record: bool(record.text), 60.0)
    code, _, err = await stage.run("restart", "--timeout-seconds", "0.4")
    assert code == 0, err
    assert "All is well here." in await asking
    log = stage.log()
    assert "answers that still ran have been cut off: 1" in log
    assert "broke off: cc-proxy was stopped before the model had finished" in log
