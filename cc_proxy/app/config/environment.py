"""The variables that set a value; an empty one counts as not set."""

from collections.abc import Mapping
from pathlib import Path

from cc_proxy.app.config.errors import ConfigError, Problem
from cc_proxy.app.config.layers import Layer, sourced_values
from cc_proxy.app.config.validation.schema import KeyPath
from cc_proxy.app.config.yaml_file import reading

_AUTH_KEY: KeyPath = ("server", "auth_key")

VARIABLES: dict[str, KeyPath] = {
    "CC_PROXY_HOST": ("server", "host"),
    "CC_PROXY_PORT": ("server", "port"),
    "CC_PROXY_AUTH_KEY": _AUTH_KEY,
    "CC_PROXY_AUTH_KEY_FILE": _AUTH_KEY,
    "CC_PROXY_ALLOWED_HOSTS": ("server", "allowed_hosts"),
    "CC_PROXY_LOG_LEVEL": ("logging", "level"),
    "CC_PROXY_LOG_FORMAT": ("logging", "format"),
    "OLLAMA_BASE_URL": ("ollama", "base_url"),
    "OLLAMA_HOST": ("ollama", "base_url"),
    "OLLAMA_API_KEY": ("ollama", "api_key"),
    "OLLAMA_API_KEY_FILE": ("ollama", "api_key"),
    "OLLAMA_TIMEOUT_SECONDS": ("ollama", "timeout"),
}
# These name a file that holds the value: a container's secrets are files.
_NAME_A_FILE = "_FILE"


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
        match _given(name, path, text):
            case Problem() as problem:
                problems.append(problem)
            case value:
                layer |= value
    return layer, problems


def auth_key(environ: Mapping[str, str]) -> str | None:
    """Return the key that the variables set, None if they set none that can be used."""
    layer, _ = values(environ)
    found = layer.get(_AUTH_KEY)
    return str(found.value) if found else None


def _given(name: str, path: KeyPath, text: str) -> Layer | Problem:
    origin = f"environment {name}"
    if not name.endswith(_NAME_A_FILE):
        return sourced_values(path, text, where=name, origin=origin)
    if not Path(text).is_absolute():
        # The background process runs in another folder.
        return Problem(
            where=name,
            what="not the absolute path of a file",
            expected="the absolute path of a file with the key in it",
            found="something else, which is not shown since it may be the key",
        )
    try:
        content = reading.content(Path(text), named_by=name, wanted="a file with the key in it")
    except ConfigError as error:
        return error.problems[0]
    # The rule does not show a secret in its errors.
    found = content.decode("ascii", "replace").strip()
    return sourced_values(path, found, where=f"{name}={text}", origin=origin)
