"""JSON values that satisfy a simple JSON Schema."""

import json
from typing import Any

_TEXT = "Practice session"
_DEEPEST = 32


def value_of(schema: dict[str, Any]) -> object:
    """Return a value for `schema`: consts, enums, references, choices and plain types."""
    return _value(schema, schema, 0)


def fits(text: str, schema: dict[str, Any]) -> bool:
    """Tell whether a text is a JSON object that has what `schema` requires."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and all(name in value for name in schema.get("required", ()))


def _value(schema: object, root: dict[str, Any], depth: int) -> object:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    if "const" in schema:
        return schema["const"]
    if choices := schema.get("enum"):
        return choices[0]
    if isinstance(reference := schema.get("$ref"), str):
        return _value(_resolved(reference, root), root, depth + 1)
    for choice in ("anyOf", "oneOf", "allOf"):
        if options := schema.get(choice):
            return _value(options[0], root, depth + 1)
    return _of_type(schema, root, depth)


def _of_type(schema: dict[str, Any], root: dict[str, Any], depth: int) -> object:
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) and kind else kind:
        case "string":
            value: object = _text(schema)
        case "integer" | "number":
            value = schema.get("minimum", 0)
        case "boolean":
            value = True
        case "null":
            value = None
        case "array":
            item = _value(schema.get("items"), root, depth + 1)
            value = [item] * int(schema.get("minItems", 0))
        case _:
            properties = schema.get("properties", {})
            value = {name: _value(inner, root, depth + 1) for name, inner in properties.items()}
    return value


def _text(schema: dict[str, Any]) -> str:
    most = schema.get("maxLength")
    text = _TEXT.ljust(int(schema.get("minLength", 0)), ".")
    return text[:most] if isinstance(most, int) else text


def _resolved(reference: str, root: dict[str, Any]) -> object:
    found: Any = root
    for name in reference.removeprefix("#").strip("/").split("/"):
        if not isinstance(found, dict):
            return None
        found = found.get(name) if name else found
    return found
