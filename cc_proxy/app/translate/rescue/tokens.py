"""Calls between special tokens or tags: what opens them, and what may stand inside.

One table for all families, since models mix them: whatever opens, any body is read. What closes a
call is consumed afterwards, wherever it comes from (`LITTER`).
"""

# ruff: noqa: RUF001 - the fullwidth bars are what models write

import re

from cc_proxy.app.translate.rescue.calls import Found
from cc_proxy.app.translate.rescue.glm import glm
from cc_proxy.app.translate.rescue.json_calls import Reading, json_run, named_call
from cc_proxy.app.translate.rescue.python_calls import NAME, python_lines, python_list
from cc_proxy.app.translate.rescue.source import Steps
from cc_proxy.app.translate.rescue.tags import DSML, MINIMAX, QWEN, Dialect, tagged

# What opens calls -> the family, for the log.
WRAPPERS = {
    "<tool_call>": "hermes",
    "<tools>": "qwen2.5-coder",
    "<tool_calls>": "minimax",
    "<minimax:tool_call>": "minimax",
    "<function_calls>": "olmo",
    "<|python_tag|>": "llama",
    "<|python_start|>": "llama",
    "<|tool_call|>": "granite",
    "<|tool_call>": "gemma",
    "<|tool_call_start|>": "lfm2",
    "<|START_ACTION|>": "command-r",
    "<seed:tool_call>": "seed-oss",
    "<TOOLCALL>": "nemotron",
    "<|action_start|>": "internlm",
    "[TOOL_CALLS]": "mistral",
    "<｜DSML｜function_calls>": "deepseek-v3.2",
    "<｜tool▁calls▁begin｜>": "deepseek",
    "<｜tool▁call▁begin｜>": "deepseek",
    "<|tool_calls_section_begin|>": "kimi",
    "<|tool_call_begin|>": "kimi",
}
DIALECTS: dict[str, Dialect] = {dialect.opener: dialect for dialect in (QWEN, MINIMAX, DSML)}
HARMONY = ("<|end|>", "<|start|>", "<|channel|>", "assistant", "commentary", "analysis", "to=")
TAGS = (*WRAPPERS, *DIALECTS, *HARMONY[:3])
# DeepSeek writes the kind of the tool before its name.
FUNCTION = "function<｜tool▁sep｜>"
# What a line may begin with where the special tokens were lost.
WORDS = ("functools[", "call:", "assistant", "commentary", "to=functions.", "functions.", FUNCTION)

LITTER = (
    *("</tool_call>", "</function>", "</tools>", "</tool_calls>", "</function_calls>"),
    *("</invoke>", "</parameter>", "</minimax:tool_call>", "</｜DSML｜function_calls>"),
    *("</｜DSML｜invoke>", "<|eom_id|>", "<|eot_id|>", "<|python_end|>", "<｜tool▁call▁end｜>"),
    *("<｜tool▁calls▁end｜>", "<｜end▁of▁sentence｜>", "<|tool_call_end|>"),
    *("<|tool_calls_section_end|>", "<|call|>", "<|end|>", "<|return|>", "<tool_call|>"),
    *("</seed:tool_call>", "</TOOLCALL>", "<|action_end|>"),
    *("<|/tool_call|>", "<|tool_response>", "<|END_ACTION|>", "<|END_OF_TURN_TOKEN|>"),
    *("<|im_end|>", "<|endoftext|>", "<|end_of_text|>", "</s>", "<end_of_turn>"),
)
_BEFORE_NAME = ("call:", FUNCTION, "<|plugin|>", *WRAPPERS)
_DEEPEST = 4
_MOST_MARKS = 12
_MARKED = ("<｜tool▁sep｜>", "[ARGS]", "<|tool_call_argument_begin|>")
_FENCES = ("```json", "```")
_HARMONY_AFTER = ("<|channel|>", "commentary", "analysis", "<|constrain|>", "json", "<|message|>")
_CALL_ID = re.compile(r"[\w-]*")


def wrapped(reading: Reading, pos: int, opener: str) -> Steps[Found | None]:
    """Read what stands after an opener."""
    src = reading.src
    form = WRAPPERS[opener]
    pos = yield from src.skip(pos + len(opener))
    for _ in range(_DEEPEST):
        # Openers stand within each other, and some models write them twice.
        inner = yield from src.starts(pos, _BEFORE_NAME)
        if not inner:
            break
        form = WRAPPERS.get(inner, form)
        pos = yield from src.skip(pos + len(inner))
    return (yield from body(reading, pos, form))


def body(reading: Reading, pos: int, form: str) -> Steps[Found | None]:
    """Read one call, or a run of them, in whatever way it is written."""
    src = reading.src
    fence = yield from src.starts(pos, _FENCES)
    pos = yield from src.skip(pos + len(fence))
    char = yield from src.char(pos)
    if char == "<":
        opener = yield from src.starts(pos, tuple(DIALECTS))
        return (yield from tagged(reading, pos, DIALECTS[opener])) if opener else None
    if char == "{":
        found = yield from json_run(reading, pos, form)
    elif char == "[":
        found = yield from json_run(reading, pos, form)
        if found is None or not found.calls:
            found = (yield from python_list(reading, pos, form)) or found
    else:
        found = yield from named(reading, pos, form, wrapped=True)
    return (yield from _unfenced(reading, found)) if fence else found


def named(reading: Reading, pos: int, form: str, *, wrapped: bool = False) -> Steps[Found | None]:
    """Read a call that begins with the tool's name.

    Unless it is `wrapped`, a mark of the family must stand between the name and the arguments.
    """
    src = reading.src
    end = yield from src.skip(pos, NAME)
    written = src.text[pos:end]
    name = reading.declared.resolve(written)
    following = yield from src.skip(end)
    char = yield from src.char(following)
    if not written or (name is None and not wrapped):
        return None
    if char == "(" and wrapped:
        return (yield from python_lines(reading, pos, form))
    if char == "{" and (wrapped or following == end):
        found = yield from named_call(reading, following, written, form)
        return found if wrapped else _bare(reading, found)
    if (yield from src.starts(following, ("<arg_key>",))):
        return (yield from glm(reading, following, name, "glm"))
    if wrapped and form == "hermes" and name is not None:
        closed = yield from src.starts(following, ("</tool_call>",))
        # GLM writes a call without arguments as the tool's name and nothing else.
        if closed:
            return (yield from glm(reading, following, name, "glm"))
    return (yield from _marked(reading, following, written, form, wrapped=wrapped))


def _bare(reading: Reading, found: Found | None) -> Found | None:
    """Take `Read{…}` for a call only with the tool's own arguments, and as the last thing said."""
    if found is None or not found.calls:
        return None
    fitting = all(reading.declared.fitting(call) for call in found.calls)
    return Found(found.calls, found.end, weak=True, open=found.open) if fitting else None


def _marked(
    reading: Reading, pos: int, written: str, form: str, *, wrapped: bool
) -> Steps[Found | None]:
    """Read `[CALL_ID]…[ARGS]{…}`, or one of the other marks and a JSON object, fenced or not.

    What is `wrapped` needs no mark before a fence.
    """
    src = reading.src
    if (yield from src.starts(pos, ("[CALL_ID]",))):
        pos = yield from src.skip(pos + len("[CALL_ID]"))
        pos = yield from src.skip((yield from src.skip(pos, _CALL_ID)))
    mark = yield from src.starts(pos, _MARKED)
    if mark:
        pos = yield from src.skip(pos + len(mark))
    fence = yield from src.starts(pos, _FENCES)
    if not mark and not (fence and (wrapped or form == "deepseek")):
        return None
    pos = yield from src.skip(pos + len(fence))
    form = {"[ARGS]": "mistral", _MARKED[2]: "kimi", _MARKED[0]: "deepseek"}.get(mark, form)
    found = yield from named_call(reading, pos, written, form)
    return (yield from _unfenced(reading, found)) if fence else found


def _unfenced(reading: Reading, found: Found | None) -> Steps[Found | None]:
    """Step over the fence that closes a body."""
    if found is None:
        return None
    end = yield from reading.src.skip(found.end)
    fence = yield from reading.src.starts(end, ("```",))
    if not fence:
        return found
    return Found(found.calls, end + len(fence), weak=found.weak, open=found.open)


def harmony(reading: Reading, pos: int) -> Steps[Found | None]:
    """Read `<|channel|>commentary to=functions.Read <|constrain|>json<|message|>{…}`.

    The marks come in any order, doubled or not at all.
    """
    src = reading.src
    for _ in range(_MOST_MARKS):
        mark = yield from src.starts(pos, HARMONY)
        pos = yield from src.skip(pos + len(mark))
        if mark in {"", "to="}:
            break
    if mark != "to=":
        return None
    end = yield from src.skip(pos, NAME)
    written = src.text[pos:end]
    pos = yield from src.skip(end)
    while mark := (yield from src.starts(pos, _HARMONY_AFTER)):
        pos = yield from src.skip(pos + len(mark))
    return (yield from named_call(reading, pos, written, "harmony")) if written else None
