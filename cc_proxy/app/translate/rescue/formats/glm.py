"""Calls as GLM writes them: `<tool_call>Read<arg_key>…</arg_key><arg_value>…</arg_value>`.

Hunyuan, LongCat and iQuest write the same with tags of their own. A value may hold anything, a text
about such calls included: what opens within must close within. Where one tag was lost and only one
reading is left, that is taken; else it is no call.
"""

import re
from typing import Any

from cc_proxy.app.translate.rescue.declared import Reading
from cc_proxy.app.translate.rescue.formats.json_calls import Context
from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps
from cc_proxy.app.translate.rescue.formats.values import unwrapped

_TOKEN = re.compile(
    r"<(?P<slash>/?)(?:\w{1,24}_)?(?P<kind>arg_key|arg_value|tool_call|tool_calls)(?::\w{1,24})?>"
)
_KEY_OPEN, _KEY_CLOSE = "arg_key", "/arg_key"
_VALUE_OPEN, _VALUE_CLOSE = "arg_value", "/arg_value"
_CALL_OPEN, _CALL_CLOSE = "tool_call", "/tool_call"
_CALLS_CLOSE = "/tool_calls"
_GOES_ON = frozenset({_KEY_OPEN, _CALL_CLOSE, _CALL_OPEN, _CALLS_CLOSE})


def glued_name(context: Context, written: str) -> tuple[str, str] | None:
    """Part `Readfile_path`, where the tag between the name and the first key was lost."""
    for name in sorted(context.declared.names, key=len, reverse=True):
        if written.startswith(name) and written[len(name) :] in context.declared.properties(name):
            return name, written[len(name) :]
    return None


def glm(context: Context, pos: int, written: str, form: str) -> Steps[Reading]:
    """Read the pairs of keys and values from `pos` on, for the tool that was named before them."""
    glued = glued_name(context, written) if context.declared.resolve(written) is None else None
    name, key = glued or (written, "")
    return (yield from _Pairs(context, name, form).read(pos, key))


class _Torn(Exception):  # noqa: N818 - a verdict of the reader
    """A tag is missing, and there is more than one reading."""


class _Pairs:
    """The pairs of one call, read tag by tag."""

    def __init__(self, context: Context, name: str, form: str) -> None:
        self._context = context
        self._src = context.src
        self._name = name
        self._tool = context.declared.resolve(name, elsewhere=True)
        self._known = context.declared.properties(self._tool)
        self._form = form
        self._values: dict[str, Any] = {}
        self._pos = 0

    def read(self, pos: int, key: str) -> Steps[Reading]:
        """Read all pairs; `key` was read already, up to the tag that closes it."""
        self._pos = pos
        try:
            closed = yield from self._pairs(key)
        except _Torn:
            return Reading((), self._pos)
        end = self._pos
        if not closed and not self._context.declared.complete(self._tool, self._values):
            return Reading((), end)
        call = self._context.declared.call(self._name, self._values, self._form, marked=True)
        return Reading((call,) if call else (), end, open=not closed)

    def _pairs(self, key: str) -> Steps[bool]:
        """Read pairs until the call closes; whether it does."""
        while True:
            if not key:
                end = self._pos
                token, text = yield from self._token()
                if token in {None, _VALUE_OPEN, _VALUE_CLOSE} or token == _CALLS_CLOSE:
                    self._pos = end
                    if text.strip() and token is None and not self._ended_after(end):
                        raise _Torn
                    if token in {_VALUE_OPEN, _VALUE_CLOSE}:
                        raise _Torn
                    return False
                if token == _CALL_CLOSE and not text.strip():
                    return True
                key = yield from self._key(token or "", text, end)
                if not key:
                    self._pos = end
                    return False
            yield from self._value(key)
            key = ""

    def _ended_after(self, pos: int) -> bool:
        # Words may follow a call whose last tag was lost; they are none of it.
        return self._src.text[pos : pos + 1] in {"\n", ""}

    def _key(self, token: str, text: str, start: int) -> Steps[str]:
        """Return the key that comes next, "" when another call does."""
        if token == _KEY_CLOSE:
            # Its opening tag was lost.
            if text.strip() not in self._known or not self._values:
                raise _Torn
            return text.strip()
        if text.strip():
            raise _Torn
        after = self._pos
        closing, key = yield from self._token()
        key = key.strip()
        if token == _CALL_OPEN and (closing != _KEY_CLOSE or key not in self._known):
            self._pos = start
            return ""
        if closing == _VALUE_OPEN and key in self._known:
            # The tag that closes the key was lost.
            self._pos = after + self._src.text[after : self._pos].rfind("<")
            return key
        if closing != _KEY_CLOSE or not key or len(key.split()) != 1:
            raise _Torn
        return key

    def _value(self, key: str) -> Steps[None]:
        if key in self._values:
            raise _Torn
        start = self._pos
        token, text = yield from self._token()
        while token == _KEY_CLOSE and not text.strip():
            start = self._pos
            token, text = yield from self._token()
        if token == _VALUE_CLOSE and text.strip():
            # Its opening tag was lost; a value on lines of its own is meant without them.
            yield from self._keep(key, text.strip("\n"))
            return
        if token != _VALUE_OPEN or text.strip():
            raise _Torn
        start = self._pos
        end = yield from self._value_end(start, key)
        yield from self._keep(key, self._src.text[start:end])

    def _keep(self, key: str, text: str) -> Steps[None]:
        self._src.spend(len(text))
        if (yield from _is_torn(text, self._src)):
            raise _Torn
        value = self._context.declared.value(self._tool, key, unwrapped(text), self._src)
        self._values[key] = yield from value

    def _value_end(self, start: int, key: str) -> Steps[int]:
        """Return where the value ends; the position is behind the tag that closes it."""
        inner = calls = 0
        while True:
            token, _ = yield from self._token()
            if token is None:
                self._pos = len(self._src.text)
                raise _Torn
            end = self._pos - len(self._last)
            if token == _CALL_OPEN:
                calls += 1
            elif token == _VALUE_OPEN:
                inner += 1
            elif token == _VALUE_CLOSE:
                following, own = yield from self._following(key)
                if not inner and not calls and following != "text":
                    return end
                if inner and own and following in _GOES_ON:
                    return end
                inner = max(0, inner - 1)
            elif token == _CALL_CLOSE:
                if calls:
                    calls -= 1
                elif not inner and (yield from self._is_last()):
                    # The tag that closes the last value was lost.
                    self._pos = end
                    return self._trimmed(start, end)
            elif token == _KEY_OPEN and not calls and not inner:
                awaited = yield from self._opens_awaited(key)
                if awaited:
                    # The tag that closes this value was lost, and the next pair begins.
                    self._pos = end
                    return self._trimmed(start, end)

    def _trimmed(self, start: int, end: int) -> int:
        """Leave out the line break before a tag that stands where another was lost."""
        return end - 1 if end > start and self._src.text[end - 1] == "\n" else end

    def _following(self, key: str) -> Steps[tuple[str, bool]]:
        """Return what follows a tag that closes a value, and whether it must be the call's own."""
        pos = yield from self._src.skip(self._pos)
        if not (yield from self._src.char(pos)):
            return "", True
        kept = self._pos
        token, text = yield from self._token()
        at, self._pos = self._pos, kept
        if token is None:
            return "text", False
        if text.strip():
            lost = token == _KEY_CLOSE and text.strip() in self._known
            return (_KEY_OPEN, True) if lost else ("text", False)
        if token == _KEY_OPEN:
            self._pos = at
            awaited = yield from self._opens_awaited(key)
            self._pos = kept
            return token, awaited
        if token == _CALL_CLOSE:
            after = yield from self._src.skip(at)
            opener = yield from self._src.starts(after, ("<tool_call>",))
            return token, bool(opener) or not (yield from self._src.char(after))
        return (token, False) if token in _GOES_ON else ("text", False)

    def _opens_awaited(self, key: str) -> Steps[bool]:
        """Return whether the key that opens here is one that the tool has, and the call has not."""
        kept = self._pos
        token, text = yield from self._token()
        self._pos = kept
        name = text.strip()
        return (
            token in {_KEY_CLOSE, _VALUE_OPEN}
            and name in self._known
            and name not in self._values
            and name != key
        )

    def _is_last(self) -> Steps[bool]:
        after = yield from self._src.skip(self._pos)
        opener = yield from self._src.starts(after, ("<tool_call>",))
        return bool(opener) or not (yield from self._src.char(after))

    def _token(self) -> Steps[tuple[str | None, str]]:
        """Step over the next tag; return what it is, None at the end, and the text before it."""
        token = yield from self._src.tag(_TOKEN, self._pos)
        if token is None:
            return None, self._src.text[self._pos :]
        text = self._src.text[self._pos : token.start()]
        self._last = token.group()
        self._pos = token.end()
        return token["slash"] + token["kind"], text


def _is_torn(value: str, work: SourceText) -> Steps[bool]:
    """Return whether paired tags in a value do not match: one of the call's own was lost."""
    depth: dict[str, int] = {}
    for token in _TOKEN.finditer(value):
        yield from work.look()
        kind = token["kind"]
        if kind in {"arg_key", "arg_value"}:
            depth[kind] = depth.get(kind, 0) + (-1 if token["slash"] else 1)
            if depth[kind] < 0:
                return True
    return any(depth.values())
