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
        return self.message if self.fix is None else f"{self.message}\n  -> {_sentence(self.fix)}"

    @property
    def message(self) -> str:
        """The expected and the found value, and the line of the file, without the fix."""
        if self.excerpt is None and self.expected is not None:
            found = self.found or f"that {self.what}"
            return f"Expected {self.where} to be {self.expected}, found {found}."
        lines = [f"{self.where}: {self.what}", *filter(None, [self.excerpt])]
        if self.expected is not None:
            found = "" if self.found is None else f", found {self.found}"
            lines.append(f"  Expected {self.expected}{found}.")
        elif self.found is not None:
            lines.append(f"  {_sentence(self.found)}")
        return "\n".join(lines)


class ConfigError(CcProxyError):
    """The configuration cannot be used; `problems` has everything that is wrong with it.

    `details` is all of that as text. So is the message, but for the fix of a single problem: that
    is the hint.
    """

    code = "config_error"
    exit_code = 2

    def __init__(self, problems: Sequence[Problem], *, hint: str | None = None) -> None:
        self.problems = tuple(problems)
        self.details = "\n\n".join(map(str, problems))
        if len(problems) > 1:
            self.details = f"{len(problems)} problems in the configuration:\n\n{self.details}"
            super().__init__(self.details, hint=hint)
            return
        (problem,) = problems
        fixes = [_sentence(text) for text in (problem.fix, hint) if text]
        otherwise = "leave it out" if problem.where.startswith("--") else "unset it"
        fix = " ".join(fixes) or f"Correct {problem.where}, or {otherwise}."
        super().__init__(problem.message, hint=fix)


def _sentence(text: str) -> str:
    # After a piece of YAML a full stop would look like a part of it.
    end = "." if text[-1].isalnum() or text[-1] in ')`"' else ""
    return f"{text[0].upper()}{text[1:]}{end}"


class RefusedValueError(ValueError):
    """A rule does not accept a value; whoever knows where it came from makes the Problem.

    `found` replaces the usual description of the value, `fix` says what to write instead.
    """

    def __init__(self, *, found: str | None = None, fix: str | None = None) -> None:
        super().__init__(found or "")
        self.found = found
        self.fix = fix
