"""Calls which nothing marks but their shape: bare, or alone in a fence.

They are found only where they may be the last thing in the answer (`weak`).
"""

from cc_proxy.app.translate.rescue.declared import Reading
from cc_proxy.app.translate.rescue.formats.json_calls import Context, json_run
from cc_proxy.app.translate.rescue.formats.marks import mark_at
from cc_proxy.app.translate.rescue.formats.markup import wrapped
from cc_proxy.app.translate.rescue.formats.python_calls import python_lines, python_list
from cc_proxy.app.translate.rescue.formats.source import BLANKS, Steps

FENCE = "```"
_JSON = ("json", "jsonc", "xml", "tool_call", "tool_calls", "tool", "tool_code", "")
_PYTHON = "tool_code"
_XML = "xml"
_INFOS = tuple(f"{info}{end}" for info in _JSON for end in "\n\r ")


def bare(reading: Context, pos: int) -> Steps[Reading | None]:
    """Read a JSON object or a list, of JSON or of Python, that begins a line."""
    char = yield from reading.src.char(pos)
    if char == "{":
        return (yield from json_run(reading, pos, "json", bare=True))
    found = yield from json_run(reading, pos, "json", bare=True)
    if found is None:
        found = yield from python_list(reading, pos, "pythonic", bare=True)
    return found


def action(reading: Context, pos: int) -> Steps[Reading | None]:
    """Read Command-R's `Action: ` and the fence after it."""
    pos = yield from reading.src.skip(pos + len("Action:"))
    if (yield from reading.src.starts(pos, (FENCE,))):
        return (yield from fenced(reading, pos, "command-r"))
    return None


def fenced(reading: Context, pos: int, form: str = "") -> Steps[Reading | None]:
    """Read a fence that holds calls and nothing else."""
    src = reading.src
    info = yield from src.starts(pos + len(FENCE), _INFOS)
    if not info:
        return None
    language = info.strip()
    line = yield from src.skip(pos + len(FENCE) + len(language), BLANKS)
    if (yield from src.char(line)) not in {"\n", "\r"}:
        return None
    start = yield from src.skip(line)
    found: Reading | None
    if language == _PYTHON and (yield from src.char(start)) not in {"[", "{"}:
        found = yield from python_lines(reading, start, form or "gemma", bare=True)
    elif (yield from src.char(start)) in {"[", "{"}:
        found = yield from json_run(reading, start, form or "fenced json", bare=True)
        if found is None and language == _PYTHON:
            found = yield from python_list(reading, start, "gemma", bare=True)
    elif language == _XML and (yield from src.char(start)) == "<":
        found = yield from _marked(reading, start)
    else:
        return None
    if found is None or not found.calls:
        return None
    end = yield from src.skip(found.end)
    closed = yield from src.starts(end, (FENCE,))
    if not closed and (yield from src.char(end)):
        return None
    return Reading(found.calls, end + len(closed), weak=True, open=found.open)


def _marked(reading: Context, pos: int) -> Steps[Reading | None]:
    """Read a call with the tags of a family, and what closes it."""
    mark = yield from mark_at(reading.src, pos)
    if mark is None or not mark.form:
        return None
    found = yield from wrapped(reading, mark.end, mark.form)
    if found is None or any(
        call.unknown or not reading.declared.fitting(call) for call in found.calls
    ):
        return None
    end = yield from reading.src.skip(found.end)
    while (yield from reading.src.char(end)) == "<":
        mark = yield from mark_at(reading.src, end)
        if mark is None or not mark.closes:
            break
        end = yield from reading.src.skip(mark.end)
    return Reading(found.calls, end, open=found.open)
