"""The place at which a prompt parts from the one before it: the byte that makes the model read on.

Two prompts of a conversation share all keys up to that place (prefix.py). Where the texts of both
are in memory, the byte is known too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from cc_proxy.app.translate.prompt.prefix import BLOCK, TOOLS, Part, Prompt

Change = Literal[
    "changed",
    "digits",
    "white_space",
    "appended",
    "cut",
    "inserted",
    "removed",
    "images",
    "unknown",
]
Text = str | bytes

# A longer text is said to have changed, and not looked into.
_MAX_LOOKED_INTO = 256 * 1024
_WORDS_BEFORE, _WORDS_AFTER = 40, 80
_Patterns = tuple[re.Pattern[str], re.Pattern[bytes]]
_DIGITS: _Patterns = (re.compile(r"\d+"), re.compile(rb"\d+"))
_SPACES: _Patterns = (re.compile(r"\s+"), re.compile(rb"\s+"))
_NO_TURNS = ("system", TOOLS)
# The texts of a turn with thinking or calls: these two, then a name and arguments for each call.
_CALLS_FROM = 2
_MAX_NAME = 200


class _Function(msgspec.Struct):
    name: str


class _Tool(msgspec.Struct):
    function: _Function


class PromptSnapshot(msgspec.Struct, gc=False):
    """A prompt as it is remembered for the next one; `texts` None: only its keys are."""

    model: str
    parts: tuple[Part, ...]
    texts: tuple[tuple[Text, ...], ...] | None

    @classmethod
    def of(cls, prompt: Prompt) -> "PromptSnapshot":
        """Return that of a prompt whose texts were not released."""
        return cls(prompt.model, prompt.parts, tuple(part.texts for part in prompt.parts))

    @property
    def size(self) -> int:
        """Its length in letters."""
        return sum(part.size for part in self.parts)


@dataclass(frozen=True, slots=True)
class Difference:
    """The first part that differs, and how.

    `turn` numbers the turns after the system prompt and the tools from 1, 0 for these two. `block`
    is the text, the thinking, or the name or arguments of a call; `tool` is the first of the tools
    that differs. `byte` (in UTF-8, from 0 in that block) and the excerpts are known only where the
    earlier text was in memory. `shared` is the share of the earlier prompt that both have.
    """

    role: str
    turn: int
    change: Change
    shared: float
    turns_before: int
    turns_after: int
    block: str = "text"
    tool: str = ""
    byte: int | None = None
    bytes_before: int | None = None
    bytes_after: int | None = None
    words_before: str = ""
    words_after: str = ""


def first_difference(before: PromptSnapshot, after: PromptSnapshot) -> Difference | None:
    """Return where a prompt parts from an earlier one; None if one of the two continues the other.

    A turn at the end that only grew is continued.
    """
    place = common_parts(before, after)
    if place in (len(before.parts), len(after.parts)):
        return None
    role = after.parts[place].role
    found = Difference(
        role=role,
        turn=0 if role in _NO_TURNS else _turns(after.parts[: place + 1]),
        change="unknown",
        shared=_shared(before, after, place),
        turns_before=_turns(before.parts),
        turns_after=_turns(after.parts),
    )
    if before.texts is None or after.texts is None:
        return found
    if change := _moved(before.texts, after.texts, place):
        return replace(found, change=change)
    found = _looked_into(found, before.texts[place], after.texts[place])
    if found.change == "appended" and place == len(before.parts) - 1:
        return None
    return found


def common_parts(before: PromptSnapshot, after: PromptSnapshot) -> int:
    """Return how many parts at the start are the same in both."""
    # Each key stands for all that precedes it.
    low, high = 0, min(len(before.parts), len(after.parts))
    while low < high:
        middle = (low + high) // 2
        if before.parts[middle].keys[-1] == after.parts[middle].keys[-1]:
            low = middle + 1
        else:
            high = middle
    return low


def _turns(parts: Sequence[Part]) -> int:
    return sum(part.role not in _NO_TURNS for part in parts)


def _shared(before: PromptSnapshot, after: PromptSnapshot, place: int) -> float:
    same = sum(part.size for part in before.parts[:place])
    pairs = zip(before.parts[place].keys, after.parts[place].keys, strict=False)
    blocks = sum(one == other for one, other in pairs)
    same += min(blocks * BLOCK, before.parts[place].size)
    return same / max(1, before.size)


def _moved(
    before: Sequence[tuple[Text, ...]], after: Sequence[tuple[Text, ...]], place: int
) -> Change | None:
    """Return whether a part was put before the earlier one, or the earlier one was taken out."""
    if place + 1 < len(after) and before[place] == after[place + 1]:
        return "inserted"
    if place + 1 < len(before) and before[place + 1] == after[place]:
        return "removed"
    return None


def _looked_into(
    found: Difference, before: tuple[Text, ...], after: tuple[Text, ...]
) -> Difference:
    pairs = zip(before, after, strict=False)
    number = next((n for n, (one, other) in enumerate(pairs) if one != other), None)
    if number is None:
        # The same words: images differ, or there are more or fewer calls.
        change: Change = "images" if len(before) == len(after) else "changed"
        return replace(found, change=change)
    one, other = before[number], after[number]
    at = common_length(one, other)
    return replace(
        found,
        change=_kind(one, other, at),
        block=_block(number, len(after)),
        tool=_tool(one, other) if isinstance(one, bytes) and isinstance(other, bytes) else "",
        byte=_bytes(other[:at]),
        bytes_before=_bytes(one),
        bytes_after=_bytes(other),
        words_before=_excerpt(one, at),
        words_after=_excerpt(other, at),
    )


def common_length(one: Text, other: Text) -> int:
    """Return how many letters or bytes two texts have in common at their start."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _kind(one: Text, other: Text, at: int) -> Change:
    if at == len(one):
        return "appended"
    if at == len(other):
        return "cut"
    if len(one) + len(other) > _MAX_LOOKED_INTO:
        return "changed"
    if _without(_SPACES, one) == _without(_SPACES, other):
        return "white_space"
    return "digits" if _without(_DIGITS, one) == _without(_DIGITS, other) else "changed"


def _without(patterns: _Patterns, text: Text) -> Text:
    if isinstance(text, str):
        return patterns[0].sub("", text)
    return patterns[1].sub(b"", text)


def _block(number: int, texts: int) -> str:
    """Return the name of a text by its place among the texts of a part (prefix.Part)."""
    if texts == 1:
        return "text"
    if number < _CALLS_FROM:
        return ("thinking", "text")[number]
    return "call" if number % 2 == 0 else "arguments"


def _tool(one: bytes, other: bytes) -> str:
    """Return the name of the first tool that differs, "" where they cannot be told apart."""
    tools, others = _tools(one), _tools(other)
    for before, after in zip(tools, others, strict=False):
        if before != after:
            return _name(after)
    longer = max(tools, others, key=len)
    shorter = min(len(tools), len(others))
    return _name(longer[shorter]) if len(longer) > shorter else ""


def _tools(raw: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return []


def _name(tool: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(tool, type=_Tool).function.name[:_MAX_NAME]
    except msgspec.DecodeError:
        return ""


def _bytes(text: Text) -> int:
    return len(text.encode("utf-8", "replace") if isinstance(text, str) else text)


def _excerpt(text: Text, at: int) -> str:
    part = text[max(0, at - _WORDS_BEFORE) : at + _WORDS_AFTER]
    return part if isinstance(part, str) else part.decode("utf-8", "replace")
