"""Settings of Claude Code by which requests, and the words in them, go past the proxy.

Each name was tried with Claude Code 2.1.197 and 2.1.332 in a project's settings: with a value of
ours beside it in `--settings` nothing went elsewhere, except where this module says so. The
company's settings override `--settings`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cc_proxy.app.cli.claude.settings.settings_files import SettingsFile

BASE_URL = "ANTHROPIC_BASE_URL"
TOKEN = "ANTHROPIC_AUTH_TOKEN"  # noqa: S105 - the name of a variable
UNIX_SOCKET = "ANTHROPIC_UNIX_SOCKET"
KEY_HELPER = "apiKeyHelper"

# Each has requests go to another provider than the one at ANTHROPIC_BASE_URL.
_PROVIDERS = (
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_GATEWAY",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_VERTEX",
)
_ADDRESSES = (
    UNIX_SOCKET,
    "ANTHROPIC_AWS_BASE_URL",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "ANTHROPIC_BEDROCK_MANTLE_BASE_URL",
    "ANTHROPIC_FOUNDRY_BASE_URL",
    "ANTHROPIC_FOUNDRY_RESOURCE",
    "ANTHROPIC_GOOGLE_CLOUD_BASE_URL",
    "ANTHROPIC_VERTEX_BASE_URL",
    "ANTHROPIC_VERTEX_PROJECT_ID",
    "CLAUDE_CODE_API_BASE_URL",
    "CLAUDE_CODE_CUSTOM_OAUTH_URL",
    "CLAUDE_CODE_RUNNER_MODEL_SOCKET",
    "_CLAUDE_CODE_ASSUME_FIRST_PARTY_BASE_URL",
)
# A second login beside ours makes Claude Code warn, refuse, or send it along.
_LOGINS = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AWS_API_KEY",
    "ANTHROPIC_FOUNDRY_API_KEY",
    "ANTHROPIC_FOUNDRY_AUTH_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "CLAUDE_CODE_OAUTH_REFRESH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
)
# With one of these a program around Claude Code chooses address and login, not its settings.
_HOSTS = (
    "CLAUDE_CODE_HOST_AUTH_ENV_VAR",
    "CLAUDE_CODE_HOST_CREDS_FILE",
    "CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST",
    "CLAUDE_CODE_SDK_HAS_HOST_AUTH_REFRESH",
)
# Taken out of the environment, and made empty in `--settings`.
CONFLICTING = tuple(sorted((*_PROVIDERS, *_ADDRESSES, *_LOGINS, *_HOSTS)))

_PROXIES = (
    "ALL_PROXY",
    "CLAUDE_CODE_HTTPS_PROXY",
    "CLAUDE_CODE_HTTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "all_proxy",
    "http_proxy",
    "https_proxy",
)
# Prompts and answers can be told to a collector; 2.1.332 takes none of these from a project.
_TELEMETRY = (
    "BETA_TRACING_ENDPOINT",
    "CLAUDE_CODE_ENABLE_TELEMETRY",
    "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA",
    "ENABLE_BETA_TRACING_DETAILED",
    "ENABLE_ENHANCED_TELEMETRY_BETA",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_LOGS_EXPORTER",
    "OTEL_LOG_ASSISTANT_RESPONSES",
    "OTEL_LOG_RAW_API_BODIES",
    "OTEL_LOG_TOOL_CONTENT",
    "OTEL_LOG_TOOL_DETAILS",
    "OTEL_LOG_USER_PROMPTS",
    "OTEL_METRICS_EXPORTER",
    "OTEL_TRACES_EXPORTER",
)
# What the person has chosen counts, what a project has chosen does not.
_PERSONS = (*_PROXIES, *_TELEMETRY, "ANTHROPIC_CUSTOM_HEADERS")

_NO_PROXY = ("NO_PROXY", "no_proxy")
_OFF = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True)
class Diversion:
    """A setting by which requests would go past the proxy.

    `line` is None where the name is not spelled out in the file. `overruled`: `--settings` counts
    more than it, so that it changes nothing.
    """

    file: Path
    line: int | None
    name: str
    overruled: bool

    def __str__(self) -> str:
        """Return the name with its line."""
        return self.name if self.line is None else f"{self.name} (line {self.line})"


def pinned(person: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that keep weaker settings from leading requests past the proxy.

    `person` has those of the person and of the process.
    """
    return dict.fromkeys(CONFLICTING, "") | {name: person.get(name, "") for name in _PERSONS}


def find(
    files: Iterable[SettingsFile], ours: Mapping[str, str], *, host: str
) -> Iterator[Diversion]:
    """Yield the settings by which requests would go past the proxy, but for the person's own.

    `ours` are the variables that `--settings` has, `host` is the proxy's.
    """
    for file in files:
        names = set(_of_company(file.env, ours, host) if file.scope == "company" else ())
        if file.scope == "project":
            names.update(_of_project(file, ours))
        if file.scope != "company" and file.env.get(UNIX_SOCKET):
            names.add(UNIX_SOCKET)
        for name in sorted(names):
            # 2.1.197 leaves the address in `--settings` alone where this one is set.
            overruled = file.scope != "company" and name != UNIX_SOCKET
            yield Diversion(file.path, file.line(name), name, overruled)


def of_person(file: SettingsFile) -> list[str]:
    """Return the settings in a file of the person's by which a bare `claude` passes the proxy."""
    return sorted(_anywhere(file, {}))


def proxies(env: Mapping[str, str]) -> list[str]:
    """Return the names of the HTTP proxies that are set in `env`."""
    return list(_switched_on(env, _PROXIES))


def goes_direct(env: Mapping[str, str], host: str) -> bool:
    """Tell whether `env` leaves NO_PROXY as it is, or has the proxy's host in it."""
    given = [env[name] for name in _NO_PROXY if name in env]
    parts = {part.strip() for value in given for part in value.split(",")}
    return not given or bool(parts & {host, "*"})


def _of_project(file: SettingsFile, ours: Mapping[str, str]) -> Iterator[str]:
    yield from _anywhere(file, ours)
    yield from _switched_on(file.env, _PERSONS)


def _anywhere(file: SettingsFile, ours: Mapping[str, str]) -> Iterator[str]:
    yield from _others(file.env, ours)
    yield from _switched_on(file.env, CONFLICTING)
    if file.content.get(KEY_HELPER):
        yield KEY_HELPER


def _of_company(env: Mapping[str, str], ours: Mapping[str, str], host: str) -> Iterator[str]:
    yield from _others(env, ours)
    # Its logins go along with ours, and to the proxy; where it collects telemetry is its affair.
    yield from _switched_on(env, (*_PROVIDERS, *_ADDRESSES, *_HOSTS))
    if not goes_direct(env, host):
        yield from proxies(env)


def _others(env: Mapping[str, str], ours: Mapping[str, str]) -> Iterator[str]:
    """Yield address and key where they are not ours; an empty address is Anthropic's."""
    return (name for name in (BASE_URL, TOKEN) if name in env and env[name] != ours.get(name))


def _switched_on(env: Mapping[str, str], names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if env.get(name, "").strip().lower() not in _OFF)
