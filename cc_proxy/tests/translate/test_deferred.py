"""Tools of tool search: a stub in front from the start, the definition where it was found."""

from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic.requests import Message, decode
from cc_proxy.app.chat.messages import CalledFunction
from cc_proxy.app.chat.models import unknown_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.translate.answer.repaired_call import repaired_call
from cc_proxy.app.translate.request.build import TranslatedRequest, chat_request
from cc_proxy.app.translate.request.tools.deferred import announced, found_tools, unwrapped
from cc_proxy.tests.wire_body import wire_body

ANNOUNCEMENT = (
    "The following deferred tools are now available via ToolSearch. Their schemas are NOT loaded:\n"
    "CronList\nTaskStop: when a task has to end\nmcp__heron__nest\n\nAgent types:\n- Explore"
)
TASK_STOP = {
    "name": "TaskStop",
    "description": "Stops a task.",
    "input_schema": {"type": "object", "properties": {"task_id": {"type": "integer"}}},
    "defer_loading": True,
}
CRON_LIST = {
    "name": "CronList",
    "description": "Lists jobs.",
    "input_schema": {"type": "object", "properties": {}, "additionalProperties": False},
    "defer_loading": True,
}
LATE = {"name": "late", "input_schema": {"type": "object"}, "defer_loading": True}
Turn = dict[str, Any]


def messages(*turns: Turn) -> list[Message]:
    return msgspec.json.decode(msgspec.json.encode(turns), type=list[Message])


def tool(name: str) -> dict[str, Any]:
    return {"name": name, "description": name, "input_schema": {"type": "object"}}


def found(call_id: str, *names: str) -> list[Turn]:
    """Return a search and its result, as the client sends them."""
    references = [{"type": "tool_reference", "tool_name": name} for name in names]
    call = {"type": "tool_use", "id": call_id, "name": "ToolSearch", "input": {"query": "q"}}
    result = {"type": "tool_result", "tool_use_id": call_id, "content": references}
    return [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]


def opening(announcement: str = ANNOUNCEMENT) -> list[Turn]:
    return [{"role": "user", "content": "Go."}, {"role": "system", "content": announcement}]


def translated(
    history: list[Turn], *deferred: dict[str, Any], search: bool = True
) -> TranslatedRequest:
    # The client puts what it has loaded between the others, by name.
    tools = [tool("Bash"), *deferred, *([tool("ToolSearch")] if search else []), tool("Write")]
    raw = {"model": "m", "messages": history, "tools": tools}
    request = decode(msgspec.json.encode(raw))
    return chat_request(request, Target(unknown_model("m"), 65536, "30m"))


def names(done: TranslatedRequest) -> list[str]:
    assert isinstance(done.request.tools, msgspec.Raw)
    tools: list[dict[str, Any]] = msgspec.json.decode(done.request.tools)
    return [declared["function"]["name"] for declared in tools]


def test_names_are_read_from_what_the_client_says_before_the_first_call() -> None:
    expected = ("CronList", "TaskStop", "mcp__heron__nest")
    reminder = f"<system-reminder>\n{ANNOUNCEMENT}\n</system-reminder>"
    told: list[Turn] = [
        {"role": "system", "content": ANNOUNCEMENT},
        {"role": "system", "content": [{"type": "text", "text": ANNOUNCEMENT}]},
        {"role": "user", "content": [{"type": "text", "text": reminder}]},
    ]
    for message in told:
        assert announced(messages(message)) == expected


def test_what_a_person_quotes_or_what_comes_later_announces_nothing() -> None:
    quoted = {"role": "user", "content": ANNOUNCEMENT}
    later = [*found("toolu_1", "Alpha"), {"role": "system", "content": ANNOUNCEMENT}]
    assert announced(messages(quoted, *later)) == ()


def test_an_answer_without_a_call_does_not_end_the_start() -> None:
    # After /compact and a resume 2.1.197 announces them behind "No response requested.".
    answer = {"role": "assistant", "content": [{"type": "text", "text": "No response requested."}]}
    assert "CronList" in announced(messages(answer, {"role": "system", "content": ANNOUNCEMENT}))


def test_after_compaction_the_tools_are_named_behind_the_turns_that_were_kept() -> None:
    summary = "This session is being continued from a previous conversation. It was about herons."
    start = messages({"role": "user", "content": [{"type": "text", "text": summary}]})
    kept = messages(*found("toolu_1", "Alpha"), {"role": "system", "content": ANNOUNCEMENT})
    more = messages(*found("toolu_2", "Beta"), {"role": "system", "content": "deferred: x"})
    late = messages({"role": "system", "content": ANNOUNCEMENT.replace("CronList", "Late")})
    names = ("CronList", "TaskStop", "mcp__heron__nest")
    assert announced([*start, *kept]) == names
    # What is named later still would change the front.
    assert announced([*start, *kept, *more, *late]) == names


def test_at_most_64_tools_have_a_stub() -> None:
    lines = "\n".join(f"tool_{number}" for number in range(200))
    message = Message("system", f"The following deferred tools are now available:\n{lines}")
    assert announced([message]) == tuple(f"tool_{number}" for number in range(64))


def test_loading_a_tool_leaves_all_that_stood_before_as_it_was() -> None:
    history = opening()
    before = translated(history)
    history += found("toolu_1", "TaskStop")
    once = translated(history, TASK_STOP)
    history += found("toolu_2", "CronList", "TaskStop")
    twice = translated(history, CRON_LIST, TASK_STOP)
    assert names(before) == [
        "Bash",
        "ToolSearch",
        "Write",
        "CronList",
        "TaskStop",
        "mcp__heron__nest",
    ]
    assert before.request.tools == once.request.tools == twice.request.tools
    assert once.request.messages[: len(before.request.messages)] == before.request.messages
    assert twice.request.messages[: len(once.request.messages)] == once.request.messages
    assert not twice.notes


def test_the_definition_stands_where_the_tool_was_found_and_only_once() -> None:
    history = [*opening(), *found("toolu_1", "TaskStop"), *found("toolu_2", "TaskStop")]
    first, again = (m for m in translated(history, TASK_STOP).request.messages if m.role == "tool")
    assert first.content == (
        "The tool TaskStop can be used now.\n"
        '<function>{"description":"Stops a task.","name":"TaskStop","parameters":'
        '{"type":"object","properties":{"task_id":{"type":"integer"}}}}</function>'
    )
    assert again.content == "The tool TaskStop can be used now."


def test_a_tool_that_was_not_announced_is_declared_last_and_the_log_says_so_once() -> None:
    history = [*opening(), *found("toolu_1", "late")]
    done = translated(history, LATE)
    assert names(done)[-1] == "late"
    assert [note for note in done.notes if "loaded late: declared in front" in note]
    history += [{"role": "assistant", "content": "Hm."}, {"role": "user", "content": "And?"}]
    assert not translated(history, LATE).notes


def test_what_was_loaded_before_a_compaction_is_declared_in_full() -> None:
    done = translated(opening(), TASK_STOP)
    assert names(done)[3:] == ["CronList", "mcp__heron__nest", "TaskStop"]
    assert b"Stops a task." in wire_body(done)
    assert not done.notes


def test_without_the_search_tool_there_are_no_stubs() -> None:
    assert names(translated(opening(), search=False)) == ["Bash", "Write"]


def test_a_tool_that_is_declared_in_full_has_no_stub() -> None:
    assert names(translated(opening(), tool("CronList"))).count("CronList") == 1


@pytest.mark.parametrize(
    ("written", "given"),
    [
        (b'{"task_id": "5"}', b'{"task_id":5}'),
        (b'{"arguments": {"task_id": "5"}}', b'{"task_id":5}'),
        (b'{"arguments": "{\\"task_id\\": 5}"}', b'{"task_id":5}'),
    ],
)
def test_a_loaded_tool_is_called_with_its_own_arguments(written: bytes, given: bytes) -> None:
    rules = translated([*opening(), *found("toolu_1", "TaskStop")], TASK_STOP).rules
    call = CalledFunction(name="taskstop", arguments=msgspec.Raw(written))
    name, arguments, _ = repaired_call(call, rules)
    assert (name, arguments) == ("TaskStop", given)


def test_a_tool_without_arguments_gets_none_from_the_place_that_its_stub_has() -> None:
    rules = translated([*opening(), *found("toolu_1", "CronList")], CRON_LIST).rules
    call = CalledFunction(name="CronList", arguments=msgspec.Raw(b'{"arguments": {}}'))
    assert repaired_call(call, rules) == ("CronList", b"{}", [])


def test_the_call_of_a_tool_that_was_not_loaded_goes_to_the_client() -> None:
    call = CalledFunction(name="TaskStop", arguments=msgspec.Raw(b'{"arguments":{"task_id":"5"}}'))
    rules = translated(opening()).rules
    assert repaired_call(call, rules) == ("TaskStop", b'{"task_id":"5"}', [])


def test_an_argument_of_its_own_with_the_name_of_the_place_is_left_alone() -> None:
    schema = {"type": "object", "properties": {"arguments": {"type": "object"}}}
    assert unwrapped(b'{"arguments": {"a": 1}}', schema) == b'{"arguments": {"a": 1}}'


def test_a_choice_of_any_tool_is_one_of_those_that_are_defined() -> None:
    tools = [tool("Bash"), tool("ToolSearch")]
    raw = {"model": "m", "messages": opening(), "tools": tools, "tool_choice": {"type": "any"}}
    request = decode(msgspec.json.encode(raw))
    done = chat_request(request, Target(unknown_model("m"), 65536, "30m"))
    assert done.rules.must_call == {"Bash", "ToolSearch"}


def test_found_tools_are_named_once_in_the_order_of_their_finding() -> None:
    history = [
        *found("toolu_1", "TaskStop", "CronList"),
        *found("toolu_2", "Alpha"),
        *found("toolu_3", "TaskStop"),
    ]
    assert found_tools(messages(*history)) == ("TaskStop", "CronList", "Alpha")
