"""A model that makes the same call again and again."""

import msgspec

from cc_proxy.app.translate.request.repetition import repeated_calls
from cc_proxy.app.upstreams.ollama.chat import CalledFunction, ChatMessage, ToolCall


def turns(*arguments: str) -> list[ChatMessage]:
    done = [ChatMessage(role="user", content="go")]
    for value in arguments:
        raw = msgspec.Raw(value.encode())
        call = ToolCall(function=CalledFunction(name="Read", arguments=raw))
        done.append(ChatMessage(role="assistant", content="", tool_calls=[call]))
        done.append(ChatMessage(role="tool", content="no"))
    return done


def test_the_same_call_three_times_in_a_row_is_noticed() -> None:
    (note,) = repeated_calls(turns("{}", '{"a":1}', '{"a":1}', '{"a":1}'))
    assert note == "the model has called Read 3 times in a row with the same arguments"


def test_twice_may_be_chance_and_other_arguments_are_another_call() -> None:
    assert repeated_calls(turns('{"a":1}', '{"a":1}')) == ()
    assert repeated_calls(turns('{"a":1}', '{"a":2}', '{"a":1}')) == ()
    assert repeated_calls(turns()) == ()


def test_the_person_s_words_begin_anew() -> None:
    again = [*turns("{}", "{}"), *turns("{}")]
    assert repeated_calls(again) == ()
