"""Tool schemas in the part of JSON Schema that Ollama passes on.

Ollama 0.32 drops `$ref`, `oneOf`, `allOf`, `const`, defaults, limits, patterns and formats
before the model sees them (recordings 89f, 95). What has another form that it keeps is put
into that form; the rest is said in the description. What its types would refuse is put into them.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import UNSET

from cc_proxy.app.translate.request.schemas.alternatives import requirements, without_alternatives
from cc_proxy.app.translate.request.schemas.field_values import (
    enum_values,
    is_misspelled,
    named_parts,
    names,
    text,
    type_names,
)

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
    """The bytes that may still replace references, in all schemas of a request."""

    def __init__(self) -> None:
        self._left = MAX_INLINED_BYTES

    def takes(self, size: int) -> bool:
        """Take `size` bytes, if there is room for them."""
        self._left -= max(size, _MIN_REFERENCE_BYTES)
        return self._left >= 0


def plain(schema: Schema, room: Room | None = None) -> Schema:
    """Return a tool's schema as `with_requirements` does, without what it says in words."""
    return with_requirements(schema, room or Room())[0]


def with_requirements(schema: Schema, room: Room) -> tuple[Schema, str]:
    """Return a tool's schema as Ollama keeps it, with its keys in their order.

    The result can be read into Ollama's types, whatever the schema is. The input is not changed.
    The text says which parameters belong together, if the schema has alternatives. Where `room`
    has no more of it, a reference is only the kind of what it refers to.
    """
    whole = _Plain(schema, room).of(schema, frozenset())
    if "type" in schema and not isinstance(whole.get("type"), str):
        whole["type"] = "object"
    return without_alternatives(whole), requirements(whole)


def inlined(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Schema:
    """Return one level of a schema, with what its `$ref` and `allOf` stand for in their place."""
    return _Plain(dict(root), Room()).merged(dict(schema), frozenset())[0]


class _Plain:
    """One pass over one schema. `within` are the references around the current place."""

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
        parts = named_parts(schema.get("properties"))
        done: Schema = {}
        limits = []
        for key, value in schema.items():
            if key == "properties":
                if parts is not None:
                    done[key] = self._parts(parts, within)
            elif key == "required":
                done[key] = value
            elif key in _LIMITS:
                if _limits(key, value):
                    limits.append(_LIMITS[key].format(text(value)))
            elif key not in _DROPPED and not is_misspelled(key):
                self._keep(done, key, value, within)
        _require(done, parts or {})
        if limits:
            described = done.get("description")
            said = f"({'; '.join(limits)})"
            done["description"] = f"{described} {said}" if described else said
        return done

    def _keep(self, done: Schema, key: str, value: object, within: frozenset[str]) -> None:
        """Put a field into `done` in the form that Ollama keeps."""
        match key:
            case "const":
                done["enum"] = [value]
            case "enum" if value is not None:
                done[key] = enum_values(value)
            case "type":
                if (found := type_names(value)) is not UNSET:
                    done[key] = found
            case "description" if value is not None:
                done[key] = text(value)
            case "oneOf" | "anyOf":
                if options := self._options(value, within):
                    done["anyOf"] = options
            case "items":
                done[key] = self.of(value, within) if isinstance(value, dict) else value
            case _:
                done[key] = value

    def _parts(self, parts: Schema, within: frozenset[str]) -> Schema:
        return {name: self._part(of, within) for name, of in parts.items() if of is not False}

    def _options(self, value: object, within: frozenset[str]) -> list[Schema]:
        options = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
        return [self._part(option, within) for option in options if option is not False]

    def _part(self, part: object, within: frozenset[str]) -> Schema:
        """Return a schema in a schema; `true`, and what is none, takes anything."""
        if isinstance(part, dict):
            return self.of(part, within)
        return {"type": part} if isinstance(part, str) and part in JSON_TYPES else {}

    def merged(self, schema: Schema, within: frozenset[str]) -> tuple[Schema, frozenset[str]]:
        """Put what `$ref` and `allOf` stand for in their place."""
        while isinstance(reference := schema.get("$ref"), str):
            own = {key: value for key, value in schema.items() if key != "$ref"}
            target, size = self._target(reference)
            if reference in within or not self._room.takes(size):
                # A schema that contains itself has no end; the model is told its kind.
                return _kind(target) | own, within
            within |= {reference}
            schema = target | own
        parts = schema.get("allOf")
        if not isinstance(parts, list):
            return schema, within
        whole = {key: value for key, value in schema.items() if key != "allOf"}
        if isinstance(properties := whole.get("properties"), dict):
            whole["properties"] = dict(properties)
        required: dict[str, None] = dict.fromkeys(names(whole.get("required")))
        for part in parts:
            if isinstance(part, dict):
                merged, within = self.merged(part, within)
                required |= dict.fromkeys(names(merged.get("required")))
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


def _limits(key: str, value: object) -> bool:
    """Return whether a limit says something: `uniqueItems: false` and `minLength: true` do not."""
    return not isinstance(value, bool) or key == "default" or (value and key == "uniqueItems")


def _require(done: Schema, parts: Schema) -> None:
    """Put the names into `required` that `parts`, the properties of a schema, have themselves."""
    found = done.pop("required", None)
    wanted = [name for name in names(found) if parts.get(name) is not False]
    # JSON Schema of 2010 says it in the property.
    wanted += [
        name
        for name, of in parts.items()
        if isinstance(of, dict) and of.get("required") is True and name not in wanted
    ]
    if wanted or isinstance(found, list):
        done["required"] = wanted


def _resolved(reference: str, root: Schema) -> Schema:
    target: object = root
    # The fragment of a URL (RFC 6901, section 6).
    path = unquote(reference.removeprefix("#")).strip("/")
    for step in path.split("/") if path else ():
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and name.isdecimal():
            target = dict(enumerate(target)).get(int(name))
        else:
            target = target.get(name) if isinstance(target, dict) else None
    return dict(target) if isinstance(target, dict) else {}
