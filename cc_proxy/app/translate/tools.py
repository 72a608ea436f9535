"""Tool definitions, rendered once for as long as the client sends the same ones.

With tool search the client declares some of its tools only once the model has asked for them, and
puts them in between the others by name. Here they stand after the others, in the order in which
they were found: so every tool that the model has read stays where it was.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.anthropic.requests import Block, Message
from cc_proxy.app.translate.schemas import plain

# Claude Code 2.1.330 sends it so that tool search stays on at the API; no model may call it.
PLACEHOLDER = "DeferredToolPlaceholder"


class Tool(msgspec.Struct):
    """A tool of the client. A `type` other than custom names a tool that a server must run.

    `defer_loading`: it is found by tool search.
    """

    name: str
    description: str = ""
    input_schema: dict[str, Any] | None = None
    type: str | None = None
    defer_loading: bool | None = None


class _Function(msgspec.Struct):
    name: str
    description: str
    parameters: dict[str, Any]


class _OllamaTool(msgspec.Struct):
    function: _Function
    type: str = "function"


class ToolSet(msgspec.Struct, frozen=True):
    """The tools of a request: Ollama's JSON array of them, their schemas, and what was left out."""

    body: bytes
    schemas: dict[str, dict[str, Any]]
    left_out: tuple[str, ...] = ()


_decoder = msgspec.json.Decoder(list[Tool] | None)
_NONE = ToolSet(body=b"", schemas={})


def found_tools(messages: Iterable[Message]) -> tuple[str, ...]:
    """Return the names that tool search has found in a conversation, the earliest first."""
    references = (
        block.tool_name
        for message in messages
        if not isinstance(message.content, str)
        for block in _references(message.content)
    )
    return tuple(dict.fromkeys(name for name in references if name))


@lru_cache(maxsize=64)
def tool_set(raw: bytes, found: tuple[str, ...] = ()) -> ToolSet:
    """Translate a `tools` field; remembered by its bytes.

    The order is kept, as it is in the prompt; but tools that tool search loads come last, those
    that are `found` in the order of their names there.

    Raises:
        ApiError: 400 when the field is not a list of tools.

    """
    try:
        tools = _decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise invalid_request(f"tools: expected a list of tool definitions: {error}.") from error
    if not tools:
        return _NONE
    kept = _in_order([tool for tool in tools if tool.input_schema is not None], found)
    left_out = tuple(tool.name for tool in tools if tool.input_schema is None)
    if not kept:
        return ToolSet(body=b"", schemas={}, left_out=left_out)
    schemas = {tool.name: tool.input_schema or {} for tool in kept}
    body = msgspec.json.encode(
        [
            _OllamaTool(_Function(tool.name, tool.description, plain(schemas[tool.name])))
            for tool in kept
        ]
    )
    return ToolSet(body=body, schemas=schemas, left_out=left_out)


def _references(content: list[Block]) -> Iterator[Block]:
    for block in content:
        if block.type == "tool_reference":
            yield block
        elif isinstance(block.content, list):
            yield from _references(block.content)


def _in_order(tools: list[Tool], found: tuple[str, ...]) -> list[Tool]:
    """Sort is stable: what has no place of its own stays in the order of the client."""
    places = {name: place for place, name in enumerate(found, 1)}
    deferred = [tool for tool in tools if tool.defer_loading and tool.name != PLACEHOLDER]
    return [
        *(tool for tool in tools if not tool.defer_loading),
        *sorted(deferred, key=lambda tool: places.get(tool.name, 0)),
    ]
