"""The variables that set a value; an empty one counts as not set."""

from collections.abc import Mapping

from cc_proxy.app.config.errors import Problem
from cc_proxy.app.config.layers import Layer, given
from cc_proxy.app.config.schema import KeyPath

VARIABLES: dict[str, KeyPath] = {
    "CC_PROXY_HOST": ("server", "host"),
    "CC_PROXY_PORT": ("server", "port"),
    "CC_PROXY_AUTH_KEY": ("server", "auth_key"),
    "CC_PROXY_ALLOWED_HOSTS": ("server", "allowed_hosts"),
    "CC_PROXY_LOG_LEVEL": ("logging", "level"),
    "OLLAMA_BASE_URL": ("ollama", "base_url"),
    "OLLAMA_HOST": ("ollama", "base_url"),
    "OLLAMA_API_KEY": ("ollama", "api_key"),
    "OLLAMA_TIMEOUT_SECONDS": ("ollama", "timeout"),
}


def values(environ: Mapping[str, str]) -> tuple[Layer, list[Problem]]:
    """Return what the variables set, and what is wrong with them.

    Of two variables for one setting the first in VARIABLES counts and the other is not read:
    OLLAMA_HOST may well be meant for the Ollama server alone.
    """
    layer: Layer = {}
    problems: list[Problem] = []
    taken: set[KeyPath] = set()
    for name, path in VARIABLES.items():
        text = environ.get(name, "").strip()
        if not text or path in taken:
            continue
        taken.add(path)
        match given(path, text, where=name, origin=f"environment {name}"):
            case Problem() as problem:
                problems.append(problem)
            case value:
                layer |= value
    return layer, problems
