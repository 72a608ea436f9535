"""The client's own words to the model stand before the person's."""

from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic.requests import Message
from cc_proxy.app.translate.request.content import ContentReader
from cc_proxy.app.translate.request.conversation import conversation

FOLDER = {"role": "system", "content": "the folder"}


def reminder(words: str) -> dict[str, Any]:
    return {"type": "text", "text": f"<system-reminder>\n{words}\n</system-reminder>"}


def words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def turns(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    done = conversation(
        "", msgspec.convert(list(messages), list[Message]), ContentReader(vision=False)
    )
    return [msgspec.json.decode(msgspec.json.encode(turn)) for turn in done]


def order(text: str, *parts: str) -> list[str]:
    return sorted(parts, key=text.index)


# Recorded from Claude Code 2.1.330 and 2.1.332: a prompt that mentions a file with an @.
READ = reminder('Called the Read tool with the following input: {"file_path":"/a/data.txt"}')
RESULT = reminder("Result of calling the Read tool:\n1\tsome notes here")
COMMITS = reminder("Attribution for git commits")
ASKED = words("Look at @data.txt")


@pytest.mark.parametrize(
    "first",
    [
        user(READ, RESULT, COMMITS, ASKED),
        user(ASKED, READ, RESULT, COMMITS),
        user(COMMITS, ASKED, READ, RESULT),
    ],
)
def test_a_mentioned_file_stands_behind_what_every_session_begins_with(first: Any) -> None:
    (turn,) = turns(first, FOLDER)
    parts = ("Attribution", "the folder", "Called the Read", "some notes", "Look at @data")
    assert order(turn["content"], *parts) == list(parts)


def test_a_mentioned_file_may_come_in_a_message_of_its_own() -> None:
    mentioned = {"role": "user", "content": READ["text"]}
    (turn,) = turns(mentioned, user(RESULT, COMMITS, ASKED), FOLDER)
    parts = ("Attribution", "the folder", "Called the Read", "some notes", "Look at @data")
    assert order(turn["content"], *parts) == list(parts)


def test_two_sessions_that_mention_other_files_begin_alike() -> None:
    (one,) = turns(user(READ, RESULT, COMMITS, ASKED), FOLDER)
    (other,) = turns(user(COMMITS, words("Hello.")), FOLDER)
    shared = other["content"].partition("Hello.")[0]
    assert one["content"].startswith(shared)
    assert "the folder" in shared


def test_a_later_system_message_stands_before_the_words_that_came_with_it() -> None:
    answer = {"role": "assistant", "content": "yes"}
    *_, turn = turns(user(words("hi")), answer, user(words("so")), FOLDER)
    assert order(turn["content"], "the folder", "so") == ["the folder", "so"]


def test_results_stay_before_the_system_message_and_words_behind_it() -> None:
    call = {"type": "tool_use", "id": "t1", "name": "Read", "input": msgspec.Raw(b"{}")}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "a"}
    called = {"role": "assistant", "content": [call]}
    done = turns(user(words("hi")), called, user(result, words("and so?")), FOLDER)
    assert [turn["role"] for turn in done[2:]] == ["tool", "user"]
    assert done[2]["content"].startswith("a")
    assert done[3]["content"] == "and so?"
    assert "the folder" in done[2]["content"]


def test_each_turn_stays_as_it_is_when_the_conversation_goes_on() -> None:
    answer = {"role": "assistant", "content": "yes"}
    messages = [user(READ, COMMITS, ASKED), FOLDER, answer, user(words("so")), FOLDER]
    short = turns(*messages[:2])
    assert turns(*messages)[: len(short)] == short
