"""The nearest thing that a person may have meant."""

import difflib
import re

from cc_proxy.app.config.validation import schema
from cc_proxy.app.config.validation.kinds import Section
from cc_proxy.app.config.validation.schema import KeyPath

_SECRETS = ("auth_key", "api_key", "password", "secret", "token")
# Options of Ollama's that no model has here, and why.
_NOT_YOURS = {
    "num_ctx": 'write "context_window"',
    "num_predict": "leave it out: Claude Code says with each request how long an answer may be"
    " (CLAUDE_CODE_MAX_OUTPUT_TOKENS)",
    "stop": "leave it out: Claude Code sends its own stop sequences, and those of the Modelfile"
    " apply as well",
}
_SECRET_PART = re.compile("auth|key|pass|secret|token|cred")


def may_be_secret(key: str) -> bool:
    """Tell whether an unknown key may be a misspelt secret, whose value is not to be shown."""
    plain = key.lower()
    near = difflib.get_close_matches(plain, _SECRETS, n=1)
    return bool(near or _SECRET_PART.search(plain))


def for_key(key: str, section: Section, above: KeyPath) -> str | None:
    """Return what to write instead of an unknown key, or None when nothing is near.

    A key that is known in another section is named with that section.
    """
    plain = key.strip().lower().replace("-", "_")
    if above[:1] == ("models",) and plain in _NOT_YOURS:
        return _NOT_YOURS[plain]
    if near := difflib.get_close_matches(plain, section.keys, n=1):
        return f'did you mean "{near[0]}"?'
    elsewhere = {path[-1]: path for path in schema.paths() if path[:-1] != above}
    if near := difflib.get_close_matches(plain, elsewhere, n=1, cutoff=0.75):
        path = elsewhere[near[0]]
        return f'did you mean "{path[-1]}" {_location(path)}?'
    return None


def _location(path: KeyPath) -> str:
    return f'below "{".".join(path[:-1])}:"' if path[:-1] else "at the start of a line"
