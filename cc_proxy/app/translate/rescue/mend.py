"""Arguments mended by the tool's own schema, and the name of what was mended.

Only what has one reading is mended; the rest goes to the client as it came, which tells the model
what is wrong with it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cc_proxy.app.translate.request.schemas import JSON_TYPES, inlined

_WRAPPERS = ("arguments", "input", "parameters", "params", "args")
_BOOLEANS = {"true": True, "false": False}


def tool_name(written: str, names: Iterable[str]) -> str | None:
    """Return the declared tool that is meant: exactly, or as the only one but for letter case."""
    declared = tuple(names)
    if written in declared:
        return written
    folded = written.casefold()
    same = [name for name in declared if name.casefold() == folded]
    return same[0] if len(same) == 1 else None


def mend(arguments: bytes, schema: Mapping[str, Any]) -> tuple[bytes, list[str]]:
    """Return the arguments (a JSON object) as the schema wants them, and what was mended.

    The same bytes and an empty list when they fit, or when nothing of it can be mended.
    """
    try:
        given = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return arguments, []
    if not isinstance(given, dict):
        return arguments, []
    notes: list[str] = []
    whole = inlined(schema, schema)
    given = _Mender(schema, notes).mended(_without_wrapper(given, whole, notes), whole, "")
    return (msgspec.json.encode(given), notes) if notes else (arguments, [])


def _without_wrapper(
    given: dict[str, Any], schema: Mapping[str, Any], notes: list[str]
) -> dict[str, Any]:
    """Unwrap `{"arguments": {…}}` where the schema has no such argument."""
    properties = _properties(schema)
    if len(given) != 1 or not properties:
        return given
    [(key, inner)] = given.items()
    if key not in _WRAPPERS or key in properties:
        return given
    if isinstance(inner, str):
        inner = _decoded(inner, dict)
    if not isinstance(inner, dict):
        return given
    notes.append(f"{key}: unwrapped")
    return inner


class _Mender:
    """Mends by one tool's schema: `root`, where its references point to."""

    def __init__(self, root: Mapping[str, Any], notes: list[str]) -> None:
        self._root = root
        self._notes = notes

    def mended(self, given: dict[str, Any], schema: Mapping[str, Any], path: str) -> dict[str, Any]:
        properties = _properties(schema)
        if not properties:
            return given
        out: dict[str, Any] = {}
        extra: list[str] = []
        for key, value in given.items():
            known = key if key in properties else _other_case(key, properties, given)
            if known is None:
                out[key] = value
                extra.append(key)
                continue
            if known != key:
                self._notes.append(f"{path}{key}: renamed to {known}")
            out[known] = self._value(value, properties[known], f"{path}{known}")
        if schema.get("additionalProperties") is False and _complete(out, schema):
            for key in extra:
                del out[key]
                self._notes.append(f"{path}{key}: not an argument of this tool, dropped")
        return out

    def _value(self, value: Any, schema: object, path: str) -> Any:  # noqa: ANN401 - JSON
        if not isinstance(schema, Mapping):
            return value
        schema = inlined(schema, self._root)
        options = self._options(schema)
        kinds = _kinds(schema) or _union(options)
        if kinds and not _is_one_of(value, kinds):
            better = _converted(value, kinds)
            if better is not value:
                self._notes.append(f"{path}: {_kind(value)} made {_kind(better)}")
                value = better
        fitting = [option for option in options if _is_one_of(value, _kinds(option))]
        if len(fitting) == 1:
            return self._value(value, fitting[0], path)
        if isinstance(value, str):
            return self._listed(value, schema, path)
        if isinstance(value, dict):
            return self.mended(value, schema, f"{path}.")
        items = schema.get("items")
        if isinstance(value, list) and isinstance(items, Mapping):
            return [self._value(item, items, f"{path}[{i}]") for i, item in enumerate(value)]
        return value

    def _options(self, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the alternatives of a schema, none when one of them is nothing to judge by."""
        found = schema.get("anyOf", schema.get("oneOf"))
        if not isinstance(found, list) or not all(isinstance(part, Mapping) for part in found):
            return []
        return [inlined(part, self._root) for part in found]

    def _listed(self, value: str, schema: Mapping[str, Any], path: str) -> str:
        """Return a word as the schema lists it, if it is there but for letter case, and once."""
        words = schema.get("enum")
        if not isinstance(words, list) or value in words:
            return value
        folded = value.casefold()
        same = [word for word in words if isinstance(word, str) and word.casefold() == folded]
        if len(same) != 1:
            return value
        self._notes.append(f"{path}: {value} made {same[0]}")
        return same[0]


def _complete(given: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether nothing is missing. Else a key too many may be a missing one, under a wrong name."""
    required = schema.get("required")
    return not isinstance(required, list) or all(key in given for key in required)


def _other_case(key: str, properties: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """Return the argument that is meant by a key in another letter case, if it is one only."""
    folded = key.casefold()
    same = [name for name in properties if name.casefold() == folded]
    rivals = sum(1 for name in given if name.casefold() == folded)
    return same[0] if len(same) == 1 and rivals == 1 else None


def _converted(value: Any, kinds: frozenset[str]) -> Any:  # noqa: ANN401 - JSON
    """Return the value as one of the wanted types, itself when it cannot be."""
    if isinstance(value, float) and value.is_integer() and "integer" in kinds:
        return int(value)
    if not isinstance(value, str):
        return value
    text = value.strip()
    if "boolean" in kinds and text.casefold() in _BOOLEANS:
        return _BOOLEANS[text.casefold()]
    if "null" in kinds and text == "null":
        return None
    wanted = tuple(kind for name in kinds - {"string"} for kind in JSON_TYPES[name])
    decoded = _decoded(text, *wanted)
    if isinstance(decoded, float) and decoded.is_integer() and kinds == {"integer"}:
        decoded = int(decoded)
    return decoded if decoded is not None and _is_one_of(decoded, kinds) else value


def _decoded(text: str, *wanted: type) -> Any:  # noqa: ANN401 - JSON
    """Return what JSON a string holds, None unless it is of a wanted type."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    return value if isinstance(value, (*wanted, float) if int in wanted else wanted) else None


def _is_one_of(value: object, kinds: frozenset[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, JSON_TYPES[kind]) for kind in kinds)


def _kinds(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the types a schema names; none when it has alternatives, or names none."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return frozenset({kind}) & JSON_TYPES.keys()
    if isinstance(kind, list):
        return frozenset(name for name in kind if isinstance(name, str)) & JSON_TYPES.keys()
    return frozenset()


def _union(options: list[Mapping[str, Any]]) -> frozenset[str]:
    """Return the types that alternatives allow; none when one of them does not say."""
    kinds = [_kinds(option) for option in options]
    return frozenset().union(*kinds) if all(kinds) else frozenset()


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return next(name for name, types in JSON_TYPES.items() if isinstance(value, types))


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}
