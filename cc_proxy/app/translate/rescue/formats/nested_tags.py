"""Arguments whose names are the tags: `<file_path>a</file_path>`, lists of `<item>`, and so on."""

import re
from collections.abc import Mapping
from typing import Any

from cc_proxy.app.translate.rescue.declared import Reading, types_of
from cc_proxy.app.translate.rescue.formats.json_calls import Context, named_call
from cc_proxy.app.translate.rescue.formats.literal import DEEPEST, Unreadable, reading_json
from cc_proxy.app.translate.rescue.formats.marks import M3, mark_at
from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps

_NAME_TEXT = re.compile(r"[^<]*")
_CHILD = re.compile(r"\s*<(?P<key>[\w.-]{1,64})>")
_SPACE = re.compile(r"\s*")
_ITEMS = frozenset({"item", "element", "value", "entry", "li"})
_LONGEST_NAME = 200


def name_and_arguments(
    context: Context, pos: int, form: str, *, has_server: bool = False
) -> Steps[Reading | None]:
    """Read `<name>Read</name><arguments>{…}</arguments>`, whatever the two tags are called.

    `has_server`: the name of an MCP server was read before.
    """
    src = context.src
    opener = yield from mark_at(src, pos)
    if opener is None or opener.name not in {"name", "functionname", "toolname", "servername"}:
        return None
    end = yield from src.skip(opener.end, _NAME_TEXT)
    written = src.text[opener.end : end].strip()
    closer = yield from mark_at(src, end)
    if closer is None or not closer.closes or len(written) > _LONGEST_NAME:
        return None
    following = yield from src.skip(closer.end)
    if opener.name == "servername":
        if has_server:
            return None
        return (yield from name_and_arguments(context, following, form, has_server=True))
    opener = yield from mark_at(src, following)
    wanted = {"arguments", "parameters", "args", "input", "toolinput"}
    if opener is None or opener.closes or opener.name not in wanted:
        return None
    inner = yield from src.skip(opener.end)
    found = yield from named_call(context, inner, written, form)
    if found is None or not found.calls:
        return found
    end = yield from src.skip(found.end)
    closer = yield from mark_at(src, end)
    closed = closer is not None and closer.name == opener.name
    return Reading(found.calls, closer.end if closer and closed else found.end, open=found.open)


def tag_value(
    text: str, schema: object, work: SourceText, *, prefix: str = "", depth: int = 0
) -> Steps[Any]:
    """Return the value between two tags, by its schema.

    `prefix` precedes each tag (MiniMax M3). `work` counts the work, and pauses.

    Raises:
        Unreadable: the tags within do not match.

    """
    kinds = types_of(schema)
    if depth > DEEPEST:
        raise Unreadable("nested too deeply")
    if not isinstance(schema, Mapping) or not kinds or "string" in kinds:
        return text
    if "array" in kinds:
        items = schema.get("items")
        children = yield from _children(text, prefix, work)
        if children is None:
            return (yield from _plain(text, work))
        if any(key not in _ITEMS for key, _ in children):
            raise Unreadable("expected the items of a list")
        values = []
        for _, inner in children:
            value = tag_value(inner, items, work, prefix=prefix, depth=depth + 1)
            values.append((yield from value))
        return values
    if "object" in kinds:
        children = yield from _children(text, prefix, work)
        if children is None:
            return (yield from _plain(text, work))
        properties = schema.get("properties")
        known = properties if isinstance(properties, Mapping) else {}
        out: dict[str, Any] = {}
        for key, inner in children:
            if key in out:
                raise Unreadable("a key given twice")
            value = tag_value(inner, known.get(key), work, prefix=prefix, depth=depth + 1)
            out[key] = yield from value
        return out
    return (yield from _plain(text, work))


def _plain(text: str, work: SourceText) -> Steps[Any]:
    try:
        return (yield from reading_json(text.strip(), work))
    except Unreadable:
        return text


def _children(text: str, prefix: str, work: SourceText) -> Steps[list[tuple[str, str]] | None]:
    """Return the tags in a text with what they hold, None when it begins with none."""
    out: list[tuple[str, str]] = []
    pos = 0
    opens = prefix or M3
    while True:
        yield from work.look()
        blank = _SPACE.match(text, pos)
        start = blank.end() if blank else pos
        if start >= len(text):
            return out
        at = start + len(opens) if text.startswith(opens, start) else start
        found = _CHILD.match(text, at)
        if found is None:
            if out:
                raise Unreadable("text between tags")
            return None
        end, after = yield from _end(text, found.end(), f"{prefix}<", found["key"], work)
        out.append((found["key"], text[found.end() : end]))
        pos = after


def _end(text: str, pos: int, opens: str, key: str, work: SourceText) -> Steps[tuple[int, int]]:
    """Return where the tag that is open at `pos` closes, those of its name within it counted."""
    tags = re.compile(rf"{re.escape(opens)}(?P<slash>/?){re.escape(key)}>")
    open_ = 1
    for tag in tags.finditer(text, pos):
        yield from work.look()
        open_ += -1 if tag["slash"] else 1
        if not open_:
            return tag.start(), tag.end()
    raise Unreadable("a tag without its end")
