"""Checks of Claude Code: the program, and what on this machine would override what it is told."""

from collections.abc import Mapping
from pathlib import Path

from cc_proxy.app.cli.claude import version as claude_version
from cc_proxy.app.cli.claude.settings import diversions, settings_files
from cc_proxy.app.cli.claude.settings.diversions import CONFLICTING
from cc_proxy.app.cli.claude.settings.settings_files import SettingsFile, UnreadableSettingsError
from cc_proxy.app.cli.doctor.check import Check, fail, ok, warn

_TESTED = ((2, 1, 197), (2, 1, 332))
_LOOPBACK = "127.0.0.1"
# Values of ours that a company's settings replace.
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
    """Check the settings files of the person, of the project in `folder`, and of the company."""
    name = "claude_settings"
    read: list[str] = []
    worst: Check | None = None
    for path, scope in settings_files.places(environ, folder):
        try:
            file = settings_files.read(path, scope)
        except UnreadableSettingsError as error:
            worst = worst or warn(name, f"{path} cannot be read: {error}", f"$EDITOR {path}")
            continue
        if file is None:
            continue
        read.append(str(path))
        found = _diverting(name, file) or _changing(name, file)
        if found is not None and (worst is None or found.status == "fail"):
            worst = found
        if worst is not None and worst.status == "fail":
            return worst
    return worst or ok(name, f"nothing leads past the proxy in {', '.join(read) or 'any file'}")


def http_proxy(environ: Mapping[str, str], folder: Path) -> Check:
    """Check that no HTTP proxy is between Claude Code and cc-proxy."""
    name = "claude_http_proxy"
    found = diversions.proxies(settings_files.person(environ)["env"])
    if not found:
        return ok(name, "none is set")
    for file in settings_files.present(environ, folder):
        if file.scope == "person" and not diversions.goes_direct(file.env, _LOOPBACK):
            text = (
                f"{', '.join(found)}: set, and NO_PROXY in {file.path} without {_LOOPBACK}: a bare"
                " `claude` reaches cc-proxy through it; `cc-proxy claude` does not"
            )
            return warn(name, text, f"Add {_LOOPBACK} to NO_PROXY in {file.path}")
    return ok(name, f"{', '.join(found)}: set, and not used on the way to cc-proxy (NO_PROXY)")


def login(environ: Mapping[str, str]) -> Check:
    """Check for a login of Anthropic's, which Claude Code may weigh against the proxy's key."""
    name = "claude_login"
    config = settings_files.config_folder(environ)
    if config is None:
        return ok(name, "no home, so no saved login")
    state = settings_files.state(environ)
    kept = settings_files.read_or_empty(config / ".credentials.json")
    if kept.get("claudeAiOauth"):
        where = str(config / ".credentials.json")
    elif state.get("oauthAccount") or state.get("primaryApiKey"):
        where = str(settings_files.state_file(environ))
    else:
        return ok(name, "no saved login")
    text = f"a login is saved in {where}: Claude Code may warn that there are two"
    return warn(name, text, "CLAUDE_CONFIG_DIR=~/.claude-local cc-proxy claude")


def onboarding(environ: Mapping[str, str], folder: Path) -> Check:
    """Check whether Claude Code will ask its first-run questions, and about this folder."""
    name = "claude_onboarding"
    state = settings_files.state(environ)
    projects = state.get("projects")
    project = projects.get(str(folder)) if isinstance(projects, dict) else None
    trusted = isinstance(project, dict) and project.get("hasTrustDialogAccepted") is True
    if state.get("hasCompletedOnboarding") is not True:
        return ok(name, "not done: the first session asks for a theme, and about each folder once")
    asks = "trusted" if trusted else "asked about at its first session"
    return ok(name, f"done; {folder} is {asks}")


def _diverting(name: str, file: SettingsFile) -> Check | None:
    if file.scope == "person":
        names = ", ".join(diversions.of_person(file))
        found = list(diversions.find([file], {}, host=_LOOPBACK))
    else:
        found = list(diversions.find([file], {}, host=_LOOPBACK))
        names = ", ".join(map(str, found))
    if not names:
        return None
    fix = f"Remove {names} from {file.path}"
    if any(not one.overruled for one in found):
        text = f"{file.path} sets {names}: Claude Code goes past the proxy, and is not started"
        return fail(name, text, fix)
    text = f"{file.path} sets {names}: a bare `claude` follows it, `cc-proxy claude` overrules it"
    return warn(name, text, fix)


def _changing(name: str, file: SettingsFile) -> Check | None:
    if file.scope != "company":  # cc-proxy's own settings override it
        return None
    changed = sorted(_CHANGES & file.env.keys())
    if not changed:
        return None
    text = f"{file.path} sets {', '.join(changed)}, which overrides cc-proxy's settings"
    return warn(name, text, f"Remove {', '.join(changed)} from env in {file.path}")
