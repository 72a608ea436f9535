"""Hide secrets in texts that people, logs or clients get.

A server that refuses a key may repeat it, and so may a proxy in front of it: as it was sent, as
JSON or a URL writes it, or in base64 as the header of a login has it.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, unquote

HIDDEN = "********"
# A shorter one may be a common word, such as `key`, and is replaced only where it is a word.
_MIN_LENGTH_ANYWHERE = 8
# What many set where no key is asked for; it would hide the name of the program.
_PLACEHOLDER = "ollama"
_SCHEME_END, _QUERY_START = "://", re.compile(r"(?<=\S)[?#]")
_TEXTS_OF_AN_ERROR = ("message", "hint", "text", "log_text")


class Redactor:
    """Replaces each of some secrets, in every form in which it may come back, by asterisks."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if secret != _PLACEHOLDER for form in _forms(secret)}
        long = {form for form in forms if len(form) >= _MIN_LENGTH_ANYWHERE}
        self._anywhere = _one_of(long)
        self._words = _one_of(forms - long, word=True)

    def text(self, text: str) -> str:
        """Return a text without the secrets."""
        for pattern in (self._anywhere, self._words):
            text = pattern.sub(HIDDEN, text) if pattern else text
        return text

    def json(self, body: bytes) -> bytes:
        """Return JSON, or what should be JSON, without the secrets in its texts.

        Short ones stay: a name that was changed would be no name any more.
        """
        if self._anywhere is None:
            return body
        found = body.decode("utf-8", "surrogateescape")
        if self._anywhere.search(found) is None:
            return body
        try:
            return json.dumps(self._walk(json.loads(body))).encode()
        except (ValueError, RecursionError):
            return self._anywhere.sub(HIDDEN, found).encode("utf-8", "surrogateescape")

    def error(self, error: Exception) -> None:
        """Take the secrets out of the texts of an error (`message`, `hint`, `text`, `quotes`)."""
        for name in _TEXTS_OF_AN_ERROR:
            if isinstance(value := getattr(error, name, None), str):
                setattr(error, name, self.text(value))
        if quotes := getattr(error, "quotes", ()):
            error.quotes = tuple(map(self.text, quotes))  # type: ignore[attr-defined] # it is there
        error.args = tuple(self.text(arg) if isinstance(arg, str) else arg for arg in error.args)

    def _walk(self, value: Any) -> Any:  # noqa: ANN401 - JSON is of any type
        match value:
            case str():
                return self._anywhere.sub(HIDDEN, value) if self._anywhere else value
            case list():
                return [self._walk(item) for item in value]
            case dict():
                return {self._walk(key): self._walk(item) for key, item in value.items()}
        return value


def login_secrets(url: str) -> Iterator[str]:
    """Yield the secret parts of a URL with a login: user and password, and the password alone."""
    user_info = url.rpartition("@")[0].partition("://")[2]
    if not user_info:
        return
    yield user_info
    if password := user_info.partition(":")[2]:
        yield password


def without_user_info(text: str) -> str:
    """Return the text with the login before an `@` in a URL hidden."""
    before, at, after = text.rpartition("@")
    if not at:
        return text
    scheme, separator, _ = before.partition("://")
    return f"{scheme}://{HIDDEN}@{after}" if separator else f"{HIDDEN}@{after}"


def without_query(text: str) -> str:
    """Return what should be a URL without a login, and with its query or fragment hidden."""
    shown = without_user_info(text)
    start = query_start(shown)
    return shown if start is None else shown[:start] + HIDDEN


def query_start(text: str) -> int | None:
    """Return where the query or the fragment of the first URL in a text may begin, behind its mark.

    None: there is no URL, or no mark behind it. In linear time.
    """
    url = text.find(_SCHEME_END)
    mark = _QUERY_START.search(text, url) if url >= 0 else None
    return mark.end() if mark and mark.end() < len(text) else None


def without_secrets(text: str) -> str:
    """Return a URL that somebody else wrote without what may be nobody's business in it.

    That is a login, and the query after `?`, such as the words searched for, or a token.
    """
    return without_user_info(text.partition("?")[0].partition("#")[0])


def _one_of(texts: Iterable[str], *, word: bool = False) -> re.Pattern[str] | None:
    # Longest first: a secret may begin with another one.
    longest_first = sorted(filter(None, texts), key=len, reverse=True)
    if not longest_first:
        return None
    pattern = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])" if word else pattern)


def _forms(secret: str) -> Iterator[str]:
    for plain in {secret, unquote(secret)}:
        as_json = json.dumps(plain)[1:-1]
        yield plain
        yield as_json
        # Go writes these in JSON by their numbers.
        yield as_json.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
        yield quote(plain, safe="")
        yield repr(plain)[1:-1]
        data = plain.encode("utf-8", "surrogateescape")
        for encoded in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
            yield encoded.decode()
            yield encoded.decode().rstrip("=")
