"""The names of models, for a shell that completes one: at once, or not at all."""

import base64
import http.client
import re
import threading
from urllib.parse import unquote, urlsplit

import click
import msgspec
from click.shell_completion import CompletionItem

from cc_proxy.app.cli.common import Common
from cc_proxy.app.config import ConfigError, Ollama
from cc_proxy.app.upstreams.ollama.listing import from_tags

# A person who presses Tab waits no longer than this.
_SECONDS = 0.25
_ANSWER_LIMIT = 4 << 20
# The letters of Ollama's names (types/model.isValidPart) and the separators of their parts. A
# shell puts a name into the line as it is: one with `$(` in it would be run.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]*")


def starting_with(context: click.Context, incomplete: str) -> list[CompletionItem[str]]:
    """Return the aliases that are no patterns, and what is pulled; nothing where that fails."""
    try:
        settings = context.ensure_object(Common).load().settings
    except ConfigError:
        return []
    # Another server than Ollama is not asked: its models are few, and known by their aliases.
    pulled = [] if settings.upstreams else _pulled(settings.ollama)
    names: dict[str, str | None] = dict.fromkeys(pulled)
    for alias, model in settings.aliases.items():
        if "*" not in alias:
            names[alias] = f"alias of {model}"
    return [
        CompletionItem(name, help=about)
        for name, about in names.items()
        if name.startswith(incomplete)
    ]


def _pulled(ollama: Ollama) -> list[str]:
    found: list[str] = []
    # A thread: looking up a host's name takes as long as it takes.
    asking = threading.Thread(target=lambda: found.extend(_ask(ollama)), daemon=True)
    asking.start()
    asking.join(_SECONDS)
    return found


def _ask(ollama: Ollama) -> list[str]:
    url = urlsplit(ollama.base_url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=_SECONDS)
    try:
        connection.request("GET", f"{url.path}/api/tags", headers=_login(ollama))
        names = [model.name for model in from_tags(connection.getresponse().read(_ANSWER_LIMIT))]
        return [name for name in names if _NAME.fullmatch(name)]
    except (OSError, http.client.HTTPException, msgspec.DecodeError, UnicodeDecodeError):
        return []
    finally:
        connection.close()


def _login(ollama: Ollama) -> dict[str, str]:
    """Return the header that `ollama.client` would send."""
    user, at, _ = urlsplit(ollama.base_url).netloc.rpartition("@")
    if at:
        return {"Authorization": f"Basic {base64.b64encode(unquote(user).encode()).decode()}"}
    return {"Authorization": f"Bearer {ollama.api_key}"} if ollama.api_key else {}
