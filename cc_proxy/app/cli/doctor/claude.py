"""Checks of Claude Code: the program, and what on this machine would override what it is told."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cc_proxy.app.cli.claude import version as claude_version
from cc_proxy.app.cli.claude.environment import CONFLICTING
from cc_proxy.app.cli.doctor.check import Check, fail, ok, warn

_TESTED = ((2, 1, 197), (2, 1, 330))
# With one of these in a settings file Claude Code talks to somebody else, or with another key:
# what stands there counts more than what it is started with.
_LEADS_AWAY = frozenset({"ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", *CONFLICTING})
# Other values of ours that such a file replaces.
_CHANGES = frozenset(
    {
        "ANTHROPIC_MODEL",
        "ANTHROPIC_DEFAULT_OPUS_MODEL",
        "ANTHROPIC_DEFAULT_SONNET_MODEL",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL",
        "ANTHROPIC_SMALL_FAST_MODEL",
        "API_TIMEOUT_MS",
        "CLAUDE_CODE_AUTO_COMPACT_WINDOW",
        "CLAUDE_CODE_MAX_CONTEXT_TOKENS",
        "CLAUDE_STREAM_IDLE_TIMEOUT_MS",
    }
)
# Where a company's settings are, in 2.1.197 and 2.1.330.
MANAGED = {
    "darwin": Path("/Library/Application Support/ClaudeCode"),
    "linux": Path("/etc/claude-code"),
    "win32": Path("C:/Program Files/ClaudeCode"),
}


def program(named: str) -> Check:
    """Check that Claude Code is there, and which one."""
    name = "claude_code"
    found = claude_version.locate(named)
    if found is None:
        text = f"Expected Claude Code as {named!r}, found no such program"
        return fail(name, text, "npm install -g @anthropic-ai/claude-code")
    version = claude_version.of(found)
    if version is None:
        return ok(name, f"{found}, of a version that its place does not tell")
    shown = ".".join(map(str, version))
    if version < _TESTED[0]:
        oldest = ".".join(map(str, _TESTED[0]))
        text = f"{found}, version {shown}; cc-proxy is tested with {oldest} and newer"
        return warn(name, text, "npm install -g @anthropic-ai/claude-code@latest")
    return ok(name, f"{found}, version {shown}")


def environment(environ: Mapping[str, str]) -> Check:
    """Check the variables: those in the way are no trouble, since `cc-proxy claude` drops them."""
    found = [name for name in CONFLICTING if environ.get(name)]
    if not found:
        return ok("claude_environment", "no other login in the variables")
    text = f"{', '.join(found)}: set, and taken away by `cc-proxy claude`; a bare `claude` uses it"
    return ok("claude_environment", text)


def settings(environ: Mapping[str, str], folder: Path) -> Check:
    """Check the settings files of the user, of the project in `folder`, and of the company."""
    name = "claude_settings"
    read: list[str] = []
    worst: Check | None = None
    for path in _settings_files(environ, folder):
        try:
            content = _json(path)
        except ValueError as error:
            worst = worst or warn(name, f"{path} cannot be read: {error}", f"$EDITOR {path}")
            continue
        if content is None:
            continue
        read.append(str(path))
        found = _overriding(path, content)
        if found is not None and (worst is None or found.status == "fail"):
            worst = found
        if worst is not None and worst.status == "fail":
            return worst
    return worst or ok(name, f"nothing overrides the proxy in {', '.join(read) or 'any file'}")


def login(environ: Mapping[str, str]) -> Check:
    """Check for a login of Anthropic's, which Claude Code may weigh against the proxy's key."""
    name = "claude_login"
    config = _config_folder(environ)
    if config is None:
        return ok(name, "no home, so no saved login")
    state = _state(environ)
    kept = _quietly(config / ".credentials.json")
    if kept.get("claudeAiOauth"):
        where = str(config / ".credentials.json")
    elif state.get("oauthAccount") or state.get("primaryApiKey"):
        where = str(_state_file(environ))
    else:
        return ok(name, "no saved login")
    text = f"a login is saved in {where}: Claude Code may warn that there are two"
    return warn(name, text, "CLAUDE_CONFIG_DIR=~/.claude-local cc-proxy claude")


def onboarding(environ: Mapping[str, str], folder: Path) -> Check:
    """Check whether Claude Code will ask its first-run questions, and about this folder."""
    name = "claude_onboarding"
    state = _state(environ)
    projects = state.get("projects")
    project = projects.get(str(folder)) if isinstance(projects, dict) else None
    trusted = isinstance(project, dict) and project.get("hasTrustDialogAccepted") is True
    if state.get("hasCompletedOnboarding") is not True:
        return ok(name, "not done: the first session asks for a theme, and about each folder once")
    asks = "trusted" if trusted else "asked about at its first session"
    return ok(name, f"done; {folder} is {asks}")


def _overriding(path: Path, content: dict[str, Any]) -> Check | None:
    name = "claude_settings"
    env = content.get("env")
    env = env if isinstance(env, dict) else {}
    if away := sorted(_LEADS_AWAY & env.keys()):
        text = f"{path} sets {', '.join(away)} in env: Claude Code would not use the proxy"
        return fail(name, text, f"Remove {', '.join(away)} from env in {path}")
    if content.get("apiKeyHelper"):
        text = f"{path} names an apiKeyHelper, whose key Claude Code would send instead of ours"
        return fail(name, text, f"Remove apiKeyHelper from {path}")
    if changed := sorted(_CHANGES & env.keys()):
        text = f"{path} sets {', '.join(changed)} in env, which counts more than what cc-proxy sets"
        return warn(name, text, f"Remove {', '.join(changed)} from env in {path}")
    return None


def _settings_files(environ: Mapping[str, str], folder: Path) -> Iterator[Path]:
    managed = MANAGED.get(sys.platform, MANAGED["linux"])
    yield managed / "managed-settings.json"
    yield from sorted((managed / "managed-settings.d").glob("*.json"))
    if (config := _config_folder(environ)) is not None:
        yield config / "settings.json"
    yield folder / ".claude" / "settings.json"
    yield folder / ".claude" / "settings.local.json"


def _home(environ: Mapping[str, str]) -> Path | None:
    text = environ.get("HOME") or environ.get("USERPROFILE") or ""
    return Path(text) if Path(text).is_absolute() else None


def _config_folder(environ: Mapping[str, str]) -> Path | None:
    if named := environ.get("CLAUDE_CONFIG_DIR"):
        return Path(named)
    home = _home(environ)
    return None if home is None else home / ".claude"


def _state_file(environ: Mapping[str, str]) -> Path | None:
    if named := environ.get("CLAUDE_CONFIG_DIR"):
        return Path(named) / ".claude.json"
    home = _home(environ)
    return None if home is None else home / ".claude.json"


def _state(environ: Mapping[str, str]) -> dict[str, Any]:
    path = _state_file(environ)
    return {} if path is None else _quietly(path)


def _quietly(path: Path) -> dict[str, Any]:
    """Return what is in one of Claude Code's own files; it mends a broken one itself."""
    try:
        return _json(path) or {}
    except ValueError:
        return {}


def _json(path: Path) -> dict[str, Any] | None:
    """Return the object in a file, None if there is no file.

    Raises:
        ValueError: it cannot be read, or holds something else.

    """
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ValueError(os.strerror(error.errno or 0)) from error
    if not isinstance(content, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - of its content, not of a type
    return content
