"""Calls whose arguments are tags: Qwen3-Coder, MiniMax M2, DeepSeek V3.2.

An argument may hold anything, a text about tool calls included. So a closing tag ends it only
where the format can go on after it, and what opens within it must close within it.
"""

# ruff: noqa: RUF001 - the fullwidth bars are what models write

import re
from dataclasses import dataclass
from typing import Any

from cc_proxy.app.translate.rescue.calls import Found
from cc_proxy.app.translate.rescue.json_calls import Reading, named_call
from cc_proxy.app.translate.rescue.source import Steps

_LONGEST_HEADER = 200
_CLOSES = re.compile(r"\n?[ \t]*</([\w=.-]{1,80})>[ \t]*\n?\Z")
_LINE_START = re.compile(r"\n[ \t]*\Z")
_INDENT = 64
# A wrong closing tag and the line break before it fit into this.
_TAIL = 100
_HEADER = re.compile(r"[^<>\n]*")


@dataclass(frozen=True, slots=True)
class Dialect:
    """The tags of a family: what opens a call, and the tokens within it.

    The groups of `tokens`: open (an argument's name), text (whether it is bare text), close, end
    (of the call), nest (another call), begin and outer (what stands around calls).
    """

    form: str
    opener: str
    tokens: re.Pattern[str]


_AROUND = (
    r"(?P<begin><tool_call>)"
    r"|(?P<outer></tool_call>|</function_calls>|</minimax:tool_call>|</tools>"
    r"|</seed:tool_call>)"
)
QWEN = Dialect(
    "qwen3-coder",
    "<function=",
    re.compile(
        r"<parameter=(?P<open>[^<>\n]{1,128})>|(?P<close></parameter>)|(?P<end></function>)"
        rf"|{_AROUND}|(?P<nest><function=[^<>\n]{{1,128}}>)"
    ),
)
MINIMAX = Dialect(
    "minimax",
    "<invoke name=",
    re.compile(
        r"<parameter name=[\"']?(?P<open>[^<>\n\"']{1,128})[\"']?>|(?P<close></parameter>)"
        rf"|(?P<end></invoke>)|{_AROUND}|(?P<nest><invoke name=[^<>\n]{{1,128}}>)"
    ),
)
DSML = Dialect(
    "deepseek-v3.2",
    "<｜DSML｜invoke name=",
    re.compile(
        r"<｜DSML｜parameter name=[\"']?(?P<open>[^<>\n\"']{1,128})[\"']?"
        r"(?:\s+string=[\"']?(?P<text>true|false)[\"']?)?\s*>"
        r"|(?P<close></｜DSML｜parameter>)|(?P<end></｜DSML｜invoke>)"
        r"|(?P<begin><｜DSML｜function_calls>)|(?P<outer></｜DSML｜function_calls>)"
        r"|(?P<nest><｜DSML｜invoke name=[^<>\n]{1,128}>)"
    ),
)
# What may stand after a tag that ends an argument, for it to end it.
_AFTER = {
    "close": frozenset({"open", "end", "outer", "nest", "begin", "close", ""}),
    "end": frozenset({"outer", "nest", "begin", ""}),
    "outer": frozenset({"outer", "nest", "begin", ""}),
}
_CLOSED_BY = {"nest": "end", "begin": "outer"}
_OPENS = {**_CLOSED_BY, "open": "close"}
_GOES_ON = -1
_AMBIGUOUS = -2


def tagged(reading: Reading, pos: int, dialect: Dialect) -> Steps[Found | None]:
    """Read the call whose opener stands at `pos`; its arguments are tags, or a JSON object."""
    start = pos + len(dialect.opener)
    end = yield from reading.src.skip(start, _HEADER)
    if (yield from reading.src.char(end)) != ">" or end - start > _LONGEST_HEADER:
        return None
    written = reading.src.text[start:end].rstrip("/")
    first = yield from reading.src.skip(end + 1)
    if (yield from reading.src.char(first)) == "{":
        return (yield from named_call(reading, first, written, "llama"))
    name = reading.declared.resolve(written)
    return (yield from _Body(reading, dialect, name).read(end + 1))


class _Body:
    """The tags of one call."""

    def __init__(self, reading: Reading, dialect: Dialect, name: str | None) -> None:
        self._src = reading.src
        self._declared = reading.declared
        self._dialect = dialect
        self._name = name
        self._values: dict[str, Any] = {}
        # The argument that is open, where its text starts, and what opened within that text.
        self._key: str | None = None
        self._verbatim = False
        self._start = 0
        # On lines of their own, where they must close, and in the middle of a line, where they may.
        self._within: list[str] = []
        self._inline: list[str] = []
        self._pos = 0

    def read(self, pos: int) -> Steps[Found]:
        self._pos = pos
        while True:
            if self._key is None:
                self._pos = yield from self._src.skip(self._pos)
                token = yield from self._token_at(self._pos)
            else:
                token = yield from self._src.tag(self._dialect.tokens, self._pos)
            if token is None:
                return self._unfinished(self._pos)
            self._pos = token.end()
            if self._key is None:
                end = self._between(token)
            else:
                end = yield from self._in_argument(token)
            if end >= 0:
                call = self._declared.call(self._name, self._values, self._dialect.form)
                return Found((call,) if call else (), end)
            if end == _AMBIGUOUS:
                return Found((), token.start())

    def _token_at(self, pos: int) -> Steps[re.Match[str] | None]:
        if (yield from self._src.char(pos)) != "<":
            return None
        end = yield from self._src.skip(pos + 1, _HEADER)
        yield from self._src.char(end)
        return self._dialect.tokens.match(self._src.text, pos)

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
        elif kind == "open" and own_line and self._not_closed(token):
            self._keep(start)
            return self._open(token)
        elif kind in _OPENS:
            self._inline.append(_OPENS[kind])
        elif kind in _AFTER and (last := (yield from self._last_tag(token))) is not None:
            self._keep(last.start())
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
        self._verbatim = token.groupdict().get("text") == "true"
        return _GOES_ON

    def _expects(self, token: re.Match[str]) -> bool:
        """Whether a tag opens an argument that the tool has and the call has not."""
        key = token["open"].strip(" \"'")
        known = self._declared.properties(self._name or "")
        return key in known and key not in self._values and key != self._key

    def _not_closed(self, token: re.Match[str]) -> bool:
        """Whether the argument before this one lacks its closing tag.

        It was closed with another one, or no call of this tool is whole without this argument:
        should it come once more, the call is ambiguous.
        """
        if not self._expects(token):
            return False
        if self._declared.requires(self._name, token["open"].strip(" \"'")):
            return True
        start, end = self._start, token.start()
        if not _CLOSES.search(self._src.text[max(start, end - _TAIL) : end]):
            return False
        value = self._src.text[start:end]
        return _unclosed(value, self._key or "") != value

    def _keep(self, end: int) -> None:
        """Keep the argument that is open."""
        key = self._key or ""
        value = _unclosed(self._src.text[self._start : end], key)
        if self._dialect is QWEN:
            value = value.removeprefix("\n").removesuffix("\n")
        else:
            value = unwrapped(value)
        verbatim = self._verbatim
        self._values[key] = value if verbatim else self._declared.value(self._name, key, value)
        self._key = None
        self._inline.clear()

    def _unfinished(self, pos: int) -> Found:
        """Deal with a call that does not go on: only closing tags may be missing, at the end."""
        size = len(self._src.text)
        if self._key is not None:
            # The argument was cut. What stands in it is its text, whatever it looks like.
            return Found((), size)
        complete = self._values and self._declared.complete(self._name, self._values)
        if not complete or pos < size:
            return Found((), pos)
        call = self._declared.call(self._name, self._values, self._dialect.form)
        return Found((call,) if call else (), size, open=True)


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


def unwrapped(value: str) -> str:
    """Return a value without line breaks around it; one at its end alone is its own."""
    around = len(value) > 1 and value[0] == value[-1] == "\n"
    return value[1:-1] if around else value
