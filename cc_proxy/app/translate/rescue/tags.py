"""Calls whose arguments are tags: Qwen3-Coder, MiniMax M2, DeepSeek V3.2, GLM.

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
        self._within: list[str] = []

    def read(self, pos: int) -> Steps[Found]:
        while True:
            if self._key is None:
                pos = yield from self._src.skip(pos)
                token = yield from self._token_at(pos)
            else:
                token = yield from self._src.tag(self._dialect.tokens, pos)
            if token is None:
                return self._unfinished(pos)
            pos = token.end()
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
        elif kind == "open":
            if own_line and self._closed_wrongly(token):
                self._keep(start)
                return self._open(token)
        elif kind in _AFTER and (yield from self._kind_after(token.end())) in _AFTER[kind]:
            self._keep(start)
            if kind != "close":
                return token.end() if kind == "end" else start
        return _GOES_ON

    def _open(self, token: re.Match[str]) -> int:
        key = token["open"].strip(" \"'")
        if key in self._values:
            return _AMBIGUOUS
        self._key, self._start = key, token.end()
        self._verbatim = token.groupdict().get("text") == "true"
        return _GOES_ON

    def _closed_wrongly(self, token: re.Match[str]) -> bool:
        """Whether the argument before this one was closed, with another tag than its own."""
        key = token["open"].strip(" \"'")
        if key in self._values or key not in self._declared.properties(self._name or ""):
            return False
        value = self._src.text[self._start : token.start()]
        return _unclosed(value, self._key or "") != value

    def _kind_after(self, pos: int) -> Steps[str]:
        """Return the kind of the token that comes next, "" at the end of the answer."""
        pos = yield from self._src.skip(pos)
        if not (yield from self._src.char(pos)):
            return ""
        token = yield from self._token_at(pos)
        return _kind(token) if token else "text"

    def _keep(self, end: int) -> None:
        """Keep the argument that is open."""
        key = self._key or ""
        value = _unclosed(self._src.text[self._start : end], key)
        if self._dialect is QWEN:
            value = value.removeprefix("\n").removesuffix("\n")
        else:
            value = _unwrapped(value)
        verbatim = self._verbatim
        self._values[key] = value if verbatim else self._declared.value(self._name, key, value)
        self._key = None

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
    found = _CLOSES.search(value, max(0, len(value) - 100))
    if found is None:
        return value
    name = found.group(1)
    meant = {key, f"parameter={key}", f"parameter_{key}", "parameters", "param", "value"}
    if name not in meant or f"<{name}" in value[: found.start()]:
        return value
    return value[: found.start()]


def _unwrapped(value: str) -> str:
    """Return a value without line breaks around it; one at its end alone is its own."""
    around = len(value) > 1 and value[0] == value[-1] == "\n"
    return value[1:-1] if around else value


def glm(reading: Reading, pos: int, name: str | None, form: str) -> Steps[Found]:
    """Read `<arg_key>…</arg_key><arg_value>…</arg_value>` pairs from `pos` on."""
    src = reading.src
    values: dict[str, Any] = {}
    end = pos
    while True:
        pos = yield from src.skip(end)
        if not (yield from src.starts(pos, ("<arg_key>",))):
            break
        stop = yield from src.find("</arg_key>", pos)
        if stop < 0:
            return Found((), end)
        key = src.text[pos + len("<arg_key>") : stop].strip()
        pos = yield from src.skip(stop + len("</arg_key>"))
        if not (yield from src.starts(pos, ("<arg_value>",))) or key in values:
            return Found((), pos)
        start = pos + len("<arg_value>")
        stop = yield from _value_end(reading, start)
        if stop < 0:
            return Found((), len(src.text))
        value = _unwrapped(src.text[start:stop])
        values[key] = reading.declared.value(name, key, value)
        end = stop + len("</arg_value>")
    closed = yield from src.starts(pos, ("</tool_call>",))
    if not closed and not reading.declared.complete(name, values):
        return Found((), end)
    call = reading.declared.call(name, values, form)
    return Found((call,) if call else (), pos + len(closed) if closed else end, open=not closed)


def _value_end(reading: Reading, pos: int) -> Steps[int]:
    """Return where the argument ends: at a closing tag after which the format goes on."""
    while True:
        stop = yield from reading.src.find("</arg_value>", pos)
        if stop < 0:
            return -1
        pos = stop + len("</arg_value>")
        after = yield from reading.src.skip(pos)
        if not (yield from reading.src.char(after)):
            return stop
        if (yield from reading.src.starts(after, ("<arg_key>", "</tool_call>", "<tool_call>"))):
            return stop
