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
    """Return what all schemas are composed of (`cli/schema.py`), a line for each part.

    With each schema as a whole, the types that commands share took half of the file.
    """
    made = {name: data(name) for name in DATA}
    shared = {name: schema for one in made.values() for name, schema in one["$defs"].items()}
    for command, one in made.items():
        if any(shared[name] != schema for name, schema in one["$defs"].items()):
            raise ValueError(f"Expected types of one name to be one type, found two in {command}.")
    envelope, items = _envelope()
    parts = {
        "envelope": envelope,
        "defs": items | dict(sorted(shared.items())),
        "commands": {
            name: {"anyOf": one["anyOf"], "defs": sorted({*items, *one["$defs"]})}
            for name, one in made.items()
        },
    }
    lines = [
        f"{json.dumps(name)}:{json.dumps(parts[name], separators=(',', ':'))}" for name in parts
    ]
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


def _envelope() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema of what all commands have in common, and the types in it."""
    (_, _), defs = msgspec.json.schema_components((Envelope, Item), ref_template=_REF)
    schema = defs.pop("Envelope")
    return {"$schema": _DIALECT, **schema}, defs
