"""Titles: side requests for JSON by a schema, with nonessential traffic on."""

import json
from typing import Any

import pytest

from .conftest import Stage
from .terminal import ANSWER, claude_at_its_prompt

pytestmark = pytest.mark.claude

# What the practice model writes where a schema wants text.
TITLE = "Practice session"
PROMPT = f"Plan the garden. [practice: {json.dumps([{'text': 'It is planned.'}])}]"


@pytest.mark.parametrize("claude", ["older"], indirect=True)
async def test_the_first_prompt_gives_the_session_its_title(stage: Stage) -> None:
    stage.more_environment["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "0"
    async with claude_at_its_prompt(stage) as terminal:
        await terminal.enter(PROMPT)
        await terminal.until(f"{ANSWER} It is planned.")
        await terminal.settled()
        assert TITLE in terminal.title
    check_the_request(stage, "title")


@pytest.mark.parametrize("claude", ["current"], indirect=True)  # it asks only when told to
async def test_a_session_is_renamed_by_the_model(stage: Stage) -> None:
    stage.more_environment["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "0"
    async with claude_at_its_prompt(stage) as terminal:
        await terminal.enter(PROMPT)
        await terminal.until(f"{ANSWER} It is planned.")
        await terminal.enter("/rename")
        await terminal.until(f"Session renamed to: {TITLE}")
    check_the_request(stage, "name")


def check_the_request(stage: Stage, field: str) -> None:
    (asked,) = [record for record in stage.chats() if "format" in record.body]
    schema: dict[str, Any] = asked.body["format"]
    assert schema["properties"].keys() == {field}
    assert "tools" not in asked.body
    assert json.loads(asked.text) == {field: TITLE}
    # It must not cost the conversation its place: the window is the same, nothing is loaded anew.
    assert {record.num_ctx for record in stage.chats()} == {65_536}
    assert "left out on purpose" not in stage.log()
