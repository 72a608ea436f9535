"""Values made what a schema wants, where there is one way."""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from cc_proxy.app.translate.request.schemas import JSON_TYPES
from cc_proxy.app.translate.rescue.formats.literal import Unreadable, read_json

_BOOLEANS = {"true": True, "false": False}
# Words for "there is none", where no word is wanted.
_ABSENT = frozenset({"null", "none", "None", "undefined", ""})
_SEPARATORS = re.compile(r"[^0-9a-z]+")
_PATHS = re.compile(r"path|file|dir", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:[\t\n\f\b\r\a\v]")
_CONTROLS = {
    "\t": r"\t",
    "\n": r"\n",
    "\f": r"\f",
    "\b": r"\b",
    "\r": r"\r",
    "\a": r"\a",
    "\v": r"\v",
}


def is_nothing(value: object) -> bool:
    """Return whether a value is null, or a word for it."""
    return value is None or (isinstance(value, str) and value in _ABSENT)


def convert(value: Any, kinds: frozenset[str], key: str) -> Any:  # noqa: ANN401 - JSON
    """Return a value as one of the wanted types, itself when there is no one way to that."""
    if isinstance(value, float) and value.is_integer() and "integer" in kinds:
        return int(value)
    if (
        "boolean" in kinds
        and isinstance(value, int)
        and not isinstance(value, bool)
        and value in (0, 1)
    ):
        return bool(value)
    if kinds == {"string"} and not isinstance(value, str):
        return _as_text(value, key)
    return _from_text(value, kinds) if isinstance(value, str) else value


def _as_text(value: Any, key: str) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return json.dumps(value)
    if isinstance(value, list) and key == "command":
        return shlex.join(value) if all(isinstance(word, str) for word in value) else value
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return value


def _from_text(value: str, kinds: frozenset[str]) -> Any:  # noqa: ANN401 - JSON
    text = value.strip()
    if "boolean" in kinds and text.casefold() in _BOOLEANS:
        return _BOOLEANS[text.casefold()]
    if "null" in kinds and text == "null":
        return None
    try:
        decoded = read_json(text)
    except Unreadable:
        return value
    if isinstance(decoded, float) and decoded.is_integer() and "integer" in kinds:
        decoded = int(decoded)
    return decoded if decoded is not None and is_one_of(decoded, kinds) else value


def listed(value: str, schema: Mapping[str, Any]) -> str:
    """Return a word as the schema lists it, if it is there once but for case and separators."""
    words = schema.get("enum")
    if not isinstance(words, list) or value in words:
        return value
    for same in (str.casefold, _plain):
        meant = [word for word in words if isinstance(word, str) and same(word) == same(value)]
        if len(meant) == 1:
            return meant[0]
    return value


def tidy_path(value: str, key: str) -> str:
    """Return a path without blanks around it, and with backslashes for controls."""
    if not _PATHS.search(key):
        return value
    better = value.strip() or value
    if _DRIVE.match(better):
        better = "".join(_CONTROLS.get(char, char) for char in better)
    return better


def is_one_of(value: object, kinds: frozenset[str]) -> bool:
    """Return whether a value is of one of some JSON types; 1 is no boolean, and true no number."""
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, JSON_TYPES[kind]) for kind in kinds)


def kinds_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the types a schema names; none when it has alternatives, or names none."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return frozenset({kind}) & JSON_TYPES.keys()
    if isinstance(kind, list):
        return frozenset(name for name in kind if isinstance(name, str)) & JSON_TYPES.keys()
    return frozenset()


def union_of(options: list[Mapping[str, Any]]) -> frozenset[str]:
    """Return the types that alternatives allow; none when one of them does not say."""
    kinds = [kinds_of(option) for option in options]
    return frozenset().union(*kinds) if all(kinds) else frozenset()


def kind_of(value: object) -> str:
    """Return the JSON type of a value."""
    if isinstance(value, bool):
        return "boolean"
    return next(name for name, types in JSON_TYPES.items() if isinstance(value, types))


def _plain(word: str) -> str:
    return _SEPARATORS.sub("", word.casefold())
