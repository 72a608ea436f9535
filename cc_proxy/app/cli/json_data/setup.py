"""Data of the commands about the configuration, Claude Code and cc-proxy itself."""

from typing import Any, Literal, NotRequired, TypedDict

from cc_proxy.app.cli.json_data.wire import JsonSchema
from cc_proxy.app.control.wire import Seconds


class SourceData(TypedDict):
    """A place where a configuration may be; `active` is the one that counts."""

    name: str
    path: str | None
    status: str


class PrintEnv(TypedDict):
    """The variables that `cc-proxy claude --print-env` sets and removes."""

    set: dict[str, str]
    unset: list[str]
    arguments: list[str]


class Env(TypedDict):
    """The settings for a program, and the lines that say where they go."""

    target: Literal["vscode", "jetbrains", "sdk", "desktop"]
    set: dict[str, str]
    unset: list[str]
    lines: list[str]


class CheckData(TypedDict):
    """One finding; `fix` is the repair."""

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    fix: str | None


class Doctor(TypedDict):
    """The findings, and the checks that could not be made for want of an earlier one."""

    checks: list[CheckData]
    not_checked: list[str]


class ConfigInit(TypedDict):
    """The file that was written, and where the earlier one is now."""

    config_path: str
    default_model: str | None
    backup_path: str | None


class ConfigShow(TypedDict):
    """The effective values, and where each that is not a default comes from."""

    config_path: str | None
    config_digest: str
    values: dict[str, Any]
    origins: dict[str, str]


class ProblemData(TypedDict):
    """A mistake in the configuration."""

    where: str
    what: str
    excerpt: str | None
    expected: str | None
    found: str | None
    fix: str | None


class ConfigCheck(TypedDict):
    """The verdict on the configuration, with its problems."""

    valid: bool
    config_path: str | None
    problems: list[ProblemData]


class ConfigPath(TypedDict):
    """The file that counts, or would."""

    config_path: str
    exists: bool
    sources: list[SourceData]


class ConfigKey(TypedDict):
    """A new key, and the line for `server.auth_keys` that has its SHA-256."""

    name: str
    key: str
    key_sha256: str
    line: str


class Schema(TypedDict):
    """A schema."""

    schema: JsonSchema


class CompletionData(TypedDict):
    """The script that makes a shell complete cc-proxy's arguments."""

    shell: str
    script: str


class Version(TypedDict):
    """The version, with `--version` anywhere."""

    version: str


class DemoRequest(TypedDict):
    """One request that the practice model was sent."""

    model: str
    prompt_tokens: int
    reused_tokens: int
    read_tokens: int
    output_tokens: int
    seconds: Seconds
    ended_by: str | None


class DemoTotals(TypedDict):
    """The tokens of the whole session."""

    requests: int
    prompt: int
    reused: int
    read: int
    output: int


class Demo(TypedDict):
    """A demo that came to its end."""

    practice: bool
    client: Literal["claude", "built-in"]
    client_version: str | None
    answer: str
    requests: NotRequired[list[DemoRequest]]
    totals: NotRequired[DemoTotals]
