"""The finding of a check of `cc-proxy doctor`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cc_proxy.app.cli.json_data.setup import CheckData

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Repair:
    """A repair for `--fix`: the question to ask first, and the work, which returns its report.

    `work` raises CcProxyError where it cannot be done.
    """

    question: str
    work: Callable[[], str]


@dataclass(frozen=True)
class Check:
    """One finding: `name` is stable, `fix` is one command or step that can be copied."""

    name: str
    status: Status
    detail: str
    fix: str | None = None
    repair: Repair | None = None

    def data(self) -> "CheckData":
        """Return it for `--json`."""
        return {
            "name": self.name,
            "status": self.status,
            "detail": self.detail,
            "fix": self.fix,
        }


def ok(name: str, detail: str) -> Check:
    """Return a finding that asks for nothing."""
    return Check(name, "ok", detail)


def warn(name: str, detail: str, fix: str | None, repair: Repair | None = None) -> Check:
    """Return a finding that works, but not well."""
    return Check(name, "warn", detail, fix, repair)


def fail(name: str, detail: str, fix: str | None, repair: Repair | None = None) -> Check:
    """Return a finding that keeps Claude Code from working."""
    return Check(name, "fail", detail, fix, repair)
