"""The shapes of schemas that MCP servers send: each tool stays, and Ollama can read it.

Made by their libraries: zod and TypeBox (TypeScript), pydantic and FastMCP (Python), PHP's arrays,
Go's reflection, generators for OpenAPI, and people.
"""

import json
from typing import Any

import pytest

from cc_proxy.app.practice.requests.tool_types import check_parameters
from cc_proxy.app.practice.wire import WireError
from cc_proxy.app.translate.request.tools.definitions import tool_set

TEXT = {"type": "string"}
ANYTHING, NOTHING = True, False
REFUSED = 11
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def of(schema: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema}, **more}


# Ollama refuses the first eleven as they come.
SHAPES: dict[str, dict[str, Any]] = {
    "a property that takes anything": of(ANYTHING),
    "a property that takes nothing": of(NOTHING, required=[]),
    "a list of types at the top": of(TEXT) | {"type": ["object", "null"]},
    "no properties, from PHP": {"type": "object", "properties": []},
    "an enum of one word": of({"type": "string", "enum": "a"}),
    "any of a type or anything": of({"anyOf": [TEXT, True]}),
    "one name that is required": of(TEXT, required="a"),
    "required as in draft 3": of({"type": "string", "required": True}),
    "a description that is a number": of({"type": "integer", "description": 5}),
    "the name of a type for a schema": of("string"),
    "a schema for anyOf": of({"anyOf": TEXT}),
    "zod: draft 7 and no more properties": of(
        TEXT, additionalProperties=False, **{"$schema": DRAFT_7}
    ),
    "zod: a union of literals": of({"anyOf": [{"const": "x"}, {"const": "y"}]}),
    "zod: nullable": of({"type": ["string", "null"]}),
    "zod: a record": of({"type": "object", "additionalProperties": TEXT}),
    "zod: a record with names": of({"type": "object", "propertyNames": TEXT}),
    "zod: a discriminated union": of(
        {"anyOf": [{"type": "object", "properties": {"kind": {"const": k}}} for k in "xy"]}
    ),
    "zod: a tuple": of({"type": "array", "items": [TEXT, {"type": "number"}]}),
    "zod 4: a tuple of 2020-12": of(
        {"type": "array", "prefixItems": [TEXT]}, **{"$schema": DRAFT_2020}
    ),
    "zod: a lazy type that names itself": of(
        {"$ref": "#/$defs/Tree"},
        **{"$defs": {"Tree": {"properties": {"below": {"$ref": "#/$defs/Tree"}}}}},
    ),
    "TypeBox: an intersection": of({"allOf": [{"properties": {"b": TEXT}}, {"required": ["b"]}]}),
    "TypeBox: a template literal": of({"type": "string", "pattern": "^a(b|c)$"}),
    "pydantic: optional": of({"anyOf": [TEXT, {"type": "null"}], "default": None, "title": "A"}),
    "pydantic: an enum by reference": of(
        {"$ref": "#/$defs/Kind"}, **{"$defs": {"Kind": {"enum": ["x"], "type": "string"}}}
    ),
    "pydantic: a generic name": of(
        {"$ref": "#/$defs/Page%5Bstr%5D"}, **{"$defs": {"Page[str]": {"type": "object"}}}
    ),
    "pydantic 1: definitions": of({"$ref": "#/definitions/K"}, definitions={"K": TEXT}),
    "pydantic: allOf around one reference": of(
        {"allOf": [{"$ref": "#/$defs/K"}], "description": "A."}, **{"$defs": {"K": TEXT}}
    ),
    "FastMCP: a list of any": of({"type": "array", "items": {}}),
    "FastMCP: a list of lists": of({"type": "array", "items": {"type": "array", "items": TEXT}}),
    "FastMCP: a date": of({"type": "string", "format": "date-time"}),
    "Go: a map of slices": of(
        {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}}
    ),
    "Go: limits of integers": of({"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}),
    "OpenAPI: nullable": of({"type": "string", "nullable": True, "example": "x"}),
    "OpenAPI: a path with a slash": of(
        {"$ref": "#/$defs/a~1b"}, **{"$defs": {"a/b": {"type": "boolean"}}}
    ),
    "OpenAPI: an exclusive limit of draft 4": of({"minimum": 0, "exclusiveMinimum": True}),
    "by hand: no type at the top": {"properties": {"a": TEXT}, "required": ["a"]},
    "by hand: alternatives at the top": of(TEXT, anyOf=[{"required": ["a"]}, {"required": []}]),
    "by hand: a condition": of(TEXT, **{"if": {"required": ["a"]}, "then": {"minProperties": 1}}),
}
NOT_SHOWN = {"a property that takes nothing", "no properties, from PHP"}


def test_ollama_refuses_the_first_eleven_as_they_come() -> None:
    assert len(SHAPES) == 38
    for number, schema in enumerate(SHAPES.values()):
        if number < REFUSED:
            with pytest.raises(WireError):
                check_parameters(schema)
        else:
            check_parameters(schema)


@pytest.mark.parametrize("first", [0, 19])
def test_each_tool_stays_and_ollama_reads_its_schema(first: int) -> None:
    wrong: dict[str, object] = {}
    for name, schema in list(SHAPES.items())[first : first + 19]:
        raw = json.dumps([{"name": "Get", "description": "Gets.", "input_schema": schema}]).encode()
        found = tool_set(raw)
        (tool,) = json.loads(found.body)
        parameters = tool["function"]["parameters"]
        check_parameters(parameters)
        if list(parameters.get("properties", {})) != ([] if name in NOT_SHOWN else ["a"]):
            wrong[name] = parameters
        if found.schemas != {"Get": schema} or found.left_out:
            wrong[name] = found
    assert wrong == {}
