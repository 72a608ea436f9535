"""Calls come whole or not at all: cut or broken arguments are never made up for."""

from typing import Any

import pytest
from msgspec import Raw

from cc_proxy.app.chat.errors import UnreadableCallError
from cc_proxy.app.upstreams.openai.calls import CallCollector
from cc_proxy.app.upstreams.openai.completion import CallDelta, FunctionDelta
from cc_proxy.tests.upstreams.openai.answers import DONE, Answer, answer_of, event

BASH = ("Bash", {"command": "ls"})


def part(index: int | None, arguments: Any = None, name: str = "", **more: str) -> dict[str, Any]:
    function = {"name": name} if name else {}
    if arguments is not None:
        function["arguments"] = arguments
    return {"index": index, "function": function, **more}


def calls(*parts: dict[str, Any], reason: str = "tool_calls") -> Answer:
    events = [event({"tool_calls": [one]}) for one in parts]
    return answer_of(*events, event(finish_reason=reason), DONE)


@pytest.mark.parametrize(
    "parts",
    [
        [part(0, '{"command": "ls"}', "Bash")],
        [part(0, None, "Bash"), part(0, '{"comm'), part(0, 'and": "ls"}')],
        [part(0, "", "Bash", id="a"), part(0, '{"command":', "Bash", id="a"), part(0, ' "ls"}')],
        [part(None, '{"command": "ls"}', "Bash")],
        [part(0, {"command": "ls"}, "Bash")],
        [part(0, '"{\\"command\\": \\"ls\\"}"', "Bash")],
        [part(0, ' {"command": "ls"}\n', "Bash")],
    ],
)
def test_a_call_is_put_together(parts: list[dict[str, Any]]) -> None:
    assert calls(*parts).calls == [BASH]


def test_a_call_comes_the_moment_that_another_begins() -> None:
    first = event({"tool_calls": [part(0, '{"command": "ls"}', "Bash", id="a")]})
    second = event({"tool_calls": [part(1, "{", "Bash", id="b")]})
    assert answer_of(first, ends=False).calls == []
    assert answer_of(first, second, ends=False).calls == [BASH]
    assert answer_of(first, event({"content": "."}), ends=False).calls == [BASH]


def test_calls_that_come_mixed_are_told_apart() -> None:
    mixed = calls(
        part(0, '{"command":', "Bash"),
        part(1, '{"path":', "Read"),
        part(0, ' "ls"}'),
        part(1, ' "a"}'),
    )
    assert mixed.calls == [BASH, ("Read", {"path": "a"})]


@pytest.mark.parametrize("index", [0, None])
def test_calls_with_the_same_index_are_told_apart_by_their_ids(index: int | None) -> None:
    both = calls(
        part(index, '{"command": "ls"}', "Bash", id="a"),
        part(index, '{"path": "a"}', "Read", id="b"),
    )
    assert both.calls == [BASH, ("Read", {"path": "a"})]
    assert both.ids == ["a", "b"]


def test_text_in_the_middle_of_a_call_does_not_break_it() -> None:
    answer = answer_of(
        event({"tool_calls": [part(0, '{"command":', "Bash")]}),
        event({"content": "\n"}),
        event({"tool_calls": [part(0, ' "ls"}')]}),
        event(finish_reason="tool_calls"),
    )
    assert (answer.text, answer.calls) == ("\n", [BASH])


def test_a_call_without_arguments_has_none() -> None:
    assert calls(part(0, None, "Clear")).calls == [("Clear", {})]
    assert calls(part(0, "", "Clear")).calls == [("Clear", {})]
    assert calls(part(0, "null", "Clear")).calls == []


@pytest.mark.parametrize(
    ("arguments", "is_cut"),
    [
        ('{"command": "cat <<EOF\\nabc', True),
        ("{", True),
        ('{"command": "ls",}', False),
        ("{'command': 'ls'}", False),
        ("ls", False),
        ("[1]", False),
        ('"ls"', False),
        ("null", False),
        ('{"a": 1}}', False),
    ],
)
def test_arguments_that_are_no_object_are_an_error(arguments: str, *, is_cut: bool) -> None:
    answer = calls(part(0, arguments, "Bash"), reason="stop")
    assert isinstance(answer.trouble, UnreadableCallError)
    assert (answer.trouble.name, answer.trouble.arguments) == ("Bash", arguments)
    assert answer.trouble.is_cut is is_cut
    assert (answer.calls, answer.last) == ([], None)
    assert "command" not in str(answer.trouble)


def test_whole_calls_before_a_broken_one_are_made() -> None:
    answer = calls(part(0, '{"command": "ls"}', "Bash"), part(1, "{", "Bash"))
    assert answer.calls == [BASH]
    assert isinstance(answer.trouble, UnreadableCallError)


@pytest.mark.parametrize("arguments", [None, "", "{", '{"command": "l'])
def test_a_call_that_the_limit_has_cut_is_not_made(arguments: str | None) -> None:
    answer = calls(
        part(0, '{"command": "ls"}', "Bash"), part(1, arguments, "Bash"), reason="length"
    )
    assert (answer.calls, answer.trouble, answer.reason) == ([BASH], None, "length")


def test_a_late_part_that_adds_nothing_is_passed_over() -> None:
    answer = calls(part(0, '{"command": "ls"}', "Bash"), part(1, '{"a": 1}', "Read"), part(0, ""))
    assert answer.calls == [BASH, ("Read", {"a": 1})]


def test_arguments_without_a_name_are_no_call() -> None:
    assert isinstance(calls(part(0, "{}")).trouble, UnreadableCallError)


class CountedIndex(int):
    """A number that counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        CountedIndex.compared += 1
        return int(self) == other

    __hash__ = int.__hash__


def test_thousands_of_broken_calls_are_linear_work() -> None:
    collector = CallCollector()
    cut = FunctionDelta(name="Read", arguments=Raw(rb'"{\"file_path\":\"/a"'))
    deltas = [CallDelta(index=CountedIndex(n), id=f"c{n}", function=cut) for n in range(2_000)]
    assert collector.take(deltas) == []
    with pytest.raises(UnreadableCallError):
        collector.finish()
    assert CountedIndex.compared < 3 * len(deltas)
