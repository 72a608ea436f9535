"""Calls written as JSON: objects with a name and arguments, one or several."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cc_proxy.app.translate.rescue.brackets import Extent, balanced, close
from cc_proxy.app.translate.rescue.calls import Declared, Found, RescuedCall
from cc_proxy.app.translate.rescue.literal import Unreadable, read_json
from cc_proxy.app.translate.rescue.source import Source, Steps

_NAMES = ("name", "tool_name", "function", "tool", "action")
_ARGUMENTS = ("arguments", "parameters", "input", "args", "action_input", "tool_input")
_BESIDES = frozenset({"id", "type", "index", "tool_call_id"})
# OpenAI's list of calls, which some models write as their answer.
_LIST = "tool_calls"
_FIRST_KEYS = tuple(
    f"{quote}{key}{quote}" for quote in "\"'" for key in (*_NAMES, *_ARGUMENTS, "type", _LIST)
)
# A run of braces too many, as small models close their calls.
_EXTRA = frozenset("}]")
_QUOTES = frozenset("\"'")


@dataclass(frozen=True, slots=True)
class Reading:
    """What every recogniser needs: the text, and the tools."""

    src: Source
    declared: Declared


def calls_from(
    value: object, declared: Declared, form: str, *, bare: bool = False
) -> list[RescuedCall] | None:
    """Return the calls that a JSON value is, or None when it is anything else.

    `bare`: nothing around it says that it is a call, so it must have the keys of one and no
    others, and arguments of that tool.
    """
    if isinstance(value, list):
        out: list[RescuedCall] = []
        for item in value:
            calls = calls_from(item, declared, form, bare=bare) if isinstance(item, dict) else None
            if calls is None:
                return None
            out += calls
        return out or None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get(_LIST), list) and len(value) == 1:
        return calls_from(value[_LIST], declared, form, bare=bare)
    inner = value.get("function")
    if isinstance(inner, dict) and set(value) <= {"type", "id", "index", "function"}:
        return calls_from(inner, declared, form, bare=bare)
    call = _call(value, declared, form, bare=bare)
    return None if call is None else [call]


def _call(
    value: Mapping[str, Any], declared: Declared, form: str, *, bare: bool
) -> RescuedCall | None:
    names = [key for key in _NAMES if key in value]
    arguments = [key for key in _ARGUMENTS if key in value]
    if len(names) != 1 or len(arguments) > 1 or not isinstance(value[names[0]], str):
        return None
    if set(value) - {*names, *arguments} - _BESIDES or (bare and not arguments):
        return None
    name = declared.resolve(value[names[0]])
    given = arguments_of(value[arguments[0]]) if arguments else {}
    if name is None or given is None or (bare and not declared.fits(name, given)):
        return None
    if "properties" in given and "properties" not in declared.properties(name):
        # The tool's definition, as it stands in the prompt.
        return None
    return declared.call(name, given, form)


def arguments_of(value: object) -> dict[str, Any] | None:
    """Return arguments that came as an object, as a string that holds one, or not at all."""
    if isinstance(value, str):
        try:
            value = read_json(value) if value.strip() else {}
        except Unreadable:
            return None
    if value is None:
        return {}
    return value if isinstance(value, dict) else None


def json_run(reading: Reading, pos: int, form: str, *, bare: bool = False) -> Steps[Found | None]:
    """Read the JSON values at `pos`, joined by nothing, `;` or `,`, each a call or a list of them.

    Found without calls: they are JSON, but not calls of declared tools.
    """
    src = reading.src
    if bare and not (yield from _may_be_call(reading, pos)):
        return None
    calls: list[RescuedCall] = []
    end = pos
    while True:
        extent = yield from balanced(src, pos)
        found = _calls_of(reading.declared, src.text[pos : extent.end], extent, form, bare=bare)
        if found is None:
            # What was read is not read again: what is in it is its text, whatever it looks like.
            return Found((), extent.end, bare) if bare or not calls else Found(tuple(calls), end)
        calls += found
        end = extent.end
        if extent.missing:
            return Found(tuple(calls), end, bare, open=end == len(src.text))
        if not bare:
            end = yield from _extra(src, end)
        pos = yield from src.skip(end)
        char = yield from src.char(pos)
        if char and char in ";,":
            pos = yield from src.skip(pos + 1)
            char = yield from src.char(pos)
        if char != "{" or (bare and not (yield from _may_be_call(reading, pos))):
            return Found(tuple(calls), end, bare)


def named_call(reading: Reading, pos: int, written: str, form: str) -> Steps[Found | None]:
    """Read the JSON object at `pos`: the arguments of a tool that was named before them."""
    if (yield from reading.src.char(pos)) != "{":
        return None
    extent = yield from balanced(reading.src, pos)
    text = reading.src.text[pos : extent.end]
    try:
        value = None if extent.bad else read_json(close(text, extent.missing))
    except Unreadable:
        value = None
    name = reading.declared.resolve(written)
    call = reading.declared.call(name, value, form)
    if call is None:
        return Found((), extent.end)
    if not extent.missing:
        return Found((call,), (yield from _extra(reading.src, extent.end)))
    if not reading.declared.complete(name, value or {}):
        return Found((), extent.end)
    return Found((call,), extent.end, open=extent.end == len(reading.src.text))


def _calls_of(
    declared: Declared, text: str, extent: Extent, form: str, *, bare: bool
) -> list[RescuedCall] | None:
    try:
        value = None if extent.bad else read_json(close(text, extent.missing))
    except Unreadable:
        return None
    calls = calls_from(value, declared, form, bare=bare)
    if calls and extent.missing:
        # Cut or only sloppy? Nothing that the last tool requires may be missing.
        last = read_json(calls[-1].arguments.decode())
        return calls if declared.complete(calls[-1].name, last) else None
    return calls


def _extra(src: Source, pos: int) -> Steps[int]:
    """Step over closing braces too many, where a closing tag follows them."""
    if (yield from src.char(pos)) not in _EXTRA:
        return pos
    at = pos
    while (yield from src.char(at)) in _EXTRA:
        at += 1
        at = yield from src.skip(at)
    return at if (yield from src.char(at)) in {"<", ""} else pos


def _may_be_call(reading: Reading, pos: int) -> Steps[bool]:
    """Whether the JSON at `pos` begins as a call does, so that it is worth holding back."""
    src = reading.src
    if (yield from src.char(pos)) == "[":
        pos = yield from src.skip(pos + 1)
    if (yield from src.char(pos)) != "{":
        return False
    pos = yield from src.skip(pos + 1)
    key = yield from src.starts(pos, _FIRST_KEYS)
    pos = yield from src.skip(pos + len(key))
    if not key or (yield from src.char(pos)) != ":":
        return False
    pos = yield from src.skip(pos + 1)
    quote = yield from src.char(pos)
    key = key[1:-1]
    if key == _LIST:
        return quote == "["
    if key in _ARGUMENTS:
        return quote == "{" or quote in _QUOTES
    if key == "function" and quote == "{":
        return True
    end = (yield from src.find(quote, pos + 1)) if quote in _QUOTES else -1
    value = src.text[pos + 1 : end] if end >= 0 else ""
    known = value == "function" if key == "type" else reading.declared.resolve(value) is not None
    return bool(value) and known
