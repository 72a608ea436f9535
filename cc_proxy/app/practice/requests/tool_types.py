"""The Go types of a tool's parameters, which refuse what JSON Schema allows.

Ollama 0.33, `api/types.go`: ToolFunctionParameters, ToolProperty and PropertyType. encoding/json
finds a field whatever the case of its name, and skips null.
"""

from collections.abc import Mapping
from typing import Any

from cc_proxy.app.practice.requests.shapes import kind_of
from cc_proxy.app.practice.wire import WireError

_PROPERTY = "api.ToolProperty"


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Refuse parameters of a tool that Ollama cannot read into its types.

    Raises:
        WireError: 400, in Go's words.

    """
    for name, value in _fields(parameters):
        match name:
            case "type":
                _must_be("string", value, "string")
            case "required":
                _texts(value)
            case "properties":
                _properties(value)


def _properties(value: object) -> None:
    if not isinstance(value, dict):
        # An ordered map reads it, with a parser of its own.
        raise WireError(400, "Value looks like object, but can't find closing '}' symbol")
    for part in value.values():
        _property(part)


def _property(value: object) -> None:
    if value is None:
        return
    _must_be("object", value, _PROPERTY)
    assert isinstance(value, dict)  # noqa: S101 - it is an object
    for name, found in _fields(value):
        match name:
            case "type" if not isinstance(found, str):
                _texts(found)
            case "description":
                _must_be("string", found, "string")
            case "enum":
                _must_be("array", found, "[]interface {}")
            case "required":
                _texts(found)
            case "anyof":
                _must_be("array", found, f"[]{_PROPERTY}")
                for option in found:
                    _property(option)
            case "properties":
                _properties(found)


def _texts(value: object) -> None:
    _must_be("array", value, "[]string")
    assert isinstance(value, list)  # noqa: S101 - it is an array
    for one in value:
        if one is not None:
            _must_be("string", one, "string")


def _must_be(kind: str, value: object, go_type: str) -> None:
    found = kind_of(value)
    if found != kind:
        raise WireError(400, f"json: cannot unmarshal {found} into Go value of type {go_type}")


def _fields(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name.lower(), found) for name, found in value.items() if found is not None]
