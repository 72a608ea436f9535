"""Which tools the model is shown, and in which order."""

from typing import Any

import msgspec

from cc_proxy.app.translate.request.tools.definitions import PLACEHOLDER, tool_set


def declared(*names: str, deferred: tuple[str, ...] = ()) -> bytes:
    """Return a `tools` field with tools by their names, as the client sends it: in order."""
    tools = [
        {"name": name, "input_schema": {"type": "object"}}
        | ({"defer_loading": True} if name in deferred else {})
        for name in names
    ]
    return msgspec.json.encode(tools)


def shown(raw: bytes, *found: str) -> list[str]:
    tools: list[dict[str, Any]] = msgspec.json.decode(tool_set(raw, found).body)
    return [tool["function"]["name"] for tool in tools]


def test_the_order_of_the_client_is_kept() -> None:
    assert shown(declared("Write", "Bash", "Read")) == ["Write", "Bash", "Read"]


def test_a_tool_that_was_found_stands_after_all_that_stood_before() -> None:
    first = declared("Bash", "Edit", "TaskStop", "ToolSearch", deferred=("TaskStop",))
    second = declared(
        "Bash", "CronList", "Edit", "TaskStop", "ToolSearch", deferred=("TaskStop", "CronList")
    )
    assert shown(first, "TaskStop") == ["Bash", "Edit", "ToolSearch", "TaskStop"]
    assert shown(second, "TaskStop", "CronList") == [*shown(first, "TaskStop"), "CronList"]


def test_a_deferred_tool_whose_finding_was_compacted_away_stands_before_those_found_later() -> None:
    raw = declared("Alpha", "Bash", "Zeta", deferred=("Alpha", "Zeta"))
    assert shown(raw, "Alpha") == ["Bash", "Zeta", "Alpha"]


def test_the_placeholder_of_tool_search_is_not_shown() -> None:
    raw = declared("Bash", PLACEHOLDER, "Write", deferred=(PLACEHOLDER,))
    assert shown(raw) == ["Bash", "Write"]
    assert set(tool_set(raw).schemas) == {"Bash", "Write"}
    assert tool_set(declared(PLACEHOLDER, deferred=(PLACEHOLDER,))).body == b""
