"""The settings under the keys of the user's file, with values that the file takes back."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from cc_proxy.app.config.validation import schema
from cc_proxy.app.config.validation.kinds import Field, FreeForm, Names, Section
from cc_proxy.app.config.validation.schema import KeyPath
from cc_proxy.app.redaction import HIDDEN

# What YAML 1.1 and 1.2 take for text without quotes, but for the words below.
_PLAIN = re.compile(
    r"(?:[A-Za-z_][\w./-]*(?::[\w./-]+)*|https?://[\w.:/-]*[\w/-]|\d+(?:\.\d+){3}|\d+(?:ms|s|m|h))",
    re.ASCII,
)
_NOT_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_SECONDS = "_seconds"


def file_values(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings (as plain dicts) with the keys and values of the file.

    A duration in seconds becomes `900s`; a window that is not set becomes `auto`.
    """
    return _section(settings, schema.FILE)


def file_key(dotted: str) -> str:
    """Return the file's dotted key of a setting: `ollama.timeout` for `ollama.timeout_seconds`."""
    section, _, rest = dotted.partition(".")
    name, _, key = rest.partition(".")
    servers = schema.FILE.keys["upstreams"]
    if section == "upstreams" and isinstance(servers, Names) and isinstance(servers.value, Section):
        fields = servers.value.keys.items()
        keys = {one.setting: of for of, one in fields if isinstance(one, Field) and one.setting}
        return f"upstreams.{name}.{keys[key]}" if key in keys else dotted
    return _renamed().get(dotted, dotted)


def yaml_lines(
    values: Mapping[str, Any], comments: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield the lines of a file with these values, each with its comment by its dotted key.

    A line with a hidden secret is a comment as a whole: it cannot be written back.
    """
    rows = list(_rows(values, ()))
    width = max((len(text) for _, text in rows), default=0)
    for path, text in rows:
        comment = (comments or {}).get(".".join(path))
        yield f"{text:{width}}  # {comment}" if comment else text


def _section(settings: Mapping[str, Any], section: Section) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, entry in section.keys.items():
        name = entry.setting or key if isinstance(entry, Field) else key
        if name not in settings:
            continue
        value = settings[name]
        if isinstance(entry, Section):
            found[key] = _section(value, entry)
        elif isinstance(entry, Field):
            found[key] = _value(value, name)
        elif isinstance(entry, FreeForm):
            found[key] = value
        else:
            below = entry.value
            found[key] = {
                each: _section(of, below) if isinstance(below, Section) else _value(of, each)
                for each, of in value.items()
            }
    return found


def _value(value: object, name: str) -> object:
    if value is None and name == "context_window":
        return "auto"
    if name.endswith(_SECONDS) and isinstance(value, float):
        exact = format(Decimal(repr(value)), "f")
        return f"{exact.removesuffix('.0')}s"
    return value


@functools.cache
def _renamed() -> dict[str, str]:
    fields = [path for path in schema.paths() if _is_field(path)]
    return {".".join(schema.setting(path)): ".".join(path) for path in fields}


def _is_field(path: KeyPath) -> bool:
    try:
        schema.field(path)
    except KeyError:
        return False
    return True


def _rows(values: Mapping[str, Any], above: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    indent = "  " * len(above)
    for key, value in values.items():
        path, name = (*above, key), _scalar(key)
        if isinstance(value, dict) and value:
            yield path, f"{indent}{name}:"
            yield from _rows(value, path)
        elif isinstance(value, str) and HIDDEN in value:
            yield path, f"{indent}#{name}: {value}"
        else:
            yield path, f"{indent}{name}: {_written(value)}".rstrip()


def _written(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return _scalar(value.replace("${", "$${"))
        case list():
            return f"[{', '.join(map(_inside, value))}]"
        case dict():
            pairs = (f"{_scalar(key)}: {_inside(of)}" for key, of in value.items())
            return f"{{{', '.join(pairs)}}}"
        case _:
            return str(value)


def _inside(value: object) -> str:
    # Between brackets nothing at all is no value.
    return "null" if value is None else _written(value)


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    # A JSON string is YAML, too; what cannot be printed must be an escape in both.
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)
