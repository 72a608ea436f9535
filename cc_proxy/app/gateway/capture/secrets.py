"""Removing keys and tokens from an exchange before it is written."""

import re
from collections.abc import Iterable

from cc_proxy.app.redaction import HIDDEN, Redactor

# Forms that are documented by those who issue them, and that nothing else has. The classes hold no
# quote and no backslash, so that JSON stays JSON; each match ends where its class ends.
_TOKENS = re.compile(
    rb"\b(?:sk-[A-Za-z0-9_-]{16,}+"  # Anthropic, OpenAI
    rb"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+"
    rb"|glpat-[A-Za-z0-9_-]{16,}+"
    rb"|xox[abeprs]-[A-Za-z0-9-]{10,}+"  # Slack
    rb"|A(?:KIA|SIA)[A-Z0-9]{16}\b"  # AWS
    rb"|AIza[A-Za-z0-9_-]{30,}+"  # Google
    rb"|hf_[A-Za-z0-9]{20,}+"
    rb"|npm_[A-Za-z0-9]{30,}+"
    rb"|eyJ[A-Za-z0-9_-]{10,}+\.eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]++)"  # RFC 7519
)
_AFTER_A_WORD = re.compile(rb"(?i)(\bBearer )[A-Za-z0-9._~+/=-]{8,}+")
_PRIVATE_KEY = re.compile(rb'(-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)[^"-]*+')


class ExchangeRedactor:
    """Replaces the secrets of the configuration, and what has the form of a token, by asterisks."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._known = Redactor(secrets)

    def json(self, body: bytes) -> bytes:
        """Return JSON without them; it stays JSON."""
        hidden = HIDDEN.encode()
        found = _TOKENS.sub(hidden, self._known.json(body))
        found = _AFTER_A_WORD.sub(rb"\1" + hidden, found)
        return _PRIVATE_KEY.sub(rb"\1" + hidden, found)
