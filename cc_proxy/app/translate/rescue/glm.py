"""Calls as GLM writes them: `<tool_call>Read<arg_key>…</arg_key><arg_value>…</arg_value>`.

A value may hold anything, a text about such calls included: what opens within must close within.
"""

import re
from collections.abc import Set as AbstractSet
from typing import Any

from cc_proxy.app.translate.rescue.calls import Found
from cc_proxy.app.translate.rescue.json_calls import Reading
from cc_proxy.app.translate.rescue.source import Source, Steps
from cc_proxy.app.translate.rescue.tags import unwrapped

_KEY = re.compile(r"[^<]*")


def glm(reading: Reading, pos: int, name: str | None, form: str) -> Steps[Found]:
    """Read `<arg_key>…</arg_key><arg_value>…</arg_value>` pairs from `pos` on."""
    src = reading.src
    values: dict[str, Any] = {}
    end = pos
    while True:
        pos = yield from src.skip(end)
        if not (yield from src.starts(pos, ("<arg_key>",))):
            break
        start = pos + len("<arg_key>")
        stop = yield from src.skip(start, _KEY)
        if not (yield from src.starts(stop, ("</arg_key>",))):
            return Found((), end)
        key = src.text[start:stop].strip()
        pos = yield from src.skip(stop + len("</arg_key>"))
        if not (yield from src.starts(pos, ("<arg_value>",))) or key in values:
            return Found((), pos)
        start = pos + len("<arg_value>")
        awaited = reading.declared.properties(name or "").keys() - {*values, key}
        stop = yield from _value_end(reading.src, start, awaited)
        if stop < 0:
            return Found((), len(src.text))
        value = unwrapped(src.text[start:stop])
        values[key] = reading.declared.value(name, key, value)
        end = stop + len("</arg_value>")
    closed = yield from src.starts(pos, ("</tool_call>",))
    if not closed and not reading.declared.complete(name, values):
        return Found((), end)
    call = reading.declared.call(name, values, form)
    return Found((call,) if call else (), pos + len(closed) if closed else end, open=not closed)


def _value_end(src: Source, pos: int, awaited: AbstractSet[str]) -> Steps[int]:
    """Return where the argument ends: at a closing tag after which the format goes on.

    After one that may belong to a tag within, the call must go on with an argument that is
    `awaited`, or be over.
    """
    inner = 0
    start = pos
    while True:
        stop = yield from src.find("</arg_value>", pos)
        if stop < 0:
            return -1
        inner += src.text.count("<arg_value>", start, stop)
        start = pos = stop + len("</arg_value>")
        after = yield from src.skip(pos)
        if not (yield from src.char(after)):
            return stop
        tag = yield from src.starts(after, ("<arg_key>", "</tool_call>", "<tool_call>"))
        if tag and (not inner or (yield from _goes_on(src, after, tag, awaited))):
            return stop
        inner = max(0, inner - 1)


def _goes_on(src: Source, pos: int, tag: str, awaited: AbstractSet[str]) -> Steps[bool]:
    """Whether the call itself goes on with the tag at `pos`, rather than one within it."""
    after = pos + len(tag)
    if tag == "<arg_key>":
        stop = yield from src.skip(after, _KEY)
        return src.text[after:stop].strip() in awaited
    if tag == "<tool_call>":
        return False
    after = yield from src.skip(after)
    next_call = yield from src.starts(after, ("<tool_call>",))
    return bool(next_call) or not (yield from src.char(after))
