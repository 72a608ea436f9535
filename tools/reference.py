"""The pages of docs/reference that are made from the code."""

import inspect
import json
from collections.abc import Iterator
from importlib.resources import files as package_files
from typing import Any

import click

from cc_proxy.app.cli.json_data import DATA
from cc_proxy.app.config.environment import VARIABLES
from cc_proxy.app.config.validation import schema as config_schema
from cc_proxy.app.config.validation.kinds import Field, Names, Section
from tools import commands, json_schemas

_MADE = "<!-- Made by `python -m tools.generate`; change the code, not this page. -->\n\n"
_WIDTH = 80

_COMMAND_LINE = """# The command line

What `--help` says. Programs read on in [json.md](json.md) and [exit-codes.md](exit-codes.md).

The common flags may come before a command's name or after it. Help and errors are for people and
may change; `--json` and exit codes are for programs.

Colours are for terminals: `--no-color` or `NO_COLOR=1` takes them away, `FORCE_COLOR=1` has them
everywhere. Progress is told on stderr.

`cc-proxy completion SHELL` prints a script that has bash, zsh, fish or PowerShell complete
commands, flags and the names of models. Each command has a man page: `man cc-proxy-start`.
"""

_JSON = """# `--json`

Every command takes `--json` and then prints exactly one object on stdout, on one line; everything
for people goes to stderr.

```json
{"version": 1, "command": "status", "status": "error", "exit_code": 3,
 "data": {"running": false, "log_file": "/home/me/.cc-proxy/logs/cc-proxy.log"},
 "warnings": [],
 "errors": [{"code": "not_running", "message": "cc-proxy is not running.",
             "hint": "To start it: cc-proxy start"}]}
```

`status` is `ok` or `error`, and `exit_code` that of the process ([exit-codes.md](exit-codes.md)).
`code` is stable; `message` and `hint` are for people, and `hint` may be null. `warnings` has items
of the same form. A command of a command (`models pull`) has both words in `command`. With an error
`data` may be empty.

`cc-proxy schema COMMAND` prints the JSON Schema of a command's object, `cc-proxy schema` that of
what all have in common. Within version 1 fields may be added; none is taken away or changes its
meaning.
"""

_CONFIGURATION = """# The configuration

Every key of `cc-proxy.user.yaml`. `cc-proxy config init` writes a file with all of them in
comments, `cc-proxy config show` says what holds and where it comes from, `cc-proxy config check`
looks for mistakes, and `cc-proxy config schema` prints the JSON Schema for editors.

In values `${NAME}` stands for a variable of the environment, `${NAME:-other}` for `other` where it
is not set. Unknown keys are errors.

## Which file, and which value

The file is the first of these; no other is read, and one that is named and is not there is an
error: `--config`, `CC_PROXY_CONFIG_FILE`, `~/.cc-proxy/cc-proxy.user.yaml`,
`$XDG_CONFIG_HOME/cc-proxy/cc-proxy.user.yaml`, `/etc/cc-proxy/cc-proxy.user.yaml`.

While cc-proxy runs, the commands about it (all but `config` and `service`) read the file that it
uses, unless `--config` or the variable names one. If it uses another file than the named one,
`start`, `claude` and `reload` stop with the error `other_configuration` and the command that makes
it use that file; `stop --config` stops only a proxy that uses it; `status`, `logs`, `models` and
`doctor` answer, and warn.

A value is a flag's, else a variable's, else the file's, else the default. An empty variable counts
as not set, and of two for one key the first here counts:

| variable | key |
|---|---|
"""

_OTHER_VARIABLES = """
Those that end in `_FILE` name a file, by its whole path, that holds the value. `CC_PROXY_STATE_DIR`
and `CC_PROXY_LOG_DIR` are the folders that `--state-dir` and `--log-dir` name.
"""


def files() -> dict[str, str]:
    """Return the pages by their file names."""
    return {
        "command-line.md": _MADE + _COMMAND_LINE + "".join(_commands()),
        "json.md": _MADE + _JSON + "".join(_data()),
        "configuration.md": _MADE + _CONFIGURATION + "".join(_configuration()),
    }


def _commands() -> Iterator[str]:
    for context in commands.walk():
        shown = click.Context(
            context.command,
            info_name=context.command_path,
            terminal_width=_WIDTH,
            max_content_width=_WIDTH,
            **context.command.context_settings,
        )
        yield f"\n## {context.command_path}\n\n```text\n{shown.get_help()}\n```\n"


def _data() -> Iterator[str]:
    told: set[str] = set()
    for command, types in DATA.items():
        if not any(map(inspect.get_annotations, types)):
            continue
        schema = json_schemas.data(command)
        yield f"\n## {command}\n"
        # Its own types first, then what they are made of.
        own = [one.__name__ for one in types]
        for name in [*own, *sorted(schema["$defs"].keys() - set(own))]:
            if name not in told:
                yield from _type(name, schema["$defs"][name])
            told.add(name)


def _type(name: str, schema: dict[str, Any]) -> Iterator[str]:
    fields = schema.get("properties")
    if not fields:
        return
    text = inspect.cleandoc(schema["description"])
    yield f"\n**{name}**: {text}\n\n| field | type |\n|---|---|\n"
    for field, about in fields.items():
        optional = "" if field in schema["required"] else ", may be missing"
        yield f"| `{field}` | {_kind(about)}{optional} |\n"


def _kind(schema: dict[str, Any]) -> str:  # noqa: PLR0911 - a row of the table each
    match schema:
        case {"$ref": ref}:
            return str(ref).rpartition("/")[2]
        case {"anyOf": options}:
            return " or ".join(map(_kind, options))
        case {"enum": values}:
            return " or ".join(f"`{json.dumps(value)}`" for value in values)
        case {"type": "array", "items": items}:
            return f"array of {_kind(items)}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"object of {_kind(values)}"
        case {"type": kind}:
            unit = f" ({schema['description']})" if "description" in schema else ""
            return f"{kind}{unit}"
        case _:
            return "anything"


def _configuration() -> Iterator[str]:
    text = (package_files("cc_proxy") / "data" / "config.schema.json").read_text(encoding="utf-8")
    properties = json.loads(text)["properties"]
    yield from (f"| `{name}` | `{'.'.join(path)}` |\n" for name, path in VARIABLES.items())
    yield _OTHER_VARIABLES
    for name, about in properties.items():
        yield f"\n## {name}\n\n{about['description']}\n"
        entry = config_schema.FILE.keys[name]
        if isinstance(entry, Section):
            yield "\n| key | default | what it may be | |\n|---|---|---|---|\n"
            for key, field in entry.keys.items():
                yield _row(key, field, about["properties"][key])
            for key, field in entry.keys.items():
                yield from _keys_of_each(f"entry of `{key}`", field)
        elif isinstance(entry, Field):
            yield f"\nIt may be: {entry.expected}. Default: `{json.dumps(about['default'])}`.\n"
        else:
            yield f"\nKeys: {entry.expected}.\n"
            if not isinstance(entry, Names):
                continue
            if isinstance(entry.value, Field):
                yield f"Values: {entry.value.expected}.\n"
            else:
                for key, field in entry.value.keys.items():
                    if not isinstance(field, Section):
                        what = "" if isinstance(field, Field) else "a mapping from "
                        yield f"In each, `{key}`: {what}{field.expected}.\n"
                    yield from _keys_of_each(f"entry of its `{key}`", field, before="")


def _keys_of_each(each: str, names: object, *, before: str = "\n") -> Iterator[str]:
    """Yield a line for each key of the entries of a mapping with names of the user's own."""
    if isinstance(names, Names) and isinstance(names.value, Section):
        yield before
        for key, field in names.value.keys.items():
            expected = field.expected if isinstance(field, Field) else "a mapping"
            yield f"In each {each}, `{key}`: {expected}.\n"


def _row(key: str, field: object, about: dict[str, Any]) -> str:
    expected = field.expected if isinstance(field, Field) else ""
    if isinstance(field, Names):
        expected = f"a mapping from {field.expected}"
    default = about.get("default")
    shown = "none" if default is None else f"`{json.dumps(default)}`"
    return f"| `{key}` | {shown} | {expected} | {about['description']} |\n"
