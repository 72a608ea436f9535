"""`cc-proxy schema`."""

import json
from typing import Any

import click

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.config.init import data_file
from cc_proxy.app.cli.output.result import Result
from cc_proxy.app.errors import CcProxyError


class SchemaError(CcProxyError):
    """There is no such schema."""

    code = "no_schema"
    exit_code = 2


@define("schema")
@click.argument("name", nargs=-1, metavar="[COMMAND]")
def command(common: Common, *, name: tuple[str, ...]) -> Result:
    """Print the JSON Schema of what a command says with --json.

    Without COMMAND: of what all of them have in common. The schema of the configuration is
    another: cc-proxy config schema.

    Example: cc-proxy schema models pull
    """
    del common
    schema = schema_of(" ".join(name))
    if schema is None:
        raise SchemaError(
            f"Expected the name of a command, found {' '.join(name)!r}.",
            hint="See which there are: cc-proxy --help",
        )
    return Result("schema", {"schema": schema}, tuple(json.dumps(schema, indent=2).splitlines()))


def schema_of(command: str) -> dict[str, Any] | None:
    """Return the schema of a command, None if there is no such; "": what all have in common."""
    parts = json.loads(data_file("schemas.json"))
    shared, envelope = parts["defs"], parts["envelope"]
    about = {
        "$schema": envelope["$schema"],
        "$id": f"urn:cc-proxy:json:{(command or 'envelope').replace(' ', '-')}",
        "title": f"cc-proxy {command or 'COMMAND'} --json",
    }
    if not command:
        return {**envelope, **about, "$defs": {"Item": shared["Item"]}}
    found = parts["commands"].get(command)
    if found is None:
        return None
    told, properties = found["anyOf"], envelope["properties"] | {"command": {"const": command}}
    return {
        **about,
        **{key: value for key, value in envelope.items() if key not in about},
        "properties": properties,
        # A command that failed may have got nowhere.
        "if": {"properties": {"status": {"const": "ok"}}},
        "then": {"properties": {"data": {"anyOf": told}}},
        "else": {"properties": {"data": {"anyOf": [*told, {"maxProperties": 0}]}}},
        "$defs": {name: shared[name] for name in found["defs"]},
    }
