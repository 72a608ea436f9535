"""Tools that come and go in the middle of a conversation: `tool_addition` and `tool_removal`.

The blocks are in system turns (beta mid-conversation-tool-changes-2026-07-01); SDK 2.14 writes
them for `add_tools` and `remove_tools`. An addition names a tool of the `tools` field, or defines
one. Tools are at the front of the prompt, so none is removed there again: what was removed is
said in words, and its calls are not looked for. A late definition follows all others.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.anthropic.requests import Block, Message

ADDITION = "tool_addition"
REMOVAL = "tool_removal"
_DEFINITION = "tool_definition"


class _Tool(msgspec.Struct, omit_defaults=True):
    type: str
    name: str | None = None
    definition: msgspec.Raw = msgspec.Raw(b"null")


class _Named(msgspec.Struct):
    name: str | None = None


@dataclass(frozen=True)
class ToolChange:
    """One tool after its last change: `definition` is its JSON, empty where `tools` has it."""

    name: str
    is_offered: bool
    definition: bytes = b""

    def block(self) -> Block:
        """Return the change as a block of the API's."""
        if self.is_offered and self.definition:
            tool = msgspec.json.encode(_Tool(_DEFINITION, definition=msgspec.Raw(self.definition)))
        else:
            tool = msgspec.json.encode({"type": "tool_reference", "name": self.name})
        return Block(type=ADDITION if self.is_offered else REMOVAL, tool=msgspec.Raw(tool))


def changed_tool(block: Block) -> str | None:
    """Return the name of the tool that a change is of, None for the tools of an MCP server.

    Raises:
        ApiError: 400 when the block names no tool.

    """
    return _changed(block)[0]


def tool_changes(messages: Iterable[Message]) -> tuple[ToolChange, ...]:
    """Return the last change of each tool, in the order in which they were first changed."""
    changes: dict[str, ToolChange] = {}
    for block in _change_blocks(messages):
        name, definition = _changed(block)
        if name is None:
            continue
        before = changes.get(name)
        definition = definition or (before.definition if before else b"")
        changes[name] = ToolChange(name, block.type == ADDITION, definition)
    return tuple(changes.values())


def with_definitions(tools: bytes, changes: Iterable[ToolChange]) -> bytes:
    """Return a `tools` field with what the conversation defines behind it, as if loaded late."""
    defined = [change.definition for change in changes if change.definition]
    if not defined:
        return tools
    try:
        declared = msgspec.json.decode(tools, type=list[msgspec.Raw] | None) or []
        late = [msgspec.json.decode(tool, type=dict[str, msgspec.Raw]) for tool in defined]
    except msgspec.DecodeError:
        # Said better by what reads the whole field.
        return tools
    marked = [tool | {"defer_loading": msgspec.Raw(b"true")} for tool in late]
    return msgspec.json.encode([*declared, *marked])


def _change_blocks(messages: Iterable[Message]) -> Iterator[Block]:
    for message in messages:
        if isinstance(message.content, str):
            continue
        for block in message.content:
            if block.type in {ADDITION, REMOVAL}:
                yield block
            elif block.type == "compaction":
                yield from block.tool_changes or ()


def _changed(block: Block) -> tuple[str | None, bytes]:
    try:
        tool = msgspec.json.decode(block.tool, type=_Tool)
        if tool.type != _DEFINITION:
            return (None if tool.type.startswith("mcp_") else tool.name), b""
        named = msgspec.json.decode(tool.definition, type=_Named)
    except msgspec.DecodeError as error:
        raise invalid_request(
            f"A content block of type {block.type}: expected a reference to a tool or a definition"
            " in `tool`, found neither."
        ) from error
    return named.name, bytes(tool.definition)
