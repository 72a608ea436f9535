"""Tool schemas in the part of JSON Schema that Ollama passes on.

Ollama 0.32 drops `$ref`, `oneOf`, `allOf`, `const`, defaults, limits, patterns and formats
before the model sees them (recordings 89f, 95). What has another form that it keeps is put
into that form; the rest is said in the description.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

Schema = dict[str, Any]

# A schema's `type`, and what JSON of that type is here; note that Python's bool is an int.
JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}

# Definitions that use each other twice double at every step; a real tool has far fewer parts.
_MAX_PARTS = 5_000
# What is put in the place of a reference can be large each time. Of all the tools of a session it
# is some tens of kilobytes.
MAX_INLINED_BYTES = 1024 * 1024
_MIN_REFERENCE_BYTES = 256
_DROPPED = frozenset({"$schema", "$id", "$defs", "definitions", "$comment", "additionalProperties"})
_LIMITS = {
    "default": "default {}",
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "uniqueItems": "no two alike",
    "pattern": "matching {}",
    "format": "format {}",
}


class Room:
    """How many bytes may still be put in the place of references, in all schemas of a request."""

    def __init__(self) -> None:
        self._left = MAX_INLINED_BYTES

    def takes(self, size: int) -> bool:
        """Take `size` bytes, if there is room for them."""
        self._left -= max(size, _MIN_REFERENCE_BYTES)
        return self._left >= 0


def plain(schema: Schema, room: Room | None = None) -> Schema:
    """Return `schema` as Ollama keeps it; keys stay in their order, the input is not changed.

    Where `room` has no more of it, a reference is only the kind of what it refers to.
    """
    return _Plain(schema, room or Room()).of(schema, frozenset())


def inlined(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Schema:
    """Return one level of a schema, with what its `$ref` and `allOf` stand for in their place."""
    return _Plain(dict(root), Room()).merged(dict(schema), frozenset())[0]


class _Plain:
    """One pass over one schema. `within` are the references that the place at hand stands in."""

    def __init__(self, root: Schema, room: Room) -> None:
        self._root = root
        self._room = room
        self._left = _MAX_PARTS
        self._targets: dict[str, tuple[Schema, int]] = {}

    def of(self, schema: Schema, within: frozenset[str]) -> Schema:
        self._left -= 1
        if self._left < 0:
            return _kind(schema)
        schema, within = self.merged(schema, within)
        done: Schema = {}
        limits = []
        for key, value in schema.items():
            if key in _LIMITS:
                limits.append(_LIMITS[key].format(_said(value)))
            elif key == "const":
                done["enum"] = [value]
            elif key in ("oneOf", "anyOf") and isinstance(value, list):
                done["anyOf"] = [self._part(option, within) for option in value]
            elif key == "properties" and isinstance(value, dict):
                done[key] = {name: self._part(part, within) for name, part in value.items()}
            elif key == "items":
                done[key] = self._part(value, within)
            elif key not in _DROPPED:
                done[key] = value
        if limits:
            described = done.get("description")
            said = f"({'; '.join(limits)})"
            done["description"] = f"{described} {said}" if described else said
        return done

    def _part(self, part: object, within: frozenset[str]) -> object:
        return self.of(part, within) if isinstance(part, dict) else part

    def merged(self, schema: Schema, within: frozenset[str]) -> tuple[Schema, frozenset[str]]:
        """Put what `$ref` and `allOf` stand for in their place."""
        while isinstance(reference := schema.get("$ref"), str):
            own = {key: value for key, value in schema.items() if key != "$ref"}
            target, size = self._target(reference)
            if reference in within or not self._room.takes(size):
                # A schema that stands in itself has no end; the model is told its kind.
                return _kind(target) | own, within
            within |= {reference}
            schema = target | own
        parts = schema.get("allOf")
        if not isinstance(parts, list):
            return schema, within
        whole = {key: value for key, value in schema.items() if key != "allOf"}
        if isinstance(properties := whole.get("properties"), dict):
            whole["properties"] = dict(properties)
        required: dict[str, None] = _names(whole.get("required"))
        for part in parts:
            if isinstance(part, dict):
                merged, within = self.merged(part, within)
                required |= _names(merged.get("required"))
                _join(whole, merged)
        if required:
            whole["required"] = list(required)
        return whole, within

    def _target(self, reference: str) -> tuple[Schema, int]:
        """Return what a reference refers to, and its size in bytes."""
        if reference not in self._targets:
            found = _resolved(reference, self._root)
            self._targets[reference] = found, len(msgspec.json.encode(found))
        return self._targets[reference]


def _kind(schema: Schema) -> Schema:
    return {"type": schema.get("type", "object")}


def _join(whole: Schema, part: Schema) -> None:
    for key, value in part.items():
        if key == "properties" and isinstance(value, dict):
            have = whole.setdefault(key, {})
            if isinstance(have, dict):
                have.update(value)
        else:
            whole.setdefault(key, value)


def _names(required: object) -> dict[str, None]:
    names = required if isinstance(required, list) else []
    return dict.fromkeys(name for name in names if isinstance(name, str))


def _resolved(reference: str, root: Schema) -> Schema:
    target: object = root
    path = reference.removeprefix("#").strip("/")
    for step in path.split("/") if path else ():
        name = step.replace("~1", "/").replace("~0", "~")
        target = target.get(name) if isinstance(target, dict) else None
    return dict(target) if isinstance(target, dict) else {}


def _said(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
