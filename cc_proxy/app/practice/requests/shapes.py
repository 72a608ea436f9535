"""The Go types of Ollama's requests, and the error for a value of another type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cc_proxy.app.practice.wire import WireError


@dataclass(frozen=True)
class Shape:
    """A Go type: its name in errors, the JSON kind it takes, and what is inside."""

    go: str
    kind: str
    fields: "Mapping[str, Shape] | None" = None
    items: "Shape | None" = None


_STRING = Shape("string", "string")
_BOOL = Shape("bool", "bool")
_INT = Shape("int", "number")
_ANYTHING = Shape("interface {}", "")
_MAP = Shape("map[string]interface {}", "object")

_FUNCTION_CALL = Shape(
    "api.ToolCallFunction",
    "object",
    # Ollama reads the arguments with an ordered map of its own (recording 19i).
    {"name": _STRING, "index": _INT, "arguments": Shape("arguments", "object")},
)
_TOOL_CALL = Shape("api.ToolCall", "object", {"id": _STRING, "function": _FUNCTION_CALL})
_MESSAGE = Shape(
    "api.Message",
    "object",
    {
        "role": _STRING,
        "content": _STRING,
        "thinking": _STRING,
        "images": Shape("[]api.ImageData", "array", items=_STRING),
        "tool_calls": Shape("[]api.ToolCall", "array", items=_TOOL_CALL),
        "tool_name": _STRING,
        "tool_call_id": _STRING,
    },
)
_FUNCTION = Shape(
    "api.ToolFunction",
    "object",
    {"name": _STRING, "description": _STRING, "parameters": _MAP},
)
_TOOL = Shape("api.Tool", "object", {"type": _STRING, "function": _FUNCTION})
_COMMON = {
    "model": _STRING,
    "stream": _BOOL,
    "format": _ANYTHING,
    "keep_alive": _ANYTHING,
    "options": _MAP,
    "think": _ANYTHING,
    "truncate": _BOOL,
    "shift": _BOOL,
    "logprobs": _BOOL,
    "top_logprobs": _INT,
    "_debug_render_only": _BOOL,
}
CHAT = _COMMON | {
    "messages": Shape("[]api.Message", "array", items=_MESSAGE),
    "tools": Shape("api.Tools", "array", items=_TOOL),
}
GENERATE = _COMMON | {
    "prompt": _STRING,
    "system": _STRING,
    "suffix": _STRING,
    "template": _STRING,
    "raw": _BOOL,
    "images": Shape("[]api.ImageData", "array", items=_STRING),
}


def kind_of(value: object) -> str:
    """Return the name that Go's encoding/json has for the kind of a JSON value."""
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "null"


def check(value: Mapping[str, Any], fields: Mapping[str, Shape], path: str) -> None:
    """Compare an object with the fields of a Go struct; unknown fields pass.

    Raises:
        WireError: 400 with Go's text, naming the field by its path (recordings 19b, 19d, 19i).

    """
    for name, shape in fields.items():
        if value.get(name) is not None:
            _check_one(value[name], shape, f"{path}.{name}")


def _check_one(value: object, shape: Shape, path: str) -> None:
    if not shape.kind:
        return
    kind = kind_of(value)
    if kind != shape.kind:
        if shape.go == "arguments":
            raise WireError(400, "Value looks like object, but can't find closing '}' symbol")
        raise WireError(
            400, f"json: cannot unmarshal {kind} into Go struct field {path} of type {shape.go}"
        )
    if shape.fields is not None and isinstance(value, dict):
        check(value, shape.fields, path)
    if shape.items is not None and isinstance(value, list):
        for item in value:
            if item is not None:
                _check_one(item, shape.items, path)
