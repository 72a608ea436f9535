"""The JSON Schemas of what `--json` prints, from the types in `cli/json_data/`."""

import json
from typing import Any

import msgspec

from cc_proxy.app.cli.json_data import DATA
from cc_proxy.app.cli.json_data.wire import Envelope, Item

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{name}"


def files() -> dict[str, str]:
    """Return the schema files by their names."""
    made = {"envelope.json": _envelope(None)}
    made |= {f"{name.replace(' ', '-')}.json": _envelope(name) for name in DATA}
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in made.items()}


def data(command: str) -> dict[str, Any]:
    """Return the schema of a command's `data`, with the types that it needs in `$defs`."""
    refs, defs = msgspec.json.schema_components(DATA[command], ref_template=_REF)
    return {"anyOf": list(refs), "$defs": defs}


def _envelope(command: str | None) -> dict[str, Any]:
    (_, _), defs = msgspec.json.schema_components((Envelope, Item), ref_template=_REF)
    schema = defs.pop("Envelope")
    about = {
        "$schema": _DIALECT,
        "$id": f"urn:cc-proxy:json:{(command or 'envelope').replace(' ', '-')}",
        "title": f"cc-proxy {command or 'COMMAND'} --json",
    }
    if command is None:
        return {**schema, **about, "$defs": defs}
    told = data(command)
    schema["properties"]["command"] = {"const": command}
    return {
        **about,
        **{key: value for key, value in schema.items() if key != "title"},
        # A command that failed may have got nowhere.
        "if": {"properties": {"status": {"const": "ok"}}},
        "then": {"properties": {"data": {"anyOf": told["anyOf"]}}},
        "else": {"properties": {"data": {"anyOf": [*told["anyOf"], {"maxProperties": 0}]}}},
        "$defs": defs | told["$defs"],
    }
