"""System turns between the others: without words, with an effort, and for one turn only."""

from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic.requests import Message, decode
from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.translate.request.build import chat_request
from cc_proxy.app.translate.request.content import ContentReader
from cc_proxy.app.translate.request.conversation import conversation

Json = dict[str, Any]

CLEARED = {"clear_at": "next_user_message"}
CALL = {"type": "tool_use", "id": "t1", "name": "Read", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "A"}


def turns(*messages: Json) -> list[tuple[str, Any]]:
    typed = msgspec.json.decode(msgspec.json.encode(messages), type=list[Message])
    return [
        (turn.role, turn.content) for turn in conversation("", typed, ContentReader(vision=False))
    ]


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


def assistant(content: Any) -> Json:
    return {"role": "assistant", "content": content}


def system(content: Any, **more: Any) -> Json:
    return {"role": "system", "content": content, **more}


def think(*messages: Json, family: str = "gptoss", **fields: Any) -> Any:
    body = {"model": "m", "max_tokens": 5, "messages": messages, **fields}
    model = ModelInfo(
        name="m",
        capabilities=frozenset({"completion", "thinking"}),
        max_context=None,
        modelfile_context=None,
        family=family,
    )
    target = Target(model=model, window=1000, keep_alive="30m")
    return chat_request(decode(msgspec.json.encode(body)), target).request.think


@pytest.mark.parametrize(
    "silent",
    [
        {"role": "system", "output_config": {"effort": "low"}},
        system([], output_config={"effort": "low"}),
        system(None, output_config={"effort": "low"}),
        system("", output_config={"effort": "low"}),
    ],
    ids=["no content", "an empty list", "null", "an empty string"],
)
def test_a_system_turn_without_words_renders_nothing(silent: Json) -> None:
    spoken = [user("hi"), assistant("yes"), user("so")]
    assert turns(*spoken, silent) == turns(*spoken)
    assert turns(user("hi"), silent) == turns(user("hi"))


def test_the_effort_of_the_last_system_turn_applies() -> None:
    low, high = (system([], output_config={"effort": effort}) for effort in ("low", "high"))
    thinks: Json = {"thinking": {"type": "adaptive"}}
    at_the_top: Json = {"output_config": {"effort": "medium"}} | thinks
    assert think(user("hi"), **at_the_top) == "medium"
    assert think(user("hi"), low, **at_the_top) == "low"
    assert think(user("hi"), low, assistant("yes"), user("so"), high, **at_the_top) == "high"
    words = (system("words"), system("x", output_config={}))
    assert think(user("hi"), high, *words, **thinks) == "high"


@pytest.mark.parametrize("content", [None, []])
def test_a_turn_without_content_keeps_its_place_between_the_others(content: Any) -> None:
    got = turns(user(content), assistant("yes"), user(content), assistant(content), user("so"))
    assert got == [
        ("user", ""),
        ("assistant", "yes"),
        ("user", ""),
        ("assistant", ""),
        ("user", "so"),
    ]
    assert turns(user("hi"), user(content)) == turns(user("hi"))


def test_a_reminder_for_one_turn_is_shown_at_its_end_and_gone_from_the_next() -> None:
    first = [user("go"), assistant([CALL]), user([RESULT])]
    reminded = turns(*first, system("Be quick.", **CLEARED))
    assert reminded[-1] == ("tool", "A\n\n<system-reminder>\nBe quick.\n</system-reminder>")
    later = [assistant("Done."), user("Thanks")]
    assert turns(*first, system("Be quick.", **CLEARED), *later) == turns(*first, *later)


def test_a_reminder_for_one_turn_stays_through_what_is_not_a_user_turn() -> None:
    shown = turns(user("go"), assistant("a"), user("b"), system("x", **CLEARED), system("y"))
    assert "x\n" in shown[-1][1]
    assert "y\n" in shown[-1][1]


def test_a_reminder_for_one_turn_leaves_all_that_stands_before_it_as_it_was() -> None:
    """What the model has read in front of the reminder need not be read again."""
    reminder = system("Be quick.", **CLEARED)
    (first,) = turns(user("go"), reminder)
    after = turns(user("go"), reminder, assistant("Done."), user("Thanks"))
    assert first == ("user", "go\n\n<system-reminder>\nBe quick.\n</system-reminder>")
    assert after[0] == ("user", "go")


def test_a_reminder_that_is_never_cleared_stays() -> None:
    stays = system("Be quick.", clear_at="never")
    assert turns(user("go"), assistant("a"), user("b"), stays, assistant("c"), user("d")) == turns(
        user("go"), assistant("a"), user("b"), system("Be quick."), assistant("c"), user("d")
    )
