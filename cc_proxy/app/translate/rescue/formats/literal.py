r"""Values as models write them: JSON, JSON with known slips, and Python literals.

A slip is read only where there is one reading: raw newlines and tabs in strings, trailing commas,
single quotes, bare keys, True/False/None, `\'`, comments, `=` for a colon, a comma that is missing
before a key, a string in backticks, Windows paths, and the class of a regular expression (`\d`)
whose backslash was not doubled. Quotes that are not escaped are text if they come in pairs, and the
text goes on after each of them; else they have several readings, and are refused.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps, finished
from cc_proxy.app.translate.rescue.formats.windows_paths import escaped_paths, escaping_paths

GEMMA_QUOTE = '<|"|>'
# FunctionGemma's.
ESCAPE = "<escape>"
TOKEN_QUOTES = (GEMMA_QUOTE, ESCAPE)
DEEPEST = 100
_SPACE = re.compile(r"\s*(?:(?://[^\n]*|/\*(?:[^*]|\*(?!/))*+\*/)\s*)*+")
_BLANK = re.compile(r"\s*+")
_PLAIN = {
    '"': re.compile(r'[^"\\]*'),
    "'": re.compile(r"[^'\\]*"),
    "`": re.compile(r"[^`\\]*"),
}
_QUOTES = frozenset("\"'`")
_AFTER_VALUE = frozenset({",", "}", "]", ":", ""})

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?P<real>(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])")
_SECOND_HALF = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_WORD = re.compile(r"[A-Za-z_$][\w$-]*")
# Grep's own arguments are called -n and -A.
_KEY = re.compile(r"-?[A-Za-z_$][\w$.-]*")
_QUOTED_KEY = re.compile(r"\"[\w.-]{1,64}\"\s*:")
_WORDS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_ESCAPES = {
    '"': '"',
    "'": "'",
    "\\": "\\",
    "/": "/",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
_REGEX_CLASSES = frozenset("dDwWsSBAZ.()[]{}+*?|^-")
_HEX = {"u": 4, "x": 2}
_LONGEST_NUMBER = 400
# A longer text is read in steps.
_AT_ONCE = 16_384


class Unreadable(ValueError):  # noqa: N818 - a verdict of the reader, not a failure
    """The text is no value, or can be read in more than one way."""


def read_json(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return the value that the whole text is.

    Raises:
        Unreadable: it is none, or could be several.

    """
    text = escaped_paths(text)
    try:
        return _strict(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return finished(_sloppy(text, SourceText()))


def reading_json(text: str, work: SourceText) -> Steps[Any]:
    """Return the same value in steps; `work` counts them, and pauses.

    Raises:
        Unreadable: it is none, or could be several.

    """
    text = yield from escaping_paths(text, work)
    if len(text) <= _AT_ONCE:
        with suppress(msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return _strict(text)
    return (yield from _sloppy(text, work))


def _strict(text: str) -> Any:  # noqa: ANN401 - JSON
    value = msgspec.json.decode(text)
    if isinstance(value, (dict, list)):
        # msgspec takes the last of two values for one key.
        json.loads(text, object_pairs_hook=_once)
    return value


def _sloppy(text: str, work: SourceText) -> Steps[Any]:
    try:
        return (yield from _whole(Reader(text, work)))
    except Unreadable:
        return (yield from _whole(Reader(text, work, quotes=True)))


def _whole(reader: "Reader") -> Steps[Any]:
    value = yield from reader.value()
    reader.finish()
    return value


def _once(pairs: list[tuple[str, Any]]) -> None:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise Unreadable("a key given twice")


class Reader:
    """Reads one value after another from a text that is whole; `work` counts them, and pauses.

    The paths in the text are escaped (`windows_paths`). `quotes`: a string may hold pairs of quotes
    that are not escaped.
    """

    def __init__(
        self, text: str, work: SourceText, *, python: bool = False, quotes: bool = False
    ) -> None:
        self.text = text
        self.pos = 0
        self._work = work
        self._python = python
        self._quotes = quotes
        self._depth = 0

    def peek(self) -> str:
        """Return the next character that is no space, "" at the end."""
        found = _SPACE.match(self.text, self.pos)
        self.pos = found.end() if found else self.pos
        return self.text[self.pos : self.pos + 1]

    def take(self, char: str) -> bool:
        """Step over `char` when it comes next."""
        if self.peek() != char:
            return False
        self.pos += 1
        return True

    def expect(self, char: str) -> None:
        """Step over `char`, which must come next."""
        if not self.take(char):
            raise Unreadable(f"expected {char!r}")

    def word(self) -> str:
        """Step over a name and return it, "" when none comes next."""
        self.peek()
        found = _KEY.match(self.text, self.pos)
        if found is None:
            return ""
        self.pos = found.end()
        return found.group()

    def finish(self) -> None:
        """Check that nothing follows."""
        if self.peek():
            raise Unreadable("something follows the value")

    def value(self) -> Steps[Any]:
        """Return the value that comes next."""
        yield from self._work.look()
        char = self.peek()
        if char in _QUOTES or (char == "<" and self.text.startswith(TOKEN_QUOTES, self.pos)):
            return (yield from self._string(char, inner=self._quotes))
        if char == "{":
            return (yield from self._nested(self._object))
        if char == "[":
            return (yield from self._nested(self._array))
        number = _NUMBER.match(self.text, self.pos)
        if number:
            self.pos = number.end()
            if len(number.group()) > _LONGEST_NUMBER:
                raise Unreadable("a number without end")
            return float(number.group()) if number["real"] else int(number.group())
        word = _WORD.match(self.text, self.pos)
        if word and word.group() in _WORDS:
            self.pos = word.end()
            return _WORDS[word.group()]
        raise Unreadable("expected a value")

    def _nested(self, read: Callable[[], Steps[Any]]) -> Steps[Any]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Unreadable("nested too deeply")
        self.pos += 1
        value = yield from read()
        self._depth -= 1
        return value

    def _object(self) -> Steps[dict[str, Any]]:
        out: dict[str, Any] = {}
        while not self.take("}"):
            char = self.peek()
            quoted = char in {'"', "'"} or (char == "<")
            key = (yield from self._string(char)) if quoted else self.word()
            if not key or key in out:
                raise Unreadable("expected a key that was not there before")
            if not self.take("="):
                self.expect(":")
            out[key] = yield from self.value()
            if not self.take(",") and not self._key_follows():
                self.expect("}")
                break
        return out

    def _array(self) -> Steps[list[Any]]:
        out: list[Any] = []
        while not self.take("]"):
            out.append((yield from self.value()))
            if not self.take(",") and not (isinstance(out[-1], dict) and self.peek() == "{"):
                self.expect("]")
                break
        return out

    def _key_follows(self) -> bool:
        """Return whether a key and its colon come next, so only the comma is missing."""
        self.peek()
        return bool(_QUOTED_KEY.match(self.text, self.pos))

    def _is_text(self, pos: int) -> bool:
        """Return whether the string goes on after a quote: no end of a value follows."""
        found = _BLANK.match(self.text, pos)
        pos = found.end() if found else pos
        return self.text[pos : pos + 1] not in _AFTER_VALUE and not _QUOTED_KEY.match(
            self.text, pos
        )

    def _string(self, quote: str, *, inner: bool = False) -> Steps[str]:
        for mark in (*TOKEN_QUOTES, quote * 3):
            triple = mark in TOKEN_QUOTES or self._python
            if triple and self.text.startswith(mark, self.pos):
                start = self.pos + len(mark)
                end = self.text.find(mark, start)
                if end < 0:
                    raise Unreadable("a string without end")
                self.pos = end + len(mark)
                held = self.text[start:end]
                return held if mark in TOKEN_QUOTES else (yield from self._unescaped(held))
        if quote not in _PLAIN:
            raise Unreadable("expected a string")
        self.pos += 1
        parts: list[str] = []
        plain = _PLAIN[quote]
        closed = True
        while True:
            found = plain.match(self.text, self.pos)
            end = found.end() if found else self.pos
            parts.append(self.text[self.pos : end])
            self.pos = end + 1
            stop = self.text[end : end + 1]
            if stop == quote and inner and self._is_text(self.pos):
                parts.append(quote)
                closed = not closed
                yield from self._work.look()
                continue
            if stop == quote and closed:
                return "".join(parts)
            if stop in {quote, ""}:
                raise Unreadable("a string without end")
            parts.append(self._escape())
            yield from self._work.look()

    def _escape(self) -> str:
        char = self.text[self.pos : self.pos + 1]
        self.pos += 1
        if char in _HEX and (char == "u" or self._python):
            digits = self.text[self.pos : self.pos + _HEX[char]]
            self.pos += _HEX[char]
            try:
                code = int(digits, 16) if len(digits) == _HEX[char] else -1
            except ValueError:
                code = -1
            if code < 0:
                raise Unreadable("an escape without its digits")
            return self._surrogate(chr(code))
        if char == "\n" and self._python:
            return ""
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char and (self._python or char in _REGEX_CLASSES):
            return "\\" + char
        raise Unreadable("an escape that JSON does not know")

    def _surrogate(self, first: str) -> str:
        """Join the two halves of a character beyond 16 bits; one alone is U+FFFD, as to Ollama."""
        if not "\ud800" <= first <= "\udfff":
            return first
        second = _SECOND_HALF.match(self.text, self.pos) if first < "\udc00" else None
        if second is None:
            return "\ufffd"
        self.pos = second.end()
        both = first + chr(int(second[1], 16))
        return both.encode("utf-16", "surrogatepass").decode("utf-16")

    def _unescaped(self, inner: str) -> Steps[str]:
        """Read the escapes of a triple-quoted Python string."""
        if "\\" not in inner:
            return inner
        reader = Reader(inner, self._work, python=True)
        parts: list[str] = []
        while (at := inner.find("\\", reader.pos)) >= 0:
            parts.append(inner[reader.pos : at])
            reader.pos = at + 1
            parts.append(reader._escape())
            yield from self._work.look()
        return "".join(parts) + inner[reader.pos :]
