"""What `--json` prints is held to the schema of its command, wherever a test has it printed."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import jsonschema

from cc_proxy.app.cli import schema


def check(arguments: Sequence[str], out: str) -> None:
    """Assert that what cc-proxy has printed for these arguments is as its schema says."""
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--json" not in ours or "--help" in ours:
        return
    assert out.count("\n") == 1, f"not one line on stdout: {out!r}"
    envelope = json.loads(out)
    validator = _validator(envelope["command"])
    errors = [f"{error.json_path}: {error.message}" for error in _leaves(validator, envelope)]
    assert not errors, (
        f"`{envelope['command']} --json` is not what its schema says. If the change is meant, put"
        f" it into cc_proxy/app/cli/json_data/ and run `python -m tools.generate`.\n"
        + "\n".join(errors)
    )


def _leaves(validator: Any, envelope: object) -> list[jsonschema.ValidationError]:
    found = []
    for error in validator.iter_errors(envelope):
        best = jsonschema.exceptions.best_match([error])
        found.append(best or error)
    return found


def schema_of(command: str) -> Any:
    """Return the schema of a command, None if it has none."""
    return schema.schema_of(command)


@cache
def _validator(command: str) -> Any:
    found = schema_of(command)
    assert found is not None, (
        f"There is no schema for `{command}`: give it a type in cc_proxy/app/cli/json_data/,"
        " a line in DATA there, and run `python -m tools.generate`."
    )
    return jsonschema.Draft202012Validator(_closed(found))


def _closed(node: Any) -> Any:
    """Return a schema without room for more: users' programs must expect it, tests must not."""
    match node:
        case dict():
            closed = {key: _closed(value) for key, value in node.items()}
            # Not the conditions on the envelope, which name some of its fields only.
            if node.get("type") == "object" and "properties" in node:
                closed["additionalProperties"] = False
            return closed
        case list():
            return [_closed(value) for value in node]
        case _:
            return node
