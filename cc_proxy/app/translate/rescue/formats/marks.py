"""Special tokens and tags as models write them, whatever their spelling.

`<｜tool▁calls▁begin｜>`, `<|tool_calls_begin|>` and `<｜tool calls begin｜>` are one mark; so are
`<tool_call>` and `<tool_call:opensource>`. A family of its own puts its name in front:
`<longcat_tool_call>`, `<minimax:tool_call>`.
"""

import re
from dataclasses import dataclass

from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps

# MiniMax M3 writes this token before each of its tags.
M3 = "]<]minimax[>["
_MARK = re.compile(
    r"<(?P<left>[|｜])?(?P<slash>/)?[|｜]?(?P<name>[A-Za-z][\w▁ :.|｜-]{0,63}?)(?P<right>[|｜])?>"
)
_UNFINISHED = re.compile(r"<[|｜]?/?[|｜]?(?:[A-Za-z][\w▁ :.|｜-]{0,63})?\Z")
_SEPARATORS = re.compile(r"[\W_▁]+")
_LONGEST = 80

_CALLS = re.compile(
    r"(?:[a-z0-9]{0,24}?)(?:tool|function)s?(?:call|calls|use)(?:s?(?:section)?(?:begin|start))?\Z"
)
# What opens calls and is not told by `_CALLS` -> the family, for the log.
_FORMS = {
    "toolcall": "hermes",
    "tools": "qwen2.5-coder",
    "toolcalls": "minimax",
    "minimaxtoolcall": "minimax",
    "functioncalls": "olmo",
    "pythontag": "llama",
    "pythonstart": "llama",
    "toolcallstart": "lfm2",
    "startaction": "command-r",
    "seedtoolcall": "seed-oss",
    "actionstart": "internlm",
    "toolcallsbegin": "deepseek",
    "toolcallbegin": "deepseek",
    "toolcallssectionbegin": "kimi",
    "toolsprefix": "apertus",
    "contentinvoketooljson": "inkling",
    "usemcptool": "mcp tag",
    "startfunctioncall": "functiongemma",
    "dsmltoolcalls": "deepseek-v3.2",
    "dsmlfunctioncalls": "deepseek-v3.2",
    "gcmltoolcalls": "gigachat",
}
_CLOSERS = frozenset(
    [
        "eomid",
        "eotid",
        "eom",
        "eot",
        "pythonend",
        "toolcallend",
        "toolcallsend",
        "toolcallssectionend",
        "endofsentence",
        "call",
        "calls",
        "flush",
        "end",
        "return",
        "actionend",
        "endaction",
        "endofturntoken",
        "endofturn",
        "imend",
        "endoftext",
        "s",
        "toolresponse",
        "toolssuffix",
        "endmessage",
        "contentmodelendsampling",
        "endfunctioncall",
        "endtoolcall",
        "endtoolcalls",
        "messagesep",
        "eos",
        "turnend",
        "eoa",
    ]
)
# What begins somebody else's turn: the model has made it up.
_TURNS = frozenset(
    [
        "toolresponse",
        "toolresponses",
        "imstart",
        "user",
        "startofturn",
        "startheaderid",
        "observation",
        "tooloutputs",
        "tooloutputsbegin",
        "tooloutputbegin",
        "functionresults",
        "functionresponse",
        "toolresult",
        "toolresults",
        "starttoolresponse",
        "startfunctionresponse",
        "messageuser",
        "humaninput",
    ]
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark and its end: `name` is what its spelling comes to, `closes` for `</…>` and such."""

    name: str
    end: int
    closes: bool

    @property
    def form(self) -> str | None:
        """The family whose calls it opens, None when it opens none."""
        if self.closes or self.name == "toolresponse":
            return None
        known = _FORMS.get(self.name)
        return known or ("tag" if _CALLS.match(self.name) else None)

    @property
    def is_closer(self) -> bool:
        """Return whether it closes a call, or the turn in which one was made."""
        return self.closes or self.name in _CLOSERS

    @property
    def is_turn(self) -> bool:
        """Return whether it begins what somebody else would say."""
        return not self.closes and self.name in _TURNS


def mark_at(src: SourceText, pos: int) -> Steps[Mark | None]:
    """Return the mark at `pos`, MiniMax's own token before it included; None when there is none."""
    char = yield from src.char(pos)
    if char == "]" and (yield from src.starts(pos, (M3,))):
        pos += len(M3)
        yield from src.char(pos)
    while True:
        found = _MARK.match(src.text, pos)
        if found:
            return _mark(found)
        if src.ended or not _UNFINISHED.match(src.text, pos) or len(src.text) - pos > _LONGEST:
            return None
        yield


def _mark(found: re.Match[str]) -> Mark:
    name = found["name"].casefold()
    head, colon, tail = name.rpartition(":")
    # A suffix of the checkpoint, as in <tool_call:opensource>; <minimax:tool_call> has a prefix.
    if colon and not re.search(r"tool|function|think|invoke|begin|end|name|args", tail):
        name = head
    plain = _SEPARATORS.sub("", name)
    # Gemma 4 opens with <|tool_call> and closes with <tool_call|>.
    closes = bool(found["slash"]) or bool(found["right"] and not found["left"])
    return Mark(plain, found.end(), closes)
