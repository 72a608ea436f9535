"""The comparison of a call's input from the client with the one that the model wrote.

On the way it was put right (other keys, numbers for strings, JSON out of strings), and the client
adds defaults. None of that invents a word or a number, and a change by a person or a hook does.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from cc_proxy.app.translate.rescue.formats.literal import Unreadable, read_json

_DEEPEST = 40


def same_input(written: bytes, sent_back: bytes) -> bool:
    """Return whether each word and number that was sent back is in what was written.

    Both are the JSON of a call's arguments. What is no JSON was not changed by anybody.
    """
    if written == sent_back:
        return True
    try:
        ours, theirs = msgspec.json.decode(written), msgspec.json.decode(sent_back)
    except (msgspec.DecodeError, RecursionError):
        return True
    if ours == theirs:
        return True
    known = set(_words(ours, 0))
    return all(word in known for word in _words(theirs, _DEEPEST))


def _words(value: Any, opened: int) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the texts and numbers within a value, and within the JSON that its texts hold."""
    waiting = [(value, opened)]
    while waiting:
        value, opened = waiting.pop()
        if isinstance(value, dict):
            waiting += [(inner, opened) for inner in value.values()]
        elif isinstance(value, list):
            waiting += [(inner, opened) for inner in value]
        elif isinstance(value, str):
            yield value.strip().casefold()
            inner = _held(value) if opened < _DEEPEST else None
            if inner is not None:
                waiting.append((inner, opened + 1))
        elif isinstance(value, float) and value.is_integer():
            yield str(int(value))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield str(value)


def _held(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return the object or list that a text is, None when it is something else."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return None
    try:
        return read_json(text.strip())
    except Unreadable:
        return None
