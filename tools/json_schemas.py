"""The JSON Schemas of what `--json` prints, from the types in `cli/json_data/`."""

import json
from typing import Any

import msgspec

from cc_proxy.app.cli.json_data import DATA
from cc_proxy.app.cli.json_data.wire import Envelope, Item
from cc_proxy.app.control import activity, why, wire

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{name}"
_CONTROL = {
    name
    for room in (wire, activity, why)
    for name, value in vars(room).items()
    if isinstance(value, type) and name[0].isupper()
}


def text() -> str:
    """Return the schemas by the commands' names, "" for what all have in common; a line for each.

    In one file without indentation they take a third of the disk that a file each would take.
    """
    made = {"": _envelope(None)} | {name: _envelope(name) for name in DATA}
    lines = [f"{json.dumps(name)}:{json.dumps(made[name], separators=(',', ':'))}" for name in made]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def data(command: str) -> dict[str, Any]:
    """Return the schema of a command's `data`, with the types that it needs in `$defs`."""
    refs, defs = msgspec.json.schema_components(DATA[command], ref_template=_REF)
    for name, schema in defs.items():
        if name in _CONTROL:
            _require_all(schema)
    return {"anyOf": list(refs), "$defs": defs}


def _require_all(schema: dict[str, Any]) -> None:
    # Their defaults are for an answer of an older proxy; what is printed has every field.
    schema["required"] = list(schema["properties"])
    for field in schema["properties"].values():
        field.pop("default", None)


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
