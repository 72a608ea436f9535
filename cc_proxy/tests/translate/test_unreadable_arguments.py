"""Arguments that are not a JSON object are read where they have one reading, and never made up."""

from typing import Any

import msgspec
import pytest

from cc_proxy.app.chat.errors import UnreadableCallError, UpstreamBrokeError
from cc_proxy.app.translate.answer.retry.unreadable_call import read_from_error, unreadable_call
from cc_proxy.app.translate.rescue.formats.source import finished

SCHEMAS: dict[str, dict[str, Any]] = {
    "Bash": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
}


def calls(name: str, arguments: str, *, is_cut: bool = False) -> list[tuple[str, Any]]:
    call = unreadable_call(UnreadableCallError(name, arguments, is_cut=is_cut))
    assert call is not None
    assert call.cut is is_cut
    return [
        (found.name, msgspec.json.decode(found.arguments))
        for found in finished(read_from_error(call, SCHEMAS))
    ]


@pytest.mark.parametrize(
    "arguments",
    ["{'command': 'ls'}", '{"command": "ls",}', "{command: 'ls'}"],
)
def test_broken_arguments_with_one_reading_are_read(arguments: str) -> None:
    assert calls("Bash", arguments) == [("Bash", {"command": "ls"})]


@pytest.mark.parametrize(
    ("arguments", "is_cut"),
    [('{"command": "cat <<EOF\\nabc', True), ("{", True), ("ls", False), ("", False)],
)
def test_cut_arguments_are_no_call(arguments: str, *, is_cut: bool) -> None:
    assert calls("Bash", arguments, is_cut=is_cut) == []


def test_an_error_of_another_kind_says_nothing_of_a_call() -> None:
    assert unreadable_call(UpstreamBrokeError("error parsing tool call: raw='{', err=")) is None
