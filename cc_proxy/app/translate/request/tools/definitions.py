"""Tool definitions, rendered once for as long as the client sends the same ones.

With tool search the client declares some of its tools only once the model has asked for them, and
puts them in between the others by name. Here those that it named at the start have a stub after
the others (`deferred.py`), and the rest is at the end, in the order in which it was
found: so every tool that the model has read stays where it was.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.byte_cache import ByteCache, json_bytes, text_bytes
from cc_proxy.app.translate.request.schemas import Room, plain, with_requirements
from cc_proxy.app.translate.request.tools.deferred import (
    STUB_DESCRIPTION,
    STUB_SCHEMA,
    TOOL_SEARCH,
    definition,
)

# Claude Code 2.1.330 sends it so that tool search stays on at the API; no model may call it.
PLACEHOLDER = "DeferredToolPlaceholder"


class Tool(msgspec.Struct):
    """A tool of the client. A `type` other than custom names a tool that a server must run.

    `defer_loading`: it is found by tool search. A toolset has no name: `mcp_toolset`,
    `browser_toolset_20260801`, `computer_toolset_20260801`.
    """

    name: str = ""
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    type: str | None = None
    defer_loading: bool | None = None


class _Function(msgspec.Struct):
    name: str
    description: str
    parameters: Mapping[str, Any]


class _OllamaTool(msgspec.Struct):
    function: _Function
    type: str = "function"


class ToolSet(msgspec.Struct, frozen=True):
    """The tools of a request: Ollama's JSON array of them, their schemas, and what was left out.

    `stubs` are in the array without their schemas; `definitions` says what those are that were
    loaded. `late` were loaded and have no stub.
    """

    body: bytes
    schemas: dict[str, dict[str, Any]]
    left_out: tuple[str, ...] = ()
    stubs: frozenset[str] = frozenset()
    definitions: dict[str, str] = {}
    late: frozenset[str] = frozenset()


CACHE_BYTES = 64 * 1024 * 1024

_decoder = msgspec.json.Decoder(list[Tool] | None)
_NONE = ToolSet(body=b"", schemas={})
_Key = tuple[bytes, tuple[str, ...], tuple[str, ...]]


def _held_by(key: _Key, value: ToolSet) -> int:
    raw, found, announced = key
    texts = text_bytes(*found, *announced, value.body, *value.definitions.values())
    return len(raw) + json_bytes(raw) + texts


_sets: ByteCache[_Key, ToolSet] = ByteCache(CACHE_BYTES, _held_by)


def tool_set(raw: bytes, found: tuple[str, ...] = (), announced: tuple[str, ...] = ()) -> ToolSet:
    """Translate a `tools` field; remembered by its bytes.

    The order is kept, as it is in the prompt. Then come stubs of the tools that were `announced`
    for tool search, then what it loads beside them, in the order of the names in `found`.

    Raises:
        ApiError: 400 when the field is not a list of tools.

    """
    key = (raw, found, announced)
    known = _sets.get(key)
    if known is None:
        known = _tool_set(raw, found, announced)
        _sets.put(key, known)
    return known


def _tool_set(raw: bytes, found: tuple[str, ...], announced: tuple[str, ...]) -> ToolSet:
    try:
        tools = _decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise invalid_request(f"tools: expected a list of tool definitions: {error}.") from error
    except RecursionError as error:
        # Python 3.14 passes over what is deeper than it can then take apart.
        raise invalid_request("tools: a definition is nested too deeply.") from error
    if not tools:
        return _NONE
    for place, tool in enumerate(tools):
        if not tool.name and not tool.type:
            raise invalid_request(f"tools.{place}.name: expected the name of the tool, found none.")
    left_out = tuple(tool.name or tool.type or "" for tool in tools if not _can_be_called(tool))
    kept = [tool for tool in tools if _can_be_called(tool) and tool.name != PLACEHOLDER]
    plainly = [tool for tool in kept if not tool.defer_loading]
    loaded = [tool for tool in kept if tool.defer_loading]
    stubs = _stubs(announced, plainly, loaded, found)
    # What is declared in front already is only told anew.
    in_front = {*stubs, *(tool.name for tool in plainly)}
    late = _in_order([tool for tool in loaded if tool.name not in in_front], found)
    loaded = [tool for tool in loaded if tool.name in in_front]
    room = Room()
    declared = [
        *(_translated(tool, room) for tool in plainly),
        *(_OllamaTool(_Function(name, STUB_DESCRIPTION, STUB_SCHEMA)) for name in stubs),
        *(_translated(tool, room) for tool in late),
    ]
    if not declared:
        return ToolSet(body=b"", schemas={}, left_out=left_out)
    return ToolSet(
        body=msgspec.json.encode(declared),
        schemas=_schemas(plainly) | {name: {} for name in stubs} | _schemas([*loaded, *late]),
        left_out=left_out,
        stubs=frozenset(stubs),
        definitions={
            tool.name: definition(
                tool.name, tool.description or "", plain(tool.input_schema or {}, room)
            )
            for tool in loaded
        },
        late=frozenset(tool.name for tool in late),
    )


def without(tools: ToolSet, names: frozenset[str]) -> ToolSet:
    """Return the tools with some of them not offered any more; they stay where they are read."""
    kept = {name: schema for name, schema in tools.schemas.items() if name not in names}
    return msgspec.structs.replace(tools, schemas=kept) if names else tools


def _stubs(
    announced: tuple[str, ...], plainly: list[Tool], loaded: list[Tool], found: tuple[str, ...]
) -> list[str]:
    """Return the names of tools whose definition is, or will be, told where they are found.

    What has been loaded and was found nowhere was so before the conversation was compacted.
    """
    names = {tool.name for tool in plainly}
    if TOOL_SEARCH not in names:
        return []
    names.update({tool.name for tool in loaded}.difference(found))
    return [name for name in announced if name not in names]


def _can_be_called(tool: Tool) -> bool:
    return bool(tool.name) and tool.input_schema is not None


def _translated(tool: Tool, room: Room) -> _OllamaTool:
    parameters, requirements = with_requirements(tool.input_schema or {}, room)
    description = " ".join(filter(None, [tool.description, requirements]))
    return _OllamaTool(_Function(tool.name, description, parameters))


def _schemas(tools: Iterable[Tool]) -> dict[str, dict[str, Any]]:
    return {tool.name: tool.input_schema or {} for tool in tools}


def _in_order(tools: Iterable[Tool], found: tuple[str, ...]) -> list[Tool]:
    """Sort is stable: what has no place of its own stays in the order of the client."""
    places = {name: place for place, name in enumerate(found, 1)}
    return sorted(tools, key=lambda tool: places.get(tool.name, 0))
