"""Calls written as JSON: objects with a name and arguments, one or several."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cc_proxy.app.translate.rescue.declared import DeclaredTools, Reading, RescuedCall
from cc_proxy.app.translate.rescue.formats.brackets import Extent, balanced, close
from cc_proxy.app.translate.rescue.formats.literal import Unreadable, reading_json
from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps

_NAMES = ("name", "tool_name", "function", "tool", "action", "function_name", "recipient_name")
_ARGUMENTS = (
    *("arguments", "parameters", "input", "args", "action_input", "tool_input", "params", "kwargs"),
    *("tool_args", "tool_arguments"),
)
_BESIDES = frozenset({"id", "type", "index", "tool_call_id", "call_id", "caller"})
# OpenAI's list of calls, which some models write as their answer.
_LIST = "tool_calls"
_KINDS = frozenset({"function", "tool_use", "tool_call", "function_call"})
# Arguments may be a string that holds a string.
_MOST_QUOTED = 3
_FIRST_KEYS = tuple(
    f"{quote}{key}{quote}" for quote in "\"'" for key in (*_NAMES, *_ARGUMENTS, "type", _LIST)
)
# A run of braces too many, as small models close their calls.
_EXTRA = frozenset("}]")
_QUOTES = frozenset("\"'")


@dataclass(frozen=True, slots=True)
class Context:
    """The input of every reader: the text, and the tools."""

    src: SourceText
    declared: DeclaredTools


def calls_from(
    value: object, reading: Context, form: str, *, bare: bool = False
) -> Steps[list[RescuedCall] | None]:
    """Return the calls that a JSON value is, or None when it is anything else.

    `bare`: nothing around it says that it is a call, so it must have the keys of one and no
    others, and arguments of that tool.
    """
    declared = reading.declared
    yield from reading.src.look()
    if isinstance(value, list):
        out: list[RescuedCall] = []
        for item in value:
            if not isinstance(item, dict):
                return None
            calls = yield from calls_from(item, reading, form, bare=bare)
            if calls is None:
                return None
            out += calls
        return out or None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get(_LIST), list) and len(value) == 1:
        return (yield from calls_from(value[_LIST], reading, form, bare=bare))
    inner = value.get("function")
    if isinstance(inner, dict) and set(value) <= {"type", "id", "index", "function"}:
        return (yield from calls_from(inner, reading, form, bare=bare))
    if len(value) == 1:
        # Apertus, and small models: the tool's name is the key.
        [(key, given)] = value.items()
        name = declared.resolve(key) if isinstance(given, dict) else None
        if name and declared.fits(name, given) and "properties" not in given:
            call = declared.call(key, given, form)
            return None if call is None else [call]
    call = yield from _call(value, reading, form, bare=bare)
    return None if call is None else [call]


def _call(
    value: Mapping[str, Any], reading: Context, form: str, *, bare: bool
) -> Steps[RescuedCall | None]:
    declared = reading.declared
    names = [key for key in _NAMES if key in value]
    arguments = [key for key in _ARGUMENTS if key in value]
    if len(names) != 1 or len(arguments) > 1 or not isinstance(value[names[0]], str):
        return None
    if set(value) - {*names, *arguments} - _BESIDES or (bare and not arguments):
        return None
    written = value[names[0]]
    name = declared.resolve(written, elsewhere=not bare)
    given = (yield from _arguments_of(value[arguments[0]], reading.src)) if arguments else {}
    if given is None or (bare and (name is None or not declared.fits(name, given))):
        return None
    if "properties" in given and given.get("type", "object") == "object" and "type" in given:
        # The tool's definition, as it is in the prompt.
        return None
    if name is None and not arguments:
        return None
    return declared.call(written, given, form, marked=not bare)


def _arguments_of(value: object, work: SourceText) -> Steps[dict[str, Any] | None]:
    """Return arguments that came as an object, as a string that holds one, or not at all."""
    for _ in range(_MOST_QUOTED):
        if not isinstance(value, str):
            break
        try:
            value = (yield from reading_json(value, work)) if value.strip() else {}
        except Unreadable:
            return None
    if value is None:
        return {}
    return value if isinstance(value, dict) else None


def json_run(reading: Context, pos: int, form: str, *, bare: bool = False) -> Steps[Reading | None]:
    """Read the JSON values at `pos`, joined by nothing, `;` or `,`, each a call or a list of them.

    Reading without calls: they are JSON, but not calls of declared tools.
    """
    src = reading.src
    if bare and not (yield from _may_be_call(reading, pos)):
        return None
    calls: list[RescuedCall] = []
    end = pos
    while True:
        extent = yield from balanced(src, pos)
        text = src.text[pos : extent.end]
        found = yield from _calls_of(reading, text, extent, form, bare=bare)
        if found is None:
            # What was read is not read again: what is in it is its text, whatever it looks like.
            return (
                Reading((), extent.end, bare) if bare or not calls else Reading(tuple(calls), end)
            )
        calls += found
        end = extent.end
        if extent.missing:
            return Reading(tuple(calls), end, bare, open=end == len(src.text))
        if not bare:
            end = yield from _extra(src, end)
        pos = yield from src.skip(end)
        char = yield from src.char(pos)
        if char and char in ";,":
            pos = yield from src.skip(pos + 1)
            char = yield from src.char(pos)
        if char != "{" or (bare and not (yield from _may_be_call(reading, pos))):
            return Reading(tuple(calls), end, bare)


def named_call(reading: Context, pos: int, written: str, form: str) -> Steps[Reading | None]:
    """Read the JSON object at `pos`: the arguments of a tool that was named before them."""
    if (yield from reading.src.char(pos)) != "{":
        return None
    extent = yield from balanced(reading.src, pos)
    value = yield from _value_of(reading, reading.src.text[pos : extent.end], extent)
    name = reading.declared.resolve(written, elsewhere=True)
    call = reading.declared.call(written, value, form, marked=True)
    if call is None:
        return Reading((), extent.end)
    if not extent.missing:
        return Reading((call,), (yield from _extra(reading.src, extent.end)))
    if call.unknown or not reading.declared.complete(name, value or {}):
        return Reading((), extent.end)
    return Reading((call,), extent.end, open=extent.end == len(reading.src.text))


def _value_of(reading: Context, text: str, extent: Extent) -> Steps[Any]:
    """Return the value that was written, None if it cannot be read."""
    if extent.bad:
        return None
    reading.src.spend(len(text))
    yield from reading.src.look()
    try:
        return (yield from reading_json(close(text, extent.missing), reading.src))
    except Unreadable:
        return None


def _calls_of(
    reading: Context, text: str, extent: Extent, form: str, *, bare: bool
) -> Steps[list[RescuedCall] | None]:
    declared = reading.declared
    value = yield from _value_of(reading, text, extent)
    calls = yield from calls_from(value, reading, form, bare=bare)
    if calls and extent.missing:
        # Cut or only sloppy? Nothing that the last tool requires may be missing.
        last = msgspec.json.decode(calls[-1].arguments)
        whole = not calls[-1].unknown and declared.complete(calls[-1].name, last)
        return calls if whole else None
    return calls


def _extra(src: SourceText, pos: int) -> Steps[int]:
    """Step over closing braces too many, where a closing tag follows them."""
    if (yield from src.char(pos)) not in _EXTRA:
        return pos
    at = pos
    while (yield from src.char(at)) in _EXTRA:
        at += 1
        at = yield from src.skip(at)
    return at if (yield from src.char(at)) in {"<", ""} else pos


def _may_be_call(reading: Context, pos: int) -> Steps[bool]:
    """Return whether the JSON at `pos` begins as a call does, so that it is worth holding back."""
    src = reading.src
    if (yield from src.char(pos)) == "[":
        pos = yield from src.skip(pos + 1)
    if (yield from src.char(pos)) != "{":
        return False
    pos = yield from src.skip(pos + 1)
    names = tuple(f'"{name}"' for name in reading.declared.names)
    key = yield from src.starts(pos, (*_FIRST_KEYS, *names))
    pos = yield from src.skip(pos + len(key))
    if not key or (yield from src.char(pos)) != ":":
        return False
    pos = yield from src.skip(pos + 1)
    quote = yield from src.char(pos)
    key = key[1:-1]
    if key in reading.declared.names:
        return quote == "{"
    if key == _LIST:
        return quote == "["
    if key in _ARGUMENTS:
        return quote == "{" or quote in _QUOTES
    if key == "function" and quote == "{":
        return True
    end = (yield from src.find(quote, pos + 1)) if quote in _QUOTES else -1
    value = src.text[pos + 1 : end] if end >= 0 else ""
    known = value in _KINDS if key == "type" else reading.declared.resolve(value) is not None
    return bool(value) and known
