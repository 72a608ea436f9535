"""The part of a tool's definition that Ollama's own types keep."""

from collections.abc import Mapping
from typing import Any

from cc_proxy.app.practice.wire import go_json

# The fields of Ollama's api.ToolProperty, in their order. Everything else in a schema is lost:
# additionalProperties, default, minimum, format, maxLength, $ref, oneOf, allOf, const, pattern.
_PROPERTY_FIELDS = ("anyOf", "type", "items", "description", "enum", "properties", "required")


def go_function(tool: Mapping[str, Any]) -> str:
    """Return a tool's function as a Go template prints the struct (recordings 89f, 95c)."""
    name, description, parameters = _function(tool)
    required = " ".join(str(item) for item in parameters.get("required") or ())
    properties = go_json(_properties(parameters.get("properties")))
    kind = parameters.get("type") or ""
    defs = _printed(parameters.get("$defs"))
    items = _printed(parameters.get("items"))
    return f"{{{name} {description} {{{kind} {defs} {items} [{required}] {properties}}}}}"


def jinja_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool as a Jinja template gets it (recording 95b)."""
    name, description, parameters = _function(tool)
    kept = {
        "type": parameters.get("type") or "",
        "$defs": parameters.get("$defs"),
        "items": parameters.get("items"),
        "required": parameters.get("required"),
    }
    return {
        "type": "function",
        "function": {
            "name": name,
            **({"description": description} if description else {}),
            "parameters": {
                **{key: value for key, value in kept.items() if value},
                "properties": _properties(parameters.get("properties")),
            },
        },
    }


def _function(tool: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    function = tool.get("function") or {}
    return (
        function.get("name") or "",
        function.get("description") or "",
        function.get("parameters") or {},
    )


def _properties(properties: object) -> dict[str, Any]:
    if not isinstance(properties, dict):
        return {}
    return {name: _property(properties[name]) for name in sorted(properties)}


def _property(schema: object) -> object:
    if not isinstance(schema, dict):
        return {}
    kept: dict[str, Any] = {}
    for field in _PROPERTY_FIELDS:
        value = schema.get(field)
        if not value:
            continue
        if field == "anyOf" and isinstance(value, list):
            kept[field] = [_property(choice) for choice in value]
        elif field == "properties":
            kept[field] = _properties(value)
        elif field == "items":
            # Ollama holds items as any JSON: nothing is lost, and a Go map sorts its keys.
            kept[field] = _sorted(value)
        else:
            kept[field] = value
    return kept


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def _printed(value: object) -> str:
    return "<nil>" if value is None else go_json(_sorted(value))
