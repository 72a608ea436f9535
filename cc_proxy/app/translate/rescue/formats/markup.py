"""Calls between special tokens or tags: what may stand inside them.

One grammar for all families, since models mix them: whatever opens, any body is read.
"""

import re

from cc_proxy.app.translate.rescue.declared import Reading
from cc_proxy.app.translate.rescue.formats.glm import glm, glued_name
from cc_proxy.app.translate.rescue.formats.json_calls import Context, json_run, named_call
from cc_proxy.app.translate.rescue.formats.marks import Mark, mark_at
from cc_proxy.app.translate.rescue.formats.nested_tags import name_and_arguments
from cc_proxy.app.translate.rescue.formats.python_calls import NAME, python_lines, python_list
from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps
from cc_proxy.app.translate.rescue.formats.tags import header_at, tagged

HARMONY = ("<|end|>", "<|start|>", "<|channel|>", "assistant", "commentary", "analysis", "to=")
_MOST_MARKS = 12
# Before its arguments a call may name the kind of the tool, its number, and the tool.
_MOST_NAMES = 4
# The text between a tool's name and its arguments.
_SEPARATORS = frozenset(
    {"toolsep", "toolcallargumentbegin", "toolcallargs", "rolesep", "toolcallname"}
)
_FENCES = ("```json", "```")
_HARMONY_AFTER = (
    *("<|channel|>", "commentary", "analysis", "<|constrain|>", "json", "code", "<|message|>"),
)
_KEY = re.compile(r"[\"'\w$.-]*")
_CALL_ID = re.compile(r"[\w-]*")


def wrapped(context: Context, pos: int, form: str) -> Steps[Reading | None]:
    """Read the text after an opener. Openers are nested, and some are written twice.

    A run of them that nothing follows is read once: it is no call, but for its last one.
    """
    src = context.src
    last = -1
    while True:
        pos = yield from src.skip(pos)
        if (yield from src.starts(pos, ("[TOOL_CALLS]",))):
            last = pos
            pos += len("[TOOL_CALLS]")
            continue
        if (yield from src.char(pos)) not in {"<", "]"}:
            break
        mark = yield from mark_at(src, pos)
        if mark and mark.name == "think":
            # Thinking that is empty, or whose end was late.
            pos = mark.end
            continue
        opens = mark and (mark.form or (mark.name in {"plugin", "toolsep"} and mark.name))
        if mark is None or not opens or (yield from header_at(src, pos)):
            break
        if mark.form and mark.form not in {"tag", "minimax"}:
            form = mark.form
        last = pos
        pos = mark.end
    found = yield from body(context, pos, form)
    return Reading((), last) if found is None and last >= 0 else found


def body(context: Context, pos: int, form: str, *, names: int = 0) -> Steps[Reading | None]:
    """Read one call, or a run of them, in whatever way it is written.

    `names`: how many were read before it.
    """
    src = context.src
    pos = yield from src.skip(pos)
    fence = yield from src.starts(pos, _FENCES)
    pos = yield from src.skip(pos + len(fence))
    char = yield from src.char(pos)
    found: Reading | None
    if char in {"<", "]"}:
        header = yield from header_at(src, pos)
        if header:
            return (yield from tagged(context, header))
        return (yield from name_and_arguments(context, pos, form)) if char == "<" else None
    if char == "{":
        found = yield from json_run(context, pos, form)
    elif char == "[":
        found = yield from json_run(context, pos, form)
        if found is None or not found.calls:
            found = (yield from python_list(context, pos, form)) or found
    else:
        called = yield from src.starts(pos, ("call:",))
        found = yield from named(context, pos + len(called), form, wrapped=True, names=names)
    return (yield from _unfenced(context, found)) if fence else found


def named(
    context: Context, pos: int, form: str, *, wrapped: bool = False, names: int = 0
) -> Steps[Reading | None]:
    """Read a call that begins with the tool's name.

    Unless it is `wrapped`, a mark of the family must be between the name and the arguments.
    `names`: how many were read before this one.
    """
    src = context.src
    names += 1
    if names > _MOST_NAMES:
        return None
    end = yield from src.skip(pos, NAME)
    written = src.text[pos:end]
    following = yield from src.skip(end)
    char = yield from src.char(following)
    if not written:
        return None
    if char == "(" and wrapped:
        return (yield from python_lines(context, pos, form))
    if char == "{" and (wrapped or following == end):
        if not (wrapped or (yield from _has_key(src, following))):
            return None
        found = yield from named_call(context, following, written, form)
        return found if wrapped else _bare(context, found)
    mark = (yield from mark_at(src, following)) if char == "<" else None
    if mark and wrapped and written == "function" and mark.name == "toolsep":
        # DeepSeek writes the kind of the tool before its name, Step its own tags.
        return (yield from body(context, mark.end, form, names=names))
    if mark and mark.name == "toolcallname":
        # Solar numbers its calls, and names the tool then.
        return (yield from named(context, mark.end, "solar", wrapped=True, names=names))
    if mark and mark.name == "toolsep":
        after = yield from src.skip(mark.end)
        inner = (yield from mark_at(src, after)) if (yield from src.char(after)) == "<" else None
        following, mark = (after, inner) if inner else (following, mark)
    if mark and _is_glm(mark, context, written, wrapped=wrapped):
        glm_form = "glm" if form in {"hermes", "tag", "named"} else form
        return (yield from glm(context, following, written, glm_form))
    if mark and mark.name == "contentinvoketooljson" and (wrapped or _is_tool(context, written)):
        # Inkling names the tool before the token, and again in the object.
        return (yield from body(context, mark.end, "inkling", names=names))
    return (yield from _marked(context, following, written, form, wrapped=wrapped))


def _is_tool(context: Context, written: str) -> bool:
    return context.declared.resolve(written) is not None


def _is_glm(mark: Mark, context: Context, written: str, *, wrapped: bool) -> bool:
    """Return whether a name is followed by one of GLM's keys, or by the end of the call."""
    if mark.name.endswith("argkey") and not mark.closes:
        return True
    if not wrapped:
        return False
    if mark.name.endswith("argkey"):
        return glued_name(context, written) is not None
    if not mark.closes and mark.name.endswith("toolcall"):
        return context.declared.resolve(written) is not None
    return mark.closes and mark.name.endswith("toolcall")


def _bare(context: Context, found: Reading | None) -> Reading | None:
    """Take `Read{…}` for a call only with the tool's own arguments, and as the last thing said."""
    if found is None:
        return None
    fitting = all(not call.unknown and context.declared.fitting(call) for call in found.calls)
    return Reading(found.calls if fitting else (), found.end, weak=True, open=found.open)


def _has_key(src: SourceText, pos: int) -> Steps[bool]:
    """Return whether an object begins at `pos`: with a key and a colon, or it is empty."""
    start = yield from src.skip(pos + 1)
    end = yield from src.skip(start, _KEY)
    after = yield from src.skip(end)
    return (yield from src.char(after)) in ({":", "=", ""} if end > start else {"}", ""})


def _marked(
    context: Context, pos: int, written: str, form: str, *, wrapped: bool
) -> Steps[Reading | None]:
    """Read `[CALL_ID]…[ARGS]{…}`, or one of the other marks and a JSON object, fenced or not.

    What is `wrapped` needs no mark before a fence.
    """
    src = context.src
    if (yield from src.starts(pos, ("[CALL_ID]",))):
        pos = yield from src.skip(pos + len("[CALL_ID]"))
        pos = yield from src.skip((yield from src.skip(pos, _CALL_ID)))
    args = yield from src.starts(pos, ("[ARGS]",))
    mark = (
        (yield from mark_at(src, pos)) if not args and (yield from src.char(pos)) == "<" else None
    )
    opens = mark is not None and mark.name in _SEPARATORS
    if mark and not opens and not (wrapped and mark.name == "toolcall" and not mark.closes):
        return None
    if not wrapped and not _is_tool(context, written):
        return None
    if mark:
        pos = mark.end
    pos = yield from src.skip(pos + len(args))
    fence = yield from src.starts(pos, _FENCES)
    if not args and not mark and not (fence and (wrapped or form == "deepseek")):
        return None
    pos = yield from src.skip(pos + len(fence))
    if args:
        form = "mistral"
    elif mark:
        form = {"toolcallargumentbegin": "kimi", "toolsep": "deepseek"}.get(mark.name, form)
    found = yield from named_call(context, pos, written, form)
    return (yield from _unfenced(context, found)) if fence else found


def _unfenced(context: Context, found: Reading | None) -> Steps[Reading | None]:
    """Step over the fence that closes a body."""
    if found is None:
        return None
    end = yield from context.src.skip(found.end)
    fence = yield from context.src.starts(end, ("```",))
    if not fence:
        return found
    return Reading(found.calls, end + len(fence), weak=found.weak, open=found.open)


def harmony(context: Context, pos: int) -> Steps[Reading | None]:
    """Read `<|channel|>commentary to=functions.Read <|constrain|>json<|message|>{…}`.

    The marks come in any order, doubled or not at all.
    """
    src = context.src
    if (yield from src.starts(pos, ("analysis",))) and (yield from src.char(pos + 8)).isupper():
        pos = yield from _after_analysis(src, pos)
        if not (yield from src.starts(pos, ("assistantcommentary",))):
            return Reading((), pos)
    for _ in range(_MOST_MARKS):
        mark = yield from src.starts(pos, HARMONY)
        pos = yield from src.skip(pos + len(mark))
        if mark in {"", "to="}:
            break
    if mark != "to=":
        return None
    end = yield from src.skip(pos, NAME)
    written = src.text[pos:end]
    if again := (yield from src.starts((yield from src.skip(end)), (f"to={written}",))):
        end = (yield from src.skip(end)) + len(again)
    pos = yield from _after_recipient(src, end)
    if (yield from src.char(pos)) == "<":
        # Muse-Glimmer names the recipient, and then writes tags of its own.
        mark_ = yield from mark_at(src, pos)
        return (yield from wrapped(context, pos, "harmony")) if mark_ and mark_.form else None
    return (yield from named_call(context, pos, written, "harmony")) if written else None


def _after_analysis(src: SourceText, pos: int) -> Steps[int]:
    """Return the end of `analysisWe need it.`: where the next channel begins, its marks lost."""
    while True:
        pos = yield from src.find("assistant", pos)
        if pos < 0:
            return len(src.text)
        if (yield from src.starts(pos + 9, ("commentary to=", "final"))):
            return pos
        pos += 9


def _after_recipient(src: SourceText, pos: int) -> Steps[int]:
    pos = yield from src.skip(pos)
    while mark := (yield from src.starts(pos, _HARMONY_AFTER)):
        pos = yield from src.skip(pos + len(mark))
    return pos
