"""The keys of a team: read from their files, and no two of them the same."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cc_proxy.app.config.errors import ConfigError, Problem
from cc_proxy.app.config.layers import Layer, sourced_values
from cc_proxy.app.config.settings import ClientKey, Server
from cc_proxy.app.config.yaml_file import reading

if TYPE_CHECKING:
    from cc_proxy.app.config.validation.schema import KeyPath

_WANTED = "a file with the key in it"


def from_files(server: Server, origins: Mapping[str, str]) -> tuple[Layer, list[Problem]]:
    """Return the keys that `key_file` names, and what is wrong with their files.

    `origins` has where each setting came from.
    """
    layer: Layer = {}
    problems: list[Problem] = []
    for name, client in server.auth_keys.items():
        if client.key_file is None:
            continue
        setting = f"server.auth_keys.{name}.key_file"
        where = f"{setting} ({origins[setting]})"
        try:
            content = reading.content(Path(client.key_file), named_by=where, wanted=_WANTED)
        except ConfigError as error:
            problems += error.problems
            continue
        found = _checked(name, content.decode("ascii", "replace").strip(), client.key_file)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            layer |= found
    return layer, problems


def is_in_its_file(client: ClientKey) -> bool:
    """Tell whether a key is still the content of its `key_file`; True for one without a file."""
    if client.key_file is None or client.key is None:
        return True
    try:
        content = reading.content(Path(client.key_file), named_by="", wanted=_WANTED)
    except ConfigError:
        return False
    return content.decode("ascii", "replace").strip() == client.key


def same_twice(server: Server, origins: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each key that has two names, or is `server.auth_key` as well."""
    problems = []
    names: dict[bytes, str] = {}
    if server.auth_key is not None:
        names[ClientKey(key=server.auth_key).digest] = "server.auth_key"
    for name, client in server.auth_keys.items():
        setting = f"server.auth_keys.{name}"
        first = names.setdefault(client.digest, setting)
        if first != setting:
            origin = next(
                origin
                for key, origin in origins.items()
                if key.startswith(f"{setting}.key") and origin != "default"
            )
            problems.append(
                Problem(
                    where=f"{setting} ({origin})",
                    what="the same key",
                    expected="a key of its own",
                    found=f"the key of {first}",
                    fix="make one: cc-proxy config key NAME",
                )
            )
    return problems


def _checked(name: str, text: str, file: str) -> Layer | Problem:
    path: KeyPath = ("server", "auth_keys", name, "key")
    return sourced_values(path, text, where=file, origin=f"file {file}")
