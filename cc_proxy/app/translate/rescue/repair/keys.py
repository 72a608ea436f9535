"""The argument that is meant by a key."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

_SEPARATORS = re.compile(r"[^0-9a-z]+")
# What other programs call the same arguments. Taken only for one that is required and missing.
_ELSEWHERE = {
    "file_path": (
        "path",
        "file",
        "filename",
        "file_name",
        "target_file",
        "absolute_path",
        "target",
    ),
    "notebook_path": ("path", "file_path", "file"),
    "command": ("cmd", "script", "bash_command", "shell_command", "code"),
    "old_string": ("old_str", "old_text", "old", "search", "find", "oldText"),
    "new_string": ("new_str", "new_text", "new", "replace", "replacement", "newText"),
    "content": ("contents", "text", "file_text", "code", "data", "body", "file_content"),
    "pattern": ("query", "regex", "search", "glob", "regexp"),
    "query": ("q", "search_query", "search", "text"),
    "url": ("uri", "link", "href"),
    "todos": ("todo_list", "items", "tasks"),
    "questions": ("question",),
}


def key_for(key: str, properties: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """Return the argument that a key means: exactly, but for letter case, or but for separators.

    None when there is none, more than one, or when another key means it as well.
    """
    if key in properties:
        return key
    for same in (str.casefold, _plain):
        folded = same(key)
        meant = [name for name in properties if same(name) == folded]
        rivals = sum(1 for name in given if same(name) == folded)
        if len(meant) == 1 and rivals == 1 and folded:
            return meant[0]
    return None


def other_names(
    given: Mapping[str, Any], properties: Mapping[str, Any], required: Iterable[str]
) -> dict[str, str]:
    """Return which unknown keys stand for required arguments that are missing: key -> argument."""
    unknown = [key for key in given if key_for(key, properties, given) is None]
    there = {key_for(key, properties, given) for key in given}
    out: dict[str, str] = {}
    for name in required:
        if name in there:
            continue
        plain = {_plain(other) for other in _ELSEWHERE.get(name, ())}
        meant = [key for key in unknown if _plain(key) in plain and key not in out]
        if len(meant) == 1:
            out[meant[0]] = name
    return out


def _plain(key: str) -> str:
    return _SEPARATORS.sub("", key.casefold())
