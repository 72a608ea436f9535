"""Patterns that also match what is not there as a whole yet, at the end of the text."""

import re
from collections.abc import Iterable
from typing import TypeAlias

_Trie: TypeAlias = "dict[str, _Trie]"


def pattern_of(words: Iterable[str]) -> str:
    r"""Return a pattern that matches any of `words`, or one's beginning at the end of the text.

    The words are parted letter by letter, so that what differs early is left early.
    """
    root: _Trie = {}
    for word in words:
        node = root
        for char in word:
            if "" in node:
                # A shorter word is enough.
                break
            node = node.setdefault(char, {})
        else:
            node.clear()
            node[""] = {}
    return _pattern(root)


def _pattern(node: _Trie) -> str:
    if "" in node:
        return ""
    parts = [re.escape(char) + _pattern(child) for char, child in node.items()]
    return rf"(?:{'|'.join(parts)}|\Z)"
