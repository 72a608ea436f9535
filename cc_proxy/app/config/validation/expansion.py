"""`${VAR}` and `${VAR:-default}` in values; `$${` is a literal `${`."""

import re
from collections.abc import Mapping

_REFERENCE = re.compile(
    r"(?P<escape>\$\$\{)"
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^{}]*))?\}"
    r"|(?P<malformed>\$\{)"
)


class BadReferenceError(ValueError):
    """A reference cannot be replaced; `reference` is how it starts in the text."""

    def __init__(self, reference: str, *, name: str | None) -> None:
        super().__init__(reference)
        self.reference = reference
        self.name = name


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Return the text with its references replaced, as a shell does it, and only once.

    As everywhere in the configuration an empty variable counts as one that is not set.
    Raises BadReferenceError for a variable without value and default, and for a `${` that starts
    no reference (then without a name).
    """

    def value(match: re.Match[str]) -> str:
        if match["escape"]:
            return "${"
        if match["malformed"]:
            raise BadReferenceError("${", name=None)
        found = environ.get(match["name"]) or match["default"]
        if found is None:
            raise BadReferenceError(match[0], name=match["name"])
        return found

    return _REFERENCE.sub(value, text)
