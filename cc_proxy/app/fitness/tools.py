"""The tools that a model is tested with, and whether a call fits them.

Names, arguments, types and what is required are those that Claude Code 2.1.332 declares for an own
model name (seen on the wire; a test compares); the descriptions are our own, and shorter.
"""

import functools
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import msgspec

from cc_proxy.app.translate.request.schemas import JSON_TYPES


@functools.cache
def declared() -> list[dict[str, Any]]:
    """Return the tools as a request of Claude Code's declares them."""
    data = (files("cc_proxy") / "data" / "fitness-tools.json").read_bytes()
    found: list[dict[str, Any]] = msgspec.json.decode(data)
    return found


def objection(name: str, arguments: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a call, in words for the model; None if the client would take it.

    The client checks a call against the schema before it does anything.
    """
    schema = next((tool["input_schema"] for tool in declared() if tool["name"] == name), None)
    if schema is None:
        return f"No such tool available: {name}"
    return _in_object(arguments, schema, name)


def _in_object(given: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> str | None:
    properties = schema.get("properties", {})
    for required in schema.get("required", ()):
        if required not in given:
            return f"{where}: the required parameter `{required}` is missing"
    for key, value in given.items():
        if key in properties:
            wrong = _in_value(value, properties[key], f"{where}.{key}")
        elif schema.get("additionalProperties") is False:
            wrong = f"{where}: an unexpected parameter `{key}` was provided"
        else:
            wrong = None
        if wrong is not None:
            return wrong
    return None


def _in_value(value: object, schema: Mapping[str, Any], where: str) -> str | None:
    if choices := schema.get("anyOf"):
        wrongs = [_in_value(value, choice, where) for choice in choices]
        return None if None in wrongs else wrongs[0]
    kind = schema.get("type")
    if kind in JSON_TYPES and not _is(value, kind):
        return f"{where}: expected {kind}, found {type(value).__name__}"
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if allowed is not None and value not in allowed:
        return f"{where}: expected one of {', '.join(map(str, allowed))}"
    if isinstance(value, dict):
        return _in_object(value, schema, where)
    if isinstance(value, list):
        wrongs = [_in_value(item, schema.get("items", {}), f"{where}[]") for item in value]
        return next((wrong for wrong in wrongs if wrong), None)
    return None


def _is(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, JSON_TYPES[kind])
