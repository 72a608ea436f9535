"""The command line of Claude Code, as far as `cc-proxy claude` must understand it.

Its options and commands are those of 2.1.197 and 2.1.332.
"""

from collections.abc import Sequence
from pathlib import Path

from cc_proxy.app.errors import CcProxyError

_SETTINGS = "--settings"
# A list of the sessions in the background, in which new ones are started.
_AGENTS = "agents"
# Anything else is a session, a bare prompt too: a small command that goes through the proxy for
# nothing does no harm, a prompt that does not go through it would leave the machine.
_NO_SESSION = frozenset(
    {"-h", "--help", "-v", "--version"}
    | {"attach", "auth", "doctor", "gateway", "import", "install", "kill", "logs", "mcp"}
    | {"plugin", "plugins", "project", "purge", "respawn", "rm", "setup-token"}
    | {"stop", "update", "upgrade"}
)
_AGENTS_WITHOUT_SESSION = ("--json", "-h", "--help")
# With one of these the user, or a script, has chosen how permissions are asked for.
_PERMISSION_FLAGS = ("--permission-mode", "--dangerously-skip-permissions")
# They hand the session, or what is said in it, to Anthropic's servers.
_CLOUD_FLAGS = (
    "--cloud",
    "--desktop",
    "--environment",
    "--remote",
    "--remote-control",
    "--teleport",
)
_CLOUD_COMMANDS = frozenset({"remote-control", "ultrareview"})


class CloudError(CcProxyError):
    """The command runs on Anthropic's servers, so a local model cannot do it."""

    code = "cloud_feature"


def is_session(arguments: Sequence[str]) -> bool:
    """Tell whether a model will be asked, or only one of the program's small commands is run."""
    if not arguments:
        return True
    if arguments[0] == _AGENTS:
        return not has(arguments, *_AGENTS_WITHOUT_SESSION)
    return arguments[0] not in _NO_SESSION


def refuse_cloud(arguments: Sequence[str]) -> None:
    """Refuse what would be done on Anthropic's servers.

    Raises:
        CloudError: it would.

    """
    asked = [flag for flag in _CLOUD_FLAGS if has(arguments, flag)]
    if arguments and arguments[0] in _CLOUD_COMMANDS:
        asked.append(arguments[0])
    if asked:
        raise CloudError(
            f"Expected a session on your own models, found {asked[0]}: it works on Anthropic's"
            " servers.",
            hint=f"Leave it out; or, if you want it to: claude {asked[0]}",
        )


def has(arguments: Sequence[str], *flags: str) -> bool:
    """Tell whether one of these flags is given, with its value beside it or behind `=`."""
    return any(argument.split("=")[0] in flags for argument in _options(arguments))


def prints(arguments: Sequence[str]) -> bool:
    """Tell whether there is an answer and no session that a person works in."""
    return has(arguments, "-p", "--print")


def without_settings(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """Return the arguments without `--settings`, and its value: of several the last one counts."""
    options = _options(arguments)
    kept: list[str] = []
    value: str | None = None
    rest = iter(options)
    for argument in rest:
        name, equals, given = argument.partition("=")
        if name != _SETTINGS:
            kept.append(argument)
        elif equals:
            value = given
        else:
            value = next(rest, "")
    return [*kept, *arguments[len(options) :]], value


def permission_mode(arguments: Sequence[str], *, auto: bool = False) -> tuple[str, ...]:
    """Return the permission mode to begin in, where the person has named none.

    In Claude Code's auto mode the server judges each action; so it is the mode that asks the
    person, unless they want a model of theirs to judge (`auto`).
    """
    mode = "auto" if auto else "default"
    return () if has(arguments, *_PERMISSION_FLAGS) else ("--permission-mode", mode)


def complete(
    profile: Sequence[str],
    arguments: Sequence[str],
    settings: Path | None,
    *,
    auto: bool = False,
) -> list[str]:
    """Return all arguments of Claude Code: ours, and behind them those that were given.

    `settings` is None where the file is on another machine; `auto`: it begins in auto mode.
    """
    first = [] if settings is None else [_SETTINGS, str(settings)]
    first += permission_mode(arguments, auto=auto)
    if arguments and arguments[0] == _AGENTS:
        # It takes them behind its name, and knows nothing of the profiles.
        return [_AGENTS, *first, *arguments[1:]]
    return [*profile, *first, *arguments]


def _options(arguments: Sequence[str]) -> Sequence[str]:
    """Return the arguments in front of a `--`, behind which there are no options."""
    return arguments[: list(arguments).index("--")] if "--" in arguments else arguments
