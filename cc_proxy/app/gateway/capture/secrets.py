"""Removing keys and tokens from an exchange before it is written."""

import hashlib
import re
from collections.abc import Collection, Iterable

from cc_proxy.app.redaction import HIDDEN, Redactor

# A line of a text begins behind the escape of its end.
_START = rb"(?:\b|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4}))"
# Forms that are documented by those who issue them, and that nothing else has. The classes hold no
# quote and no backslash, so that JSON stays JSON; each match ends where its class ends.
_TOKENS = re.compile(
    _START + rb"(?:sk-[A-Za-z0-9_-]{16,}+"  # Anthropic, OpenAI
    rb"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+"
    rb"|gl(?:pat|rt)-[A-Za-z0-9_-]{16,}+"
    rb"|xox[abeprs]-[A-Za-z0-9-]{10,}+|xapp-[A-Za-z0-9-]{10,}+"  # Slack
    rb"|A(?:KIA|SIA)[A-Z0-9]{16}\b"  # AWS
    rb"|AIza[A-Za-z0-9_-]{30,}+"  # Google
    rb"|hf_[A-Za-z0-9]{20,}+"
    rb"|npm_[A-Za-z0-9]{30,}+"
    rb"|eyJ[A-Za-z0-9_-]{10,}+\.eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]++)"  # RFC 7519
)
_AFTER_A_WORD = re.compile(
    _START + rb"(Bearer(?: |\\t){1,8}+)[A-Za-z0-9._~+/=-]{8,}+"
    rb"|(authorization[\"'\\ :=]{1,8}+basic {1,8}+)[A-Za-z0-9+/=_-]{4,}+"
    rb"|(aws_secret_access_key[\"'\\ :=]{1,8}+)[A-Za-z0-9+/=]{16,}+"
    rb"|(hooks\.slack\.com/[a-z]{1,20}/)[A-Za-z0-9/_-]{8,}+",
    re.IGNORECASE,
)
_LOGIN = re.compile(rb"(://[^\s/\"\\:@]{0,64}:)[^\s/\"\\@]{1,256}@")
# Its lines end with escapes; an escaped quote is where a text within the text ends.
_PRIVATE_KEY = re.compile(
    rb'(-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----)(?:[^"\\-]|\\[^"]|-(?!----))*+'
)
# What may be a key: a word, and all up to the next space, quote or escape.
_WORDS = re.compile(rb"\\u[0-9a-fA-F]{4}|\\.|([A-Za-z0-9_-]{8,}+)")
_ALL_BUT_SPACE = re.compile(rb"\\u[0-9a-fA-F]{4}|\\.|([!#-&(-\[\]-~]{8,}+)")


class ExchangeRedactor:
    """Replaces the secrets of the configuration, and what has the form of a token, by asterisks.

    `digests` are the SHA-256 of keys that nobody here knows otherwise.
    """

    def __init__(self, secrets: Iterable[str], digests: Collection[bytes] = ()) -> None:
        self._known = Redactor(secrets)
        self._digests = frozenset(digests)

    def json(self, body: bytes) -> bytes:
        """Return JSON without them; it stays JSON."""
        hidden = HIDDEN.encode()
        found = self._known.json(body)
        if self._digests:
            found = _WORDS.sub(self._unless_a_key, found)
            found = _ALL_BUT_SPACE.sub(self._unless_a_key, found)
        found = _TOKENS.sub(hidden, found)
        found = _AFTER_A_WORD.sub(lambda match: match[match.lastindex or 0] + hidden, found)
        found = _LOGIN.sub(rb"\1" + hidden + b"@", found)
        return _PRIVATE_KEY.sub(rb"\1" + hidden, found)

    def _unless_a_key(self, match: re.Match[bytes]) -> bytes:
        word = match[1]
        if word and hashlib.sha256(word).digest() in self._digests:
            return HIDDEN.encode()
        return match[0]
