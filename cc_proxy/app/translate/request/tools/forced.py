"""A tool call that the client demands (`tool_choice` any or a named tool).

Ollama has no such demand. But it can hold an answer to a JSON schema, and with one it never
makes a call of its own (recording 21d): so the model writes the call as JSON in its text, and
that text becomes the call.
"""

from collections.abc import Iterable
from typing import Any

import msgspec


class ForcedCall(msgspec.Struct):
    """The call as the schema makes the model write it."""

    name: str
    arguments: msgspec.Raw


_decoder = msgspec.json.Decoder(ForcedCall)


def schema(tools: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return the JSON schema of a call of one of the tools, given as name and input schema."""
    calls = [
        {
            "type": "object",
            "properties": {"name": {"type": "string", "enum": [name]}, "arguments": parameters},
            "required": ["name", "arguments"],
        }
        for name, parameters in tools
    ]
    return calls[0] if len(calls) == 1 else {"anyOf": calls}


def instruction(names: Iterable[str]) -> str:
    """Return what tells the model the form, as the schema alone is not shown to it."""
    listed = " or ".join(names)
    return (
        f"Call the tool {listed} now. Answer with only a JSON object of the form"
        ' {"name": TOOL, "arguments": {…}}.'
    )


def read(text: str, names: frozenset[str]) -> ForcedCall | None:
    """Return the call that `text` is, None when it is not a call of one of `names`."""
    try:
        call = _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    if call.name not in names or not bytes(call.arguments).startswith(b"{"):
        return None
    return call
