"""The values that Ollama's types take for the fields of a schema.

Go refuses a request as a whole for one value of another type, and with it every tool of every MCP
server (Ollama 0.33, `api/types.go`: ToolFunctionParameters, ToolProperty, PropertyType).
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

# Go finds a field whatever the case of its name.
_FIELDS = ("anyOf", "type", "items", "description", "enum", "properties", "required")
_BY_LOWER_CASE = {name.lower(): name for name in _FIELDS}


def is_misspelled(key: str) -> bool:
    """Return whether Go takes a key for a field of another spelling, such as `Enum`."""
    return _BY_LOWER_CASE.get(key.lower(), key) != key


def type_names(value: object) -> str | list[str] | UnsetType:
    """Return a schema's `type`: a name or a list of names; UNSET for anything else."""
    if isinstance(value, str):
        return value
    names = value if isinstance(value, list) else []
    return [name for name in names if isinstance(name, str)] or UNSET


def enum_values(value: object) -> list[Any]:
    """Return the values of an `enum`; one that is no list is the only value."""
    if isinstance(value, list):
        return value
    return list(value) if isinstance(value, dict) else [value]


def text(value: object) -> str:
    """Return a text as it is, and anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def named_parts(value: object) -> dict[str, Any] | None:
    """Return the `properties` of a schema; None for what has none.

    PHP writes an empty mapping as `[]`. A list of schemas with their names is a mapping, too.
    """
    if isinstance(value, dict):
        return value
    parts = value if isinstance(value, list) else []
    return {
        part["name"]: {key: of for key, of in part.items() if key != "name"}
        for part in parts
        if isinstance(part, dict) and isinstance(part.get("name"), str)
    } or None


def names(required: object) -> list[str]:
    """Return the names in a `required`, which may be a single one."""
    if isinstance(required, str):
        return [required]
    found = required if isinstance(required, list) else []
    return found if all(isinstance(name, str) for name in found) else _texts(found)


def _texts(found: list[Any]) -> list[str]:
    return [name for name in found if isinstance(name, str)]
