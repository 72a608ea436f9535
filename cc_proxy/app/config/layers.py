"""Values with where they came from, laid over each other: defaults, file, environment, flags."""

from collections.abc import Iterator, Mapping

import msgspec

from cc_proxy.app.config.errors import Problem, RefusedValueError
from cc_proxy.app.config.settings import Settings
from cc_proxy.app.config.validation import schema
from cc_proxy.app.config.validation.schema import KeyPath
from cc_proxy.app.redaction import without_query


class SourcedValue(msgspec.Struct, frozen=True):
    """A checked value, and its origin in words: `flag --port`, `file PATH:LINE`."""

    value: object
    origin: str


Layer = dict[KeyPath, SourcedValue]
"""Paths in Settings, not in the file, to what was given for them."""


def given_at(layer: Layer, path: KeyPath) -> object:
    """Return the value at a path, a dict for a mapping, None for what was refused."""
    if (one := layer.get(path)) is not None:
        return one.value
    return {key[-1]: one.value for key, one in layer.items() if key[:-1] == path} or None


def sourced_values(path: KeyPath, text: str, *, where: str, origin: str) -> Layer | Problem:
    """Return the layer of one value that came as text from outside a file.

    `path` is the file's path of the setting, `where` the flag or variable for an error.
    """
    field = schema.field(path)
    try:
        return {schema.setting(path): SourcedValue(field.rule(text), origin)}
    except RefusedValueError as refused:
        shown = "a value that is not shown" if field.secret else repr(without_query(text))
        return Problem(
            where=where,
            what=f"not a usable value for {'.'.join(path)}",
            expected=field.expected,
            found=refused.found or shown,
            fix=refused.fix,
        )


def merge(layers: Layer) -> tuple[Settings, dict[str, str]]:
    """Return the settings, defaults filled in, and for each dotted key where it came from."""
    tree: dict[str, object] = {}
    for path, entry in layers.items():
        _put(tree, path, entry.value)
    settings = msgspec.convert(tree, Settings)
    paths = (path for path, _ in leaves(msgspec.to_builtins(settings)))
    return settings, {".".join(path): _origin(path, layers) for path in paths}


def _origin(path: KeyPath, layers: Layer) -> str:
    # A mapping of any content came as one value.
    froms = (layers.get(path[:end]) for end in range(len(path), 0, -1))
    return next((entry.origin for entry in froms if entry is not None), "default")


def leaves(tree: Mapping[str, object], above: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Yield the path and the value of everything in nested mappings; an empty one is a value."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*above, key))
        else:
            yield (*above, key), value


def _put(tree: dict[str, object], path: KeyPath, value: object) -> None:
    for key in path[:-1]:
        below = tree.setdefault(key, {})
        if not isinstance(below, dict):
            raise TypeError(path)
        tree = below
    tree[path[-1]] = value
