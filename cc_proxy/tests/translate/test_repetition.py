"""A model that makes the same call again and again."""

import copy

import msgspec

from cc_proxy.app.chat.messages import CalledFunction, ChatMessage, ToolCall
from cc_proxy.app.translate.request.repetition import note_repeated_calls, repeated_calls


def turns(*arguments: str) -> list[ChatMessage]:
    done = [ChatMessage(role="user", content="go")]
    for value in arguments:
        raw = msgspec.Raw(value.encode())
        call = ToolCall(function=CalledFunction(name="Read", arguments=raw))
        done.append(ChatMessage(role="assistant", content="", tool_calls=[call]))
        done.append(ChatMessage(role="tool", content="no"))
    return done


def test_the_same_call_three_times_in_a_row_is_noticed() -> None:
    (note,) = repeated_calls(turns("{}", '{"a":1}', '{"a":1}', '{"a":1}'), {"Read"})
    assert note == "the model has called Read 3 times in a row with the same arguments"


def test_twice_may_be_chance_and_other_arguments_are_another_call() -> None:
    assert repeated_calls(turns('{"a":1}', '{"a":1}'), {"Read"}) == ()
    assert repeated_calls(turns('{"a":1}', '{"a":2}', '{"a":1}'), {"Read"}) == ()
    assert repeated_calls(turns(), {"Read"}) == ()


def test_the_person_s_words_begin_anew() -> None:
    again = [*turns("{}", "{}"), *turns("{}")]
    assert repeated_calls(again, {"Read"}) == ()


SCHEMAS = {
    "Read": {
        "properties": {
            "file_path": {"type": "string", "description": "The path.\nMore of it."},
            "limit": {"type": ["integer", "null"]},
        },
        "required": ["file_path"],
    }
}


def results(done: list[ChatMessage]) -> list[str]:
    return [str(turn.content) for turn in done if turn.role == "tool"]


def test_the_second_and_the_third_result_in_vain_say_so_and_describe_the_tool() -> None:
    done = turns('{"a":1}', '{"a":1}', '{"a":1}')
    assert note_repeated_calls(done, SCHEMAS) == "Read"
    first, second, third = results(done)
    assert first == "no"
    assert "this call of Read 2 times in a row" in second
    assert "3 times in a row" in third
    assert "Read takes: file_path (string, required): The path.; limit (integer or null," in third


def test_other_arguments_or_another_result_get_no_note() -> None:
    done = turns('{"a":1}', '{"a":2}', '{"a":2}')
    done[-1].content = "yes"
    assert note_repeated_calls(done, SCHEMAS) is None
    assert results(done) == ["no", "no", "yes"]


def test_the_same_error_of_a_tool_is_the_same_whatever_the_arguments() -> None:
    done = turns('{"a":1}', '{"a":2}')
    for turn in done:
        if turn.role == "tool":
            turn.content = "The tool reported an error:\nInputValidationError: file_path is missing"
    assert note_repeated_calls(done, SCHEMAS) == "Read"
    assert results(done)[1].count("InputValidationError") == 1


def test_a_note_is_the_same_when_the_conversation_goes_on() -> None:
    short = turns('{"a":1}', '{"a":1}')
    longer = [*copy.deepcopy(short), *turns('{"a":2}')]
    note_repeated_calls(short, SCHEMAS)
    assert note_repeated_calls(longer, SCHEMAS) is None
    assert longer[: len(short)] == short
