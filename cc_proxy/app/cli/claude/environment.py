"""The variables that Claude Code needs to work through cc-proxy.

Every variable here was seen to be needed with Claude Code 2.1.197, 2.1.330 or 2.1.332 on the wire.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cc_proxy.app.claude_needs import KEPT_FOR_ANSWER
from cc_proxy.app.cli.claude.settings.diversions import CONFLICTING
from cc_proxy.app.cli.claude.version import Version

if TYPE_CHECKING:
    from cc_proxy.app.config import Settings

# Half an hour: a long prompt on a slow machine, and a queue before it.
_PATIENCE_MS = str(30 * 60 * 1000)

_ALWAYS = {
    # Its digits differ between sessions, and are at the very front of the prompt.
    "CLAUDE_CODE_ATTRIBUTION_HEADER": "0",
    "CLAUDE_STREAM_IDLE_TIMEOUT_MS": _PATIENCE_MS,
    "API_TIMEOUT_MS": _PATIENCE_MS,
    "API_FORCE_IDLE_TIMEOUT": "0",
    # 2.1.332 says in a header of which class a request is; 2.1.197 does not know it.
    "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1",
}
# Kept as the person has set them.
UNLESS_SET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    # `/model` lists what is pulled.
    "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
}
_KNOWS_MAX_CONTEXT = (2, 1, 330)
_LEAST_COMPACT_WINDOW = 100_000
_ANSWER_SHARE = 5
_MILLION = 1_000_000
_MAX_OUTPUT = "CLAUDE_CODE_MAX_OUTPUT_TOKENS"
_NO_PROXY_NAMES = ("NO_PROXY", "no_proxy")
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


# The proxy's own; Claude Code needs none of them, and what it runs could send them anywhere.
OWN_KEYS = ("CC_PROXY_AUTH_KEY", "CC_PROXY_AUTH_KEY_FILE", "OLLAMA_API_KEY", "OLLAMA_API_KEY_FILE")
# A shorter value may be in another variable by chance.
_LEAST_SECRET = 8


@dataclass(frozen=True)
class SessionModels:
    """The names that Claude Code asks for, and of the main one the window and what it can do.

    `read_speed` is how many tokens it reads in a second, None until it has read a prompt. `auto` is
    the model that judges actions in auto mode, None outside of it.
    """

    main: str
    haiku: str
    window: int
    can_use_tools: bool = True
    read_speed: float | None = None
    auto: str | None = None


@dataclass(frozen=True)
class Changes:
    """The variables to set and those to remove."""

    set: dict[str, str]
    unset: tuple[str, ...]

    def applied_to(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return a copy of `environ` with the changes made."""
        kept = {name: value for name, value in environ.items() if name not in self.unset}
        return kept | self.set


def without_keys(environ: Mapping[str, str], settings: "Settings") -> dict[str, str]:
    """Return a copy of `environ` without the keys of the proxy and of its upstreams.

    Those of the configuration may come from variables of any name: each is known by its value.
    """
    from cc_proxy.app.config import secrets_of  # noqa: PLC0415 - not for `--help`

    secrets = {secret for secret in secrets_of(settings) if len(secret) >= _LEAST_SECRET}
    return {
        name: value
        for name, value in environ.items()
        if name not in OWN_KEYS and value.strip() not in secrets
    }


def changes(
    environ: Mapping[str, str],
    *,
    url: str,
    key: str,
    models: SessionModels,
    version: Version | None = None,
) -> Changes:
    """Return what must change in `environ` for Claude Code to talk to the proxy at `url`.

    `environ` has the variables of the process, and over them those of the person's own settings of
    Claude Code. `version` is Claude Code's, None where it is not known.
    """
    host = urlsplit(url).hostname or ""
    window = str(models.window)
    wanted = {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_AUTH_TOKEN": key,
        "ANTHROPIC_MODEL": models.main,
        "ANTHROPIC_DEFAULT_OPUS_MODEL": models.main,
        "ANTHROPIC_DEFAULT_SONNET_MODEL": models.main,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": models.haiku,
        # The name that versions before 2 read.
        "ANTHROPIC_SMALL_FAST_MODEL": models.haiku,
        # 2.1.330 takes an unknown model for a window of 1M tokens.
        "CLAUDE_CODE_MAX_CONTEXT_TOKENS": window,
        **_compact_window(models.window, version),
        **_answer_size(environ, models.window),
        **_no_million(models.window),
        **_ALWAYS,
        **_no_proxy(environ, host),
        **_auto_mode(models.auto),
    }
    wanted |= {name: value for name, value in UNLESS_SET.items() if not environ.get(name)}
    return Changes(
        set=dict(sorted(wanted.items())),
        unset=tuple(name for name in CONFLICTING if name in environ),
    )


def _compact_window(window: int, version: Version | None) -> dict[str, str]:
    """Tell the window to 2.1.197, which takes an unknown model for 200k and knows only this name.

    2.1.330 knows the other, and reads less than 100k as 100k here, with a warning.
    """
    older = version is not None and version < _KNOWS_MAX_CONTEXT
    if window < _LEAST_COMPACT_WINDOW and not older:
        return {}
    return {"CLAUDE_CODE_AUTO_COMPACT_WINDOW": str(window)}


def _answer_size(environ: Mapping[str, str], window: int) -> dict[str, str]:
    """Have a small window keep less free for the answer.

    Both versions keep min(20,000, this) and 13,000 more free: with a window of 40,960 they compact
    before the second turn, and below about 24,000 they refuse every prompt as too long, unasked.
    One of 65,536 holds 39,400 tokens in place of 32,500 before it is compacted. A longer answer is
    cut, and both ask the model to go on in smaller pieces; whole, it would fill the window.
    """
    share = window // _ANSWER_SHARE
    if share >= KEPT_FOR_ANSWER or environ.get(_MAX_OUTPUT):
        return {}
    return {_MAX_OUTPUT: str(share)}


def _auto_mode(model: str | None) -> dict[str, str]:
    """Have 2.1.332 ask a model of ours about each action, and not its maker's server.

    Without a model of its own name it asks for a grade, which no model here is measured on.
    """
    if model is None:
        return {}
    return {"CLAUDE_CODE_AUTO_MODE_SERVER": "0", "CLAUDE_CODE_AUTO_MODE_MODEL": model}


def _no_million(window: int) -> dict[str, str]:
    """Keep the default of `/model` from being NAME[1m], which both versions take for 1M tokens."""
    return {} if window >= _MILLION else {"CLAUDE_CODE_DISABLE_1M_CONTEXT": "1"}


def _no_proxy(environ: Mapping[str, str], host: str) -> dict[str, str]:
    """Keep every HTTP proxy out of the way between Claude Code and cc-proxy.

    Always, as a proxy may be named in settings that are read later. A program reads one of the
    two names, so that each gets the variables of both.
    """
    given = [part.strip() for name in _NO_PROXY_NAMES for part in environ.get(name, "").split(",")]
    if "*" in given:
        return dict.fromkeys(_NO_PROXY_NAMES, "*")
    # 2.1.197 knows an address of IPv6 in its brackets only. httpx, which the Python SDK and many
    # tools use, fails over brackets: they are there only where Claude Code needs them.
    hosts = [host, f"[{host}]"] if ":" in host else [host]
    direct = dict.fromkeys(part for part in (*given, *_THIS_MACHINE, *hosts) if part)
    return dict.fromkeys(_NO_PROXY_NAMES, ",".join(direct))
