"""Alternatives at the top of a tool's schema, for which Ollama's type has no field.

It would drop them with all their properties (Ollama 0.33, `api.ToolFunctionParameters`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cc_proxy.app.translate.request.schemas.field_values import named_parts, names

Schema = dict[str, Any]


def without_alternatives(schema: Schema) -> Schema:
    """Return a tool's schema with the properties of its alternatives among its own.

    One that several alternatives have in different forms may have each of them. Required is what
    every alternative requires.
    """
    options = schema.get("anyOf")
    if not isinstance(options, list) or not any(map(_says_something, options)):
        return schema
    whole = {key: value for key, value in schema.items() if key != "anyOf"}
    properties = dict(whole.get("properties") or {})
    own = frozenset(properties)
    forms: dict[str, list[Any]] = {}
    for option in options:
        for name, part in (named_parts(option.get("properties")) or {}).items():
            if name not in own and part not in forms.setdefault(name, []):
                forms[name].append(part)
    for name, parts in forms.items():
        properties[name] = parts[0] if len(parts) == 1 else {"anyOf": parts}
    if properties:
        whole["properties"] = properties
    required = _joined([names(whole.get("required")), _common(options)])
    return whole | ({"required": required} if required else {})


def requirements(schema: Mapping[str, Any]) -> str:
    """Say which parameters a tool's alternatives require; nothing if one requires none."""
    options = schema.get("anyOf") or schema.get("oneOf")
    if not isinstance(options, list) or not all(isinstance(option, dict) for option in options):
        return ""
    common = {*names(schema.get("required")), *_common(options)}
    wanted = [
        [name for name in names(option.get("required")) if name not in common] for option in options
    ]
    if len(wanted) < 2 or not all(wanted):  # noqa: PLR2004 - one alternative is none
        return ""
    each = [" and ".join(f"`{name}`" for name in one) for one in wanted]
    return f"Give {', or '.join(dict.fromkeys(each))}."


def _says_something(option: object) -> bool:
    return isinstance(option, dict) and bool(option.get("properties") or option.get("required"))


def _common(options: list[Any]) -> list[str]:
    """Return the names that every alternative requires."""
    each = [names(option.get("required")) for option in options]
    return [name for name in each[0] if all(name in other for other in each)] if each else []


def _joined(lists: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(name for one in lists for name in one))
