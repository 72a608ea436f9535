"""JSON values that satisfy a simple JSON Schema."""

import json
from typing import Any

_TEXT = "Practice session"
_DEEPEST = 32
_LONGEST = 1_000


def value_of(schema: dict[str, Any]) -> object:
    """Return a value for `schema`: consts, enums, references, choices and plain types."""
    return _value(schema, schema, 0)


def fits(text: str, schema: dict[str, Any]) -> bool:
    """Tell whether a text is a JSON object that has what `schema` requires."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    return isinstance(value, dict) and all(str(name) in value for name in names)


def _value(schema: object, root: dict[str, Any], depth: int) -> object:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    if "const" in schema:
        return schema["const"]
    if choice := _first(schema.get("enum")):
        return choice[0]
    if isinstance(reference := schema.get("$ref"), str):
        return _value(_resolved(reference, root), root, depth + 1)
    for keyword in ("anyOf", "oneOf", "allOf"):
        if choice := _first(schema.get(keyword)):
            return _value(choice[0], root, depth + 1)
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
            value = [item] * _size(schema.get("minItems"))
        case _:
            properties = schema.get("properties")
            named = properties if isinstance(properties, dict) else {}
            value = {name: _value(inner, root, depth + 1) for name, inner in named.items()}
    return value


def _first(choices: object) -> list[Any]:
    return choices[:1] if isinstance(choices, list) else []


def _size(number: object) -> int:
    """Return a length that a schema asks for, as far as it is one that can be given."""
    return min(number, _LONGEST) if isinstance(number, int) and number > 0 else 0


def _text(schema: dict[str, Any]) -> str:
    text = _TEXT.ljust(_size(schema.get("minLength")), ".")
    return text[: _size(schema["maxLength"])] if "maxLength" in schema else text


def _resolved(reference: str, root: dict[str, Any]) -> object:
    found: Any = root
    for name in reference.removeprefix("#").strip("/").split("/"):
        if not isinstance(found, dict):
            return None
        found = found.get(name) if name else found
    return found
