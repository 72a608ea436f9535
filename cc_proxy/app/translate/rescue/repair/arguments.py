"""Arguments put right by the tool's own schema, and the name of what was changed.

Only what has one reading is changed; the rest goes to the client as it came, which tells the model
what is wrong with it.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from cc_proxy.app.chat.errors import UnreadableCallError
from cc_proxy.app.translate.request.schemas import inlined
from cc_proxy.app.translate.rescue.formats.literal import Unreadable, read_json
from cc_proxy.app.translate.rescue.repair.keys import known_keys, other_names
from cc_proxy.app.translate.rescue.repair.names import ToolNames
from cc_proxy.app.translate.rescue.repair.values import (
    convert,
    is_nothing,
    is_one_of,
    kind_of,
    kinds_of,
    listed,
    tidy_path,
    union_of,
)

_WRAPPERS = frozenset(
    {
        *("arguments", "input", "parameters", "params", "args", "kwargs", "properties", "output"),
        *("raw_arguments", "tool_input", "action_input", "tool_args", "tool_arguments", "raw"),
    }
)
_NAMES = frozenset({"name", "tool", "tool_name", "function", "function_name", "action"})
_BESIDES = frozenset({"id", "type", "index"})
_MOST_WRAPPED = 4
# So many values of a call are compared with its schema, some microseconds each; the rest of a
# larger one goes to the client as it came.
MAX_VALUES = 500
# To convert one is the work of so many more.
_CONVERSION = 9
_SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})
# What a schema says of a scalar besides its type, as far as values are changed by it.
_NARROWER = frozenset({"$ref", "anyOf", "oneOf", "allOf", "enum"})
# A call with more commas is not even decoded: with a value at each that would take milliseconds.
_MAX_COMMAS = 20_000
# What cannot be read as arguments goes to the client under this name, so that nothing is lost.
_RAW = "raw_arguments"
_OBJECT_START = re.compile(r"\s*\{\s*[\"']")
_TRUNCATED = "truncated"


def repair(arguments: bytes, schema: Mapping[str, Any], tool: str = "") -> tuple[bytes, list[str]]:
    """Return the arguments (JSON) as the schema of `tool` wants them, and what was changed.

    The same bytes and an empty list when they fit, or when nothing of it can be put right. What is
    no JSON object is made one: a string that holds it, a list of one, or the one argument that is
    needed.
    """
    if arguments.startswith(b"{") and arguments.count(b",") > _MAX_COMMAS:
        return arguments, []
    try:
        given = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        given = arguments.decode("utf-8", "replace")
    notes: list[str] = []
    whole = inlined(schema, schema)
    found = _object(given, whole, notes)
    if _RAW in found and not isinstance(given, dict):
        return msgspec.json.encode(found), notes
    found = _without_wrappers(found, whole, tool, notes)
    found = _Repair(schema, notes).repaired(found, whole, "")
    return (msgspec.json.encode(found), notes) if notes else (arguments, [])


def check_readable(name: str, arguments: bytes) -> None:
    """Raise UnreadableCallError if arguments are a string with an object that cannot be read.

    As the text of the one argument that a tool needs, it would be another call than was meant: a
    `Read` of a file named `{"file_path": "/a`.
    """
    if not arguments.startswith(b'"'):
        return
    try:
        text = msgspec.json.decode(arguments, type=str)
    except msgspec.DecodeError:
        # `repair` hands it on as it is, quotes included.
        return
    if _OBJECT_START.match(text) is None or isinstance(_read(text), dict):
        return
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        is_cut = _TRUNCATED in str(error)
    except RecursionError:
        is_cut = False
    else:
        return
    raise UnreadableCallError(name, text, is_cut=is_cut)


def _object(given: Any, schema: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the arguments as an object, whatever they came as."""
    if isinstance(given, dict):
        return given
    if given is None or given == "":
        notes.append("no arguments: made an empty object")
        return {}
    inner = _read(given) if isinstance(given, str) else given
    if isinstance(inner, list) and len(inner) == 1:
        inner = inner[0]
    if isinstance(inner, dict):
        notes.append(f"arguments: {kind_of(given)} made object")
        return inner
    required = schema.get("required")
    if isinstance(required, list) and len(required) == 1:
        notes.append(f"arguments: taken for {required[0]}")
        return {required[0]: given}
    notes.append("arguments: no JSON object, passed on as raw_arguments")
    return {_RAW: given}


def _without_wrappers(
    given: dict[str, Any], schema: Mapping[str, Any], tool: str, notes: list[str]
) -> dict[str, Any]:
    """Unwrap `{"arguments": {…}}`, also beside the tool's name, unless the schema has the key."""
    properties = _properties(schema)
    for _ in range(_MOST_WRAPPED):
        wrapping = [key for key in given if key in _WRAPPERS and key not in properties]
        if len(wrapping) != 1 or not properties:
            break
        beside = {key: value for key, value in given.items() if key != wrapping[0]}
        if not all(_names_tool(key, value, tool, properties) for key, value in beside.items()):
            break
        inner = given[wrapping[0]]
        if isinstance(inner, str):
            inner = _read(inner)
        if isinstance(inner, list) and len(inner) == 1:
            inner = inner[0]
        if not isinstance(inner, dict):
            break
        notes.append(f"{wrapping[0]}: unwrapped")
        given = inner
    return given


def _names_tool(key: str, value: object, tool: str, properties: Mapping[str, Any]) -> bool:
    if key in properties or not isinstance(value, (str, int)):
        return False
    if key in _BESIDES:
        return True
    return (
        key in _NAMES
        and isinstance(value, str)
        and bool(tool)
        and ToolNames([tool]).resolve(value, elsewhere=True) == tool
    )


def _read(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        value = read_json(text.strip())
        return read_json(value.strip()) if isinstance(value, str) else value
    except Unreadable:
        return None


class _Repair:
    """One pass over one call: `root` is the schema that references point into."""

    def __init__(self, root: Mapping[str, Any], notes: list[str]) -> None:
        self._root = root
        self._notes = notes
        self._left = MAX_VALUES

    def repaired(
        self, given: dict[str, Any], schema: Mapping[str, Any], path: str
    ) -> dict[str, Any]:
        """Return an object with the keys and values that its schema wants."""
        properties = _properties(schema)
        if not properties or len(given) > self._left:
            return given
        required = schema.get("required")
        needed = required if isinstance(required, list) else []
        out: dict[str, Any] = {}
        extra: list[str] = []
        meant = known_keys(given, properties)
        meant |= other_names(given, meant, needed)
        for key, value in given.items():
            known = meant.get(key)
            if known is None or (known in out and known != key):
                out[key] = value
                extra.append(key)
                continue
            if known != key:
                self._notes.append(f"{path}{key}: renamed to {known}")
            place = f"{path}{known}"
            better = self._value(value, properties[known], place, key=known)
            if known not in needed and self._is_absent(better, properties[known]):
                self._notes.append(f"{place}: {_shown(value)} for an optional argument, dropped")
                continue
            out[known] = better
        if schema.get("additionalProperties") is False and all(key in out for key in needed):
            for key in extra:
                del out[key]
                self._notes.append(f"{path}{key}: not an argument of this tool, dropped")
        return out

    def _is_absent(self, value: object, schema: object) -> bool:
        """Return whether a value means "none", and the schema does not accept it as a value."""
        if not isinstance(schema, Mapping) or not is_nothing(value):
            return False
        schema = inlined(schema, self._root)
        kinds = kinds_of(schema) or union_of(self._options(schema))
        return bool(kinds) and not is_one_of(value, kinds)

    def _value(self, value: Any, schema: object, path: str, *, key: str = "") -> Any:  # noqa: ANN401 - JSON
        if not isinstance(schema, Mapping) or not self._left:
            return value
        self._left -= 1
        schema = inlined(schema, self._root)
        options = self._options(schema)
        kinds = kinds_of(schema) or union_of(options)
        if kinds and not is_one_of(value, kinds):
            better = self._converted(value, kinds, schema, key)
            if better is not value:
                self._notes.append(f"{path}: {kind_of(value)} made {kind_of(better)}")
                value = better
            self._left = max(0, self._left - _CONVERSION)
        fitting = [option for option in options if is_one_of(value, kinds_of(option))]
        if len(fitting) == 1:
            return self._value(value, fitting[0], path, key=key)
        if isinstance(value, str):
            return self._text(value, schema, path, key)
        if isinstance(value, dict):
            return self.repaired(value, schema, f"{path}.")
        items = schema.get("items")
        if isinstance(value, list) and isinstance(items, Mapping):
            return self._items(value, items, path)
        return value

    def _items(self, value: list[Any], items: Mapping[str, Any], path: str) -> list[Any]:
        kinds = kinds_of(items) & _SCALARS
        is_plain = bool(kinds) and not _NARROWER.intersection(items)
        first, rest = value[: self._left], value[self._left :]
        better = [
            item
            if is_plain and is_one_of(item, kinds)
            else self._value(item, items, f"{path}[{i}]")
            for i, item in enumerate(first)
        ]
        return better + rest

    def _converted(
        self,
        value: Any,  # noqa: ANN401 - JSON
        kinds: frozenset[str],
        schema: Mapping[str, Any],
        key: str,
    ) -> Any:  # noqa: ANN401 - JSON
        better = convert(value, kinds, key)
        if better is not value or "array" not in kinds or is_nothing(value):
            return better
        # One thing where a list of such things is wanted.
        items = schema.get("items")
        if not isinstance(items, Mapping):
            return value
        wanted = kinds_of(inlined(items, self._root))
        one = convert(value, wanted, "") if wanted else value
        return [one] if not wanted or is_one_of(one, wanted) else value

    def _text(self, value: str, schema: Mapping[str, Any], path: str, key: str) -> str:
        better = listed(value, schema)
        if better == value:
            better = tidy_path(value, key)
        if better != value:
            self._notes.append(f"{path}: {value} made {better}")
        return better

    def _options(self, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the alternatives of a schema, none when one of them is nothing to judge by."""
        found = schema.get("anyOf", schema.get("oneOf"))
        if not isinstance(found, list) or not all(isinstance(part, Mapping) for part in found):
            return []
        return [inlined(part, self._root) for part in found]


def _shown(value: object) -> str:
    return "null" if value is None else repr(value)


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}
