"""Calls whose arguments are tags: Qwen3-Coder, MiniMax, DeepSeek, GigaChat, Step, MiniCPM.

An argument may hold anything, a text about tool calls included. So a closing tag ends it only
where the format can go on after it, and what opens within it must close within it. Where a tag was
lost, the value is parted if only one reading is left; a value with half a pair of tags is none.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cc_proxy.app.translate.rescue.declared import Reading, RescuedCall
from cc_proxy.app.translate.rescue.formats.json_calls import Context, named_call
from cc_proxy.app.translate.rescue.formats.literal import Unreadable
from cc_proxy.app.translate.rescue.formats.marks import M3
from cc_proxy.app.translate.rescue.formats.nested_tags import tag_value
from cc_proxy.app.translate.rescue.formats.prefixes import pattern_of
from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps
from cc_proxy.app.translate.rescue.formats.values import own_lines, unwrapped, without_cdata

_NAMESPACE = r"(?:[｜|]?[A-Za-z][\w-]{0,23}[｜|:])?"
_HEADER = re.compile(
    rf"(?P<m3>\]<\]minimax\[>\[)?<(?P<ns>{_NAMESPACE})(?P<tag>function|invoke|tool_call|tool_use)"
    r"(?P<equals>\s?=\s?|\s{1,8}(?:name|tool)\s{0,8}=\s{0,8})[\"']?"
    r"(?P<name>[^<>\n\"']{1,200}?)[\"']?\s{0,8}(?P<empty>/?)>"
)
_MAYBE_HEADER = re.compile(rf"(?:{pattern_of([M3])})?(?:<[^<>\n]{{0,260}})?\Z")
_FORMS = {"invoke": "minimax", "function": "qwen3-coder", "tool_call": "tag", "tool_use": "tag"}
_CLOSES = re.compile(r"\n?[ \t]*</([\w=.-]{1,80})>[ \t]*\n?\Z")
_LINE_START = re.compile(r"\n[ \t]*\Z")
_KEY_TAG = re.compile(r"<([A-Za-z][\w.-]{0,63})>")
_ANY_TAG = re.compile(r"[^<>\n]*")
_PARAMETERS = re.compile(
    rf"<(?P<slash>/?){_NAMESPACE}param(?:eter)?s?(?P<rest>\b[^<>\n]{{0,200}})?>"
    r"(?P<ends>[ \t]*(?:\n|\Z))?"
)
_INDENT = 64
# A wrong closing tag and the line break before it fit into this.
_TAIL = 100
# The text that may follow a tag which ends an argument.
_AFTER = {
    "close": frozenset({"open", "end", "outer", "nest", "begin", "close", ""}),
    "end": frozenset({"outer", "nest", "begin", ""}),
    "outer": frozenset({"outer", "nest", "begin", ""}),
}
_CLOSED_BY = {"nest": "end", "begin": "outer"}
_OPENS = {**_CLOSED_BY, "open": "close"}
_GOES_ON = -1
_AMBIGUOUS = -2


@dataclass(frozen=True, slots=True)
class Header:
    """The tag that opens a call, and what it says: the tool, and how the other tags are written."""

    name: str
    end: int
    form: str
    namespace: str
    prefix: str
    own_lines: bool
    empty: bool


def header_at(src: SourceText, pos: int) -> Steps[Header | None]:
    """Return the tag at `pos` that names a tool, None when there is none."""
    while True:
        found = _HEADER.match(src.text, pos)
        if found:
            break
        if src.ended or not _MAYBE_HEADER.match(src.text, pos):
            return None
        yield
    namespace = found["ns"]
    form = _FORMS[found["tag"]]
    if "DSML" in namespace:
        form = "deepseek-v3.2"
    elif namespace:
        form = namespace.strip("｜|:").casefold()
    elif found["tag"] == "function" and found["equals"].strip() != "=":
        form = "minicpm"
    return Header(
        found["name"].rstrip("/"),
        found.end(),
        "minimax-m3" if found["m3"] else form,
        namespace,
        found["m3"] or "",
        found["equals"].strip() == "=",
        bool(found["empty"]),
    )


@lru_cache(maxsize=32)
def _tokens(namespace: str) -> re.Pattern[str]:
    """Return the pattern of the tags within a call.

    Its groups: open (an argument's name), text (whether it is bare text), close, end (of the call),
    nest (another call), begin and outer (what stands around calls).
    """
    ns = re.escape(namespace)
    m3 = re.escape(M3)
    return re.compile(
        rf"(?:{m3}<|<)(?:"
        rf"{ns}param(?:eter)?(?:\s?=\s?|\s+name\s*=\s*)[\"']?(?P<open>[^<>\n\"']{{1,128}})[\"']?"
        r"(?:\s+(?:string=[\"']?(?P<text>true|false)[\"']?|type=[\"']?\w+[\"']?))?\s*>"
        rf"|(?P<close>/{ns}param(?:eter)?>)|(?P<end>/{ns}(?:function|invoke|tool_use)>)"
        rf"|(?P<begin>{_NAMESPACE}(?:tool_calls?|function_calls)>)"
        rf"|(?P<outer>/{_NAMESPACE}(?:tool_calls?|function_calls|tools)>)"
        rf"|(?P<nest>{ns}(?:function|invoke)(?:=|\s+name\s*=\s*)[^<>\n]{{1,128}}>))"
    )


def tagged(context: Context, header: Header) -> Steps[Reading | None]:
    """Read the call that a tag has opened; its arguments are tags, or a JSON object."""
    if header.empty:
        call = context.declared.call(header.name, {}, header.form, marked=True)
        return Reading((call,) if call else (), header.end)
    first = yield from context.src.skip(header.end)
    if (yield from context.src.char(first)) == "{":
        return (yield from named_call(context, first, header.name, "llama"))
    return (yield from _Body(context, header).read(header.end))


class _Body:
    """The tags of one call."""

    def __init__(self, context: Context, header: Header) -> None:
        self._src = context.src
        self._declared = context.declared
        self._header = header
        self._tokens = _tokens(header.namespace)
        self._name = context.declared.resolve(header.name, elsewhere=True)
        self._known = context.declared.properties(self._name)
        self._values: dict[str, Any] = {}
        # The argument that is open, where its text starts, and what opened within that text.
        self._key: str | None = None
        self._verbatim = False
        self._start = 0
        self._torn = False
        # On lines of their own, where they must close, and in the middle of a line, where they may.
        self._within: list[str] = []
        self._inline: list[str] = []
        self._pos = 0

    def read(self, pos: int) -> Steps[Reading]:
        """Read the arguments from `pos` on, up to the end of the call."""
        self._pos = pos
        while True:
            if self._key is None:
                self._pos = yield from self._src.skip(self._pos)
                token = yield from self._token_at(self._pos)
                if token is None and (yield from self._nested()):
                    continue
            else:
                token = yield from self._src.tag(self._tokens, self._pos)
            if token is None:
                return self._unfinished(self._pos)
            self._pos = token.end()
            if self._key is None:
                end = self._between(token)
            else:
                end = yield from self._in_argument(token)
            if self._torn or end == _AMBIGUOUS:
                return Reading((), token.start())
            if end >= 0:
                call = self._call()
                return Reading((call,) if call else (), end)

    def _call(self) -> RescuedCall | None:
        header = self._header
        return self._declared.call(header.name, self._values, header.form, marked=True)

    def _token_at(self, pos: int) -> Steps[re.Match[str] | None]:
        end = pos + len(M3) if (yield from self._src.starts(pos, (M3,))) else pos
        if (yield from self._src.char(end)) != "<":
            return None
        end = yield from self._src.skip(end + 1, _ANY_TAG)
        yield from self._src.char(end)
        return self._tokens.match(self._src.text, pos)

    def _nested(self) -> Steps[bool]:
        """Read an argument whose name is its tag: `<file_path>a</file_path>`."""
        prefix = M3 if (yield from self._src.starts(self._pos, (M3,))) else ""
        found = _KEY_TAG.match(self._src.text, self._pos + len(prefix))
        if found is None or self._key is not None:
            return False
        key = found.group(1)
        if key in self._values or (key not in self._known and not prefix):
            return False
        closing = f"{prefix}</{key}>"
        end = yield from self._src.find(closing, found.end())
        if end < 0:
            return False
        try:
            text = self._src.text[found.end() : end]
            schema = self._known.get(key)
            self._values[key] = yield from tag_value(text, schema, self._src, prefix=prefix)
        except Unreadable:
            self._torn = True
            return False
        self._pos = end + len(closing)
        return True

    def _between(self, token: re.Match[str]) -> int:
        """Take a token outside of arguments; where the call ends, or whether it goes on."""
        kind = _kind(token)
        if kind == "open":
            return self._open(token)
        if kind == "close":
            return _GOES_ON
        return token.end() if kind == "end" else token.start()

    def _in_argument(self, token: re.Match[str]) -> Steps[int]:
        """Take a token inside an argument, which may be a part of its text."""
        kind = _kind(token)
        start = token.start()
        own_line = bool(_LINE_START.search(self._src.text[max(0, start - _INDENT) : start]))
        if own_line and kind in _CLOSED_BY:
            self._within.append(_CLOSED_BY[kind])
        elif self._within:
            if kind == self._within[-1]:
                self._within.pop()
        elif kind == "open" and own_line and self._expects(token):
            # The tag that closes the argument before this one was lost, or is another one.
            yield from self._keep(start, torn=True)
            return self._open(token)
        elif kind in _OPENS:
            self._inline.append(_OPENS[kind])
        elif kind in _AFTER and (last := (yield from self._last_tag(token))) is not None:
            yield from self._keep(last.start(), torn=_kind(last) != "close")
            self._pos = last.end()
            if (kind := _kind(last)) != "close":
                return last.end() if kind == "end" else last.start()
        return _GOES_ON

    def _last_tag(self, token: re.Match[str]) -> Steps[re.Match[str] | None]:
        """Return the tag that ends the argument, None when it goes on.

        `token` closes something. Where tags were opened in the middle of a line within the
        argument, this one and those right after it may close them; each is looked at once.
        """
        last: re.Match[str] | None = None
        before = ""
        while self._inline and _kind(token) == self._inline[-1]:
            before = self._inline.pop()
            if last is None or before == "close" or _kind(last) != "close":
                last = token
            self._pos = token.end()
            after, kind = yield from self._next(token.end())
            if after is None:
                return last if kind in _AFTER[before] else None
            token = after
        kind = _kind(token)
        if last is None:
            following = (yield from self._next(token.end()))[1]
            return token if following in _AFTER[kind] else None
        if kind == "open":
            return last if self._expects(token) else None
        return last if kind in {"end", "outer"} and kind in _AFTER[before] else None

    def _next(self, pos: int) -> Steps[tuple[re.Match[str] | None, str]]:
        """Return the token that comes next and its kind: "text" if none, "" at the end."""
        pos = yield from self._src.skip(pos)
        if not (yield from self._src.char(pos)):
            return None, ""
        token = yield from self._token_at(pos)
        return token, _kind(token) if token else "text"

    def _open(self, token: re.Match[str]) -> int:
        key = token["open"].strip(" \"'")
        if key in self._values:
            return _AMBIGUOUS
        self._key, self._start = key, token.end()
        self._verbatim = token["text"] == "true"
        return _GOES_ON

    def _expects(self, token: re.Match[str]) -> bool:
        """Return whether a tag opens an argument that the tool has and the call has not."""
        key = token["open"].strip(" \"'")
        return key in self._known and key not in self._values and key != self._key

    def _keep(self, end: int, *, torn: bool = False) -> Steps[None]:
        """Keep the argument that is open. `torn`: the tag that closes it is not its own."""
        key = self._key or ""
        self._src.spend(end - self._start)
        value = _unclosed(self._src.text[self._start : end], key)
        if self._header.own_lines:
            value = own_lines(value)
        else:
            value = unwrapped(value)
            if torn:
                value = value.removesuffix("\n")
        if (yield from self._is_torn(value)):
            self._torn = True
        value = without_cdata(value)
        if not self._verbatim:
            value = yield from self._declared.value(self._name, key, value, self._src)
        self._values[key] = value
        self._key = None
        self._inline.clear()

    def _is_torn(self, value: str) -> Steps[bool]:
        """Return whether a value has half a pair of tags: one of the call's own was lost."""
        depth = 0
        for tag in _PARAMETERS.finditer(value):
            yield from self._src.look()
            rest = (tag["rest"] or "").rstrip()
            if rest.endswith("/"):
                continue
            if not tag["slash"]:
                depth += 1
                continue
            depth -= 1
            if depth < 0:
                at = tag.start()
                on_line = bool(_LINE_START.search(value[max(0, at - _INDENT) : at])) or not at
                if tag["ends"] is not None or on_line:
                    return True
                # In the middle of a line it is spoken of.
                depth = 0
        if depth <= 0:
            return False
        for tag in self._tokens.finditer(value):
            yield from self._src.look()
            if tag["open"] and tag["open"].strip(" \"'") in self._known:
                return True
        return False

    def _unfinished(self, pos: int) -> Reading:
        """Deal with a call that does not go on: only closing tags may be missing, at the end."""
        size = len(self._src.text)
        if self._key is not None:
            # The argument was cut. Its content is text, whatever it looks like.
            return Reading((), size)
        complete = self._values and self._declared.complete(self._name, self._values)
        if self._torn or not complete or pos < size:
            return Reading((), pos)
        call = self._call()
        return Reading((call,) if call and not call.unknown else (), size, open=True)


def _kind(token: re.Match[str]) -> str:
    return "open" if token["open"] else token.lastgroup or ""


def _unclosed(value: str, key: str) -> str:
    """Return a value without the wrong tag that was meant to close it."""
    found = _CLOSES.search(value, max(0, len(value) - _TAIL))
    if found is None:
        return value
    name = found.group(1)
    meant = {key, f"parameter={key}", f"parameter_{key}", "parameters", "param", "value"}
    if name not in meant or f"<{name}" in value[: found.start()]:
        return value
    return value[: found.start()]
