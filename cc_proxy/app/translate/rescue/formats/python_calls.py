"""Calls written as Python: `[Read(file_path='a'), Grep(pattern="b")]`, literals only."""

import re
from typing import Any

from cc_proxy.app.translate.rescue.declared import Reading, RescuedCall
from cc_proxy.app.translate.rescue.formats.brackets import balanced
from cc_proxy.app.translate.rescue.formats.json_calls import Context
from cc_proxy.app.translate.rescue.formats.literal import Reader, Unreadable
from cc_proxy.app.translate.rescue.formats.source import Steps
from cc_proxy.app.translate.rescue.formats.windows_paths import escaping_paths

NAME = re.compile(r"[A-Za-z0-9_.:/-]*")
_LONGEST_NAME = 160


def python_list(
    reading: Context, pos: int, form: str, *, bare: bool = False
) -> Steps[Reading | None]:
    """Read a list of calls whose `[` is at `pos`."""
    first = yield from reading.src.skip(pos + 1)
    if not (yield from _call_starts(reading, first)):
        return None
    extent = yield from balanced(reading.src, pos, python=True)
    reading.src.spend(extent.end - pos)
    text = reading.src.text[pos : extent.end]
    if open_ := extent.missing == "]" and text.rstrip().endswith(")"):
        text += "]"
    calls = None if extent.bad else (yield from _read(text, reading, form, bare=bare))
    return Reading(tuple(calls or ()), extent.end, weak=bare, open=open_)


def python_lines(
    reading: Context, pos: int, form: str, *, bare: bool = False
) -> Steps[Reading | None]:
    """Read calls without a list around them, one after another: OLMo, Gemma."""
    calls: list[RescuedCall] = []
    end = pos
    while True:
        printed = yield from reading.src.starts(pos, ("print(",))
        start = pos + len(printed)
        if not (yield from _call_starts(reading, start)):
            break
        name_end = yield from reading.src.skip(start, NAME)
        extent = yield from balanced(reading.src, start - 1 if printed else name_end, python=True)
        inner_end = extent.end - len(printed[:1])
        text = f"[{reading.src.text[start:inner_end]}]"
        reading.src.spend(extent.end - pos)
        found = None if extent.bad else (yield from _read(text, reading, form, bare=bare))
        if found is None:
            return Reading((), extent.end, weak=bare)
        calls += found
        end = extent.end
        pos = yield from reading.src.skip(end)
        if (yield from reading.src.char(pos)) in {",", ";"}:
            pos = yield from reading.src.skip(pos + 1)
    return Reading(tuple(calls), end, weak=bare) if calls else None


def _call_starts(reading: Context, pos: int) -> Steps[bool]:
    """Return whether the name of a declared tool and `(` are at `pos`."""
    end = yield from reading.src.skip(pos, NAME)
    if not 0 < end - pos < _LONGEST_NAME or (yield from reading.src.char(end)) != "(":
        return False
    return reading.declared.resolve(reading.src.text[pos:end]) is not None


def _read(text: str, reading: Context, form: str, *, bare: bool) -> Steps[list[RescuedCall] | None]:
    declared = reading.declared
    reader = Reader((yield from escaping_paths(text, reading.src)), reading.src, python=True)
    out: list[RescuedCall] = []
    try:
        reader.expect("[")
        while not reader.take("]"):
            name = declared.resolve(reader.word())
            arguments = yield from _arguments(reader)
            call = declared.call(name, arguments, form)
            if call is None or (bare and not declared.fits(call.name, arguments)):
                return None
            out.append(call)
            if not reader.take(","):
                reader.expect("]")
                break
        reader.finish()
    except Unreadable:
        return None
    return out or None


def _arguments(reader: Reader) -> Steps[dict[str, Any]]:
    """Read `(key=literal, …)`."""
    out: dict[str, Any] = {}
    reader.expect("(")
    while not reader.take(")"):
        key = reader.word()
        if not key or key in out:
            raise Unreadable("expected the name of an argument")
        reader.expect("=")
        out[key] = yield from reader.value()
        if not reader.take(","):
            reader.expect(")")
            break
    return out
