"""`/context`: the client counts each part of its prompt, and no model is asked for that."""

import re

import pytest

from .conftest import Stage
from .terminal import claude_at_its_prompt

pytestmark = pytest.mark.claude

WHOLE = re.compile(r"([\d.]+)k/65\.5k tokens \((\d+)%\)")
# 2.1.332 leaves out the word.
PART = re.compile(r"(System prompt|System tools|Messages): ([\d.]+k?) (?:tokens )?\(")


async def test_the_view_of_the_context_has_numbers_and_asks_no_model(stage: Stage) -> None:
    async with claude_at_its_prompt(stage) as terminal:
        await terminal.enter("/context")
        await terminal.until("Free space:")
        await terminal.settled()
        text = terminal.text
    whole = WHOLE.search(text)
    assert whole, text
    assert 8 < float(whole[1]) < 30
    assert abs(float(whole[1]) / 65.5 * 100 - int(whole[2])) <= 1
    parts = dict(PART.findall(text))
    assert parts.keys() == {"System prompt", "System tools", "Messages"}
    assert 1 < float(parts["System prompt"].removesuffix("k")) < 5
    assert 5 < float(parts["System tools"].removesuffix("k")) < 25
    assert stage.chats() == []
    assert "status=" not in stage.log()
