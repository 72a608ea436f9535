"""Turns of the Messages API in, turns of Ollama out."""

from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.anthropic.requests import Message
from cc_proxy.app.translate.request.content import NO_VISION, ContentReader
from cc_proxy.app.translate.request.conversation import conversation

PNG = "iVBORw0KGgo="


def turns(
    *messages: dict[str, Any], system: str = "", vision: bool = False
) -> list[dict[str, Any]]:
    typed = msgspec.convert(list(messages), list[Message])
    done = conversation(system, typed, ContentReader(vision=vision))
    return [msgspec.json.decode(msgspec.json.encode(turn)) for turn in done]


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def call(call_id: str, name: str = "Read") -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": msgspec.Raw(b'{"a": 1}')}


def result(call_id: str, content: Any = "done", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


def test_a_string_and_one_text_block_render_alike_whatever_the_cache_control() -> None:
    as_string = turns(user("hi"))
    as_block = turns(user([text("hi", cache_control={"type": "ephemeral"})]))
    assert as_string == as_block == [{"role": "user", "content": "hi"}]


def test_the_system_prompt_comes_first() -> None:
    assert turns(user("hi"), system="Be kind.")[0] == {"role": "system", "content": "Be kind."}


def test_a_call_and_its_result_carry_id_name_and_arguments() -> None:
    got = turns(user("go"), assistant(text("Let me see."), call("t1")), user([result("t1", "A")]))
    assert got[1:] == [
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [{"id": "t1", "function": {"name": "Read", "arguments": {"a": 1}}}],
        },
        {"role": "tool", "content": "A", "tool_name": "Read", "tool_call_id": "t1"},
    ]


def test_results_out_of_order_are_put_in_the_order_of_the_calls() -> None:
    got = turns(
        user("go"),
        assistant(call("t1"), call("t2", "Grep")),
        user([result("t2", "second"), text("and?"), result("t1", "first")]),
    )
    assert [(t["role"], t["content"]) for t in got[2:]] == [
        ("tool", "first"),
        ("tool", "second"),
        ("user", "and?"),
    ]


def test_results_in_two_messages_both_stand_before_the_text_between_them() -> None:
    got = turns(
        user("go"),
        assistant(call("t1"), call("t2")),
        user([result("t1", "first"), text("wait")]),
        user([result("t2", "second")]),
    )
    assert [t["content"] for t in got[2:]] == ["first", "second", "wait"]


def test_a_result_whose_call_is_gone_is_kept_as_text() -> None:
    got = turns(user([result("lost", "the words")]))
    assert got == [{"role": "user", "content": "Result of an earlier tool call:\nthe words"}]


def test_an_error_of_a_tool_is_told_to_the_model() -> None:
    got = turns(user("go"), assistant(call("t1")), user([result("t1", "no file", is_error=True)]))
    assert got[-1]["content"] == "The tool reported an error:\nno file"


@pytest.mark.parametrize("content", [None, "", []])
def test_a_result_without_content_is_an_empty_string(content: Any) -> None:
    got = turns(user("go"), assistant(call("t1")), user([result("t1", content)]))
    assert got[-1]["content"] == ""


@pytest.mark.parametrize(
    ("before", "role", "start"),
    [
        ([user("go"), assistant(call("t1")), user([result("t1", "A")])], "tool", "A\n\n"),
        ([user("hi"), assistant(text("yes"))], "user", ""),
    ],
    ids=["after a tool result", "after an answer"],
)
def test_a_late_system_message_joins_the_turn_it_stands_after(
    before: list[dict[str, Any]], role: str, start: str
) -> None:
    got = turns(*before, {"role": "system", "content": "Mind the time."}, system="S")
    assert [t["role"] for t in got].count("system") == 1
    assert got[-1]["role"] == role
    assert got[-1]["content"] == (f"{start}<system-reminder>\nMind the time.\n</system-reminder>")


def test_what_the_client_says_of_the_folder_stands_before_the_first_words() -> None:
    reminder = text("<system-reminder>\nCommit like this.\n</system-reminder>")
    folder = {"role": "system", "content": "The folder is /a."}
    (turn,) = turns(user([reminder, text("Hi."), text("Look.")]), folder)
    assert turn["content"] == (
        "<system-reminder>\nCommit like this.\n</system-reminder>\n\n"
        "<system-reminder>\nThe folder is /a.\n</system-reminder>\n\nHi.\n\nLook."
    )


@pytest.mark.parametrize("words", ["Hi.", [text("Hi.")]], ids=["a string", "a block"])
def test_two_sessions_in_a_folder_differ_only_in_the_words(words: Any) -> None:
    folder = {"role": "system", "content": "The folder is /a."}
    (turn,) = turns(user(words), folder)
    assert turn["content"] == "<system-reminder>\nThe folder is /a.\n</system-reminder>\n\nHi."


def test_a_first_turn_without_words_keeps_its_place_before_the_system_message() -> None:
    reminder = text("<system-reminder>\none\n</system-reminder>")
    (turn,) = turns(user([reminder]), {"role": "system", "content": "two"})
    assert turn["content"].index("one") < turn["content"].index("two")


def test_what_was_sent_for_one_turn_is_a_prefix_of_what_is_sent_for_the_next() -> None:
    history = [
        user([text("go", cache_control={"type": "ephemeral"})]),
        {"role": "system", "content": [text("Reminder one")]},
        assistant(text("On it."), call("t1"), call("t2")),
        user([result("t2", "B"), result("t1", "A")]),
        {"role": "system", "content": "Reminder two"},
        assistant(call("t3")),
        user([result("t3", [text("C")]), text("Go on.")]),
        assistant(text("Done.")),
        user("Thanks"),
    ]
    ends = [i + 1 for i, m in enumerate(history) if m["role"] != "assistant"]
    complete = [e for e in ends if e == len(history) or history[e]["role"] == "assistant"]
    whole = turns(*history, system="S")
    for end in complete:
        part = turns(*history[:end], system="S")
        assert part == whole[: len(part)]


def test_thinking_goes_back_and_redacted_thinking_is_named_as_dropped() -> None:
    reader = ContentReader(vision=False)
    message = msgspec.convert(
        assistant(
            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
            {"type": "redacted_thinking", "data": "x"},
            text("Yes."),
        ),
        Message,
    )
    (turn,) = conversation("", [message], reader)
    assert (turn.thinking, turn.content) == ("Hm.", "Yes.")
    assert reader.dropped == {"redacted_thinking block": 1}


def test_text_that_a_call_interrupted_is_one_text_again() -> None:
    got = turns(user("go"), assistant(text("one "), call("t1"), text("two")))
    assert got[-1]["content"] == "one two"


def test_an_image_reaches_a_model_that_sees_and_is_named_to_one_that_does_not() -> None:
    image = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": PNG},
    }
    assert turns(user([image, text("what?")]), vision=True) == [
        {"role": "user", "content": "what?", "images": [PNG]}
    ]
    assert turns(user([image, text("what?")])) == [
        {"role": "user", "content": f"{NO_VISION}\n\nwhat?"}
    ]


def test_an_input_that_is_no_object_is_wrapped_since_ollama_refuses_it() -> None:
    broken = call("t1") | {"input": msgspec.Raw(b'"text"')}
    got = turns(user("go"), assistant(broken))
    assert got[-1]["tool_calls"][0]["function"]["arguments"] == {"input": "text"}


def test_an_unknown_role_is_refused_by_its_place() -> None:
    with pytest.raises(ApiError, match=r"messages\.1\.role: expected user.*'robot'"):
        turns(user("hi"), {"role": "robot", "content": "beep"})


def test_an_unknown_block_is_dropped_by_name() -> None:
    reader = ContentReader(vision=False)
    message = msgspec.convert(user([{"type": "hologram"}, text("hi")]), Message)
    (turn,) = conversation("", [message], reader)
    assert turn.content == "hi"
    assert reader.dropped == {"hologram block": 1}


def test_results_whose_calls_are_gone_keep_their_order() -> None:
    got = turns(user([result("a", "first"), result("b", "second"), text("and?")]))
    content = got[0]["content"]
    assert content.index("first") < content.index("second") < content.index("and?")


def test_a_turn_that_many_texts_join_is_not_copied_for_each() -> None:
    # One by one it would be two terabytes.
    said = [{"role": "system", "content": "x" * 1000}] * 60_000
    (done,) = turns(user("hi"), *said)
    assert done["content"].count("<system-reminder>") == 60_000
