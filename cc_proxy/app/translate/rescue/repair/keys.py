"""The argument that is meant by a key."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

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


def known_keys(given: Iterable[str], properties: Iterable[str]) -> dict[str, str]:
    """Return which keys mean an argument: exactly, but for letter case, or but for separators.

    A key that means none, more than one, or the same as another key is not among them. The work
    grows as the keys do, not as their square.
    """
    arguments = list(properties)
    found = {key: key for key in set(arguments).intersection(given)}
    for same in (str.casefold, _plain):
        rest = [key for key in given if key not in found]
        if not rest:
            break
        meant = _grouped(arguments, same)
        rivals = Counter(map(same, given))
        for key in rest:
            folded = same(key)
            if folded and rivals[folded] == 1 and len(meant.get(folded, ())) == 1:
                found[key] = meant[folded][0]
    return found


def _grouped(names: Iterable[str], same: Callable[[str], str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(same(name), []).append(name)
    return groups


def other_names(
    given: Iterable[str], known: Mapping[str, str], required: Iterable[str]
) -> dict[str, str]:
    """Return which unknown keys stand for required arguments that are missing: key -> argument.

    `known` is what `known_keys` has found.
    """
    unknown = [key for key in given if key not in known]
    if not unknown:
        return {}
    there = set(known.values())
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
