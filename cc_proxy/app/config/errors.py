"""Errors in the configuration: each says where, what was expected, and the fix."""

from collections.abc import Sequence

import msgspec

from cc_proxy.app.errors import CcProxyError

MOST_PROBLEMS = 20  # of one file; a reader fixes the first ones first


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong.

    `where` is `path:line:col`, a variable or a flag; `excerpt` the line of the file with a
    caret under the column.
    """

    where: str
    what: str
    excerpt: str | None = None
    expected: str | None = None
    found: str | None = None
    fix: str | None = None

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}"]
        if self.excerpt is not None:
            lines.append(self.excerpt)
        for label, text in (
            ("expected:", self.expected),
            ("found:", self.found),
            ("fix:", self.fix),
        ):
            if text is not None:
                lines.append(f"  {label:9} {text}")
        return "\n".join(lines)


class ConfigError(CcProxyError):
    """The configuration cannot be used; `problems` has everything that is wrong with it."""

    code = "config_error"
    exit_code = 2

    def __init__(self, problems: Sequence[Problem], *, hint: str | None = None) -> None:
        texts = [str(problem) for problem in problems]
        if len(texts) > 1:
            texts.insert(0, f"{len(texts)} problems in the configuration:")
        super().__init__("\n\n".join(texts), hint=hint)
        self.problems = tuple(problems)


class RefusedValueError(ValueError):
    """A rule does not accept a value; whoever knows where it came from makes the Problem.

    `found` replaces the usual description of the value, `fix` says what to write instead.
    """

    def __init__(self, *, found: str | None = None, fix: str | None = None) -> None:
        super().__init__(found or "")
        self.found = found
        self.fix = fix
