"""Tool definitions, rendered once for as long as the client sends the same ones."""

from functools import lru_cache
from typing import Any

import msgspec

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.translate.schemas import plain


class Tool(msgspec.Struct):
    """A tool of the client. A `type` other than custom names a tool that a server must run."""

    name: str
    description: str = ""
    input_schema: dict[str, Any] | None = None
    type: str | None = None


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


@lru_cache(maxsize=64)
def tool_set(raw: bytes) -> ToolSet:
    """Translate a `tools` field; remembered by its bytes. Order is kept: it is in the prompt.

    Raises:
        ApiError: 400 when the field is not a list of tools.

    """
    try:
        tools = _decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise invalid_request(f"tools: expected a list of tool definitions: {error}.") from error
    if not tools:
        return _NONE
    kept = [tool for tool in tools if tool.input_schema is not None]
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
