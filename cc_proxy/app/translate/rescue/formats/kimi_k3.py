"""Kimi K3: everything between `<|open|>name attributes<|sep|>` and `<|close|>name<|sep|>`."""

import re
from typing import Any

from cc_proxy.app.translate.rescue.declared import Reading, RescuedCall
from cc_proxy.app.translate.rescue.formats.json_calls import Context
from cc_proxy.app.translate.rescue.formats.literal import Unreadable, reading_json
from cc_proxy.app.translate.rescue.formats.source import Steps

K3_OPENERS = ("<|open|>tools<|sep|>", '<|open|>call tool="')
_TOKEN = re.compile(
    r"<\|open\|>(?P<open>\w{1,24})(?P<attributes>[^<>]{0,300})<\|sep\|>|<\|close\|>(?P<close>\w{1,24})<\|sep\|>"
)
_ATTRIBUTE = re.compile(r'\b(\w{1,24})="([^"]{0,200})"')


def kimi_k3(context: Context, pos: int) -> Steps[Reading | None]:
    """Read the calls whose first token is at `pos`, up to what closes them."""
    src = context.src
    calls: list[RescuedCall] = []
    name: str | None = None
    values: dict[str, Any] = {}
    key, kind, start = "", "", -1
    end = pos
    while True:
        token = yield from src.tag(_TOKEN, pos)
        if token is None:
            return Reading(tuple(calls), end if calls else len(src.text), open=True)
        between = src.text[pos : token.start()]
        pos = token.end()
        attributes = dict(_ATTRIBUTE.findall(token["attributes"] or ""))
        if start >= 0:
            # Within an argument only its own end counts; anything else was torn.
            if token["close"] != "argument":
                return Reading((), token.start())
            value = src.text[start : token.start()]
            values[key] = yield from _value(context, name, (key, kind), value)
            start = -1
        elif between.strip():
            return Reading(tuple(calls), end) if calls else Reading((), token.start())
        elif token["open"] == "call":
            name, values = attributes.get("tool"), {}
        elif token["open"] == "argument" and name and attributes.get("key"):
            key, kind, start = attributes["key"], attributes.get("type", ""), pos
            if key in values:
                return Reading((), token.start())
        elif token["close"] == "call":
            call = context.declared.call(name, values, "kimi-k3", marked=True)
            if call is None:
                return Reading((), pos)
            calls.append(call)
            name, end = None, pos
        elif token["close"] in {"tools", "message"}:
            return Reading(tuple(calls), pos)
        elif token["open"] != "tools":
            return Reading(tuple(calls), end) if calls else Reading((), token.start())


def _value(context: Context, name: str | None, argument: tuple[str, str], text: str) -> Steps[Any]:
    key, kind = argument
    if kind == "string":
        return text
    if kind:
        try:
            return (yield from reading_json(text.strip(), context.src))
        except Unreadable:
            return text
    tool = context.declared.resolve(name or "")
    return (yield from context.declared.value(tool, key, text, context.src))
