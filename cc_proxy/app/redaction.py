"""Secrets are replaced in texts that people read."""

import functools
import re
from collections.abc import Iterable

HIDDEN = "********"
# A shorter one may be a common word, such as `key`, and is replaced only where it is a word.
_MIN_LENGTH_ANYWHERE = 8


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return a text with `HIDDEN` in place of each secret; none of them is empty."""
    for secret in secrets:
        if len(secret) >= _MIN_LENGTH_ANYWHERE:
            text = text.replace(secret, HIDDEN)
        else:
            text = _as_word(secret).sub(HIDDEN, text)
    return text


@functools.lru_cache(maxsize=16)
def _as_word(secret: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(secret)}(?![\w-])")
