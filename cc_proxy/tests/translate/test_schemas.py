"""Tool schemas, as Ollama passes them on."""

import json
from copy import deepcopy
from typing import Any

import pytest

from cc_proxy.app.translate.request.schemas import MAX_INLINED_BYTES, plain
from cc_proxy.app.translate.request.tools.definitions import tool_set

TABLE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "what Ollama keeps is left as it is",
        {"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}},
        {"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}},
    ),
    (
        "a dialect and further keys are left out",
        {"$schema": "s", "type": "object", "additionalProperties": False},
        {"type": "object"},
    ),
    (
        "a reference is put in its place, with what stands beside it",
        {
            "$defs": {"P": {"type": "string", "description": "A path."}},
            "properties": {"a": {"$ref": "#/$defs/P"}, "b": {"$ref": "#/$defs/P", "title": "B"}},
        },
        {
            "properties": {
                "a": {"type": "string", "description": "A path."},
                "b": {"type": "string", "description": "A path.", "title": "B"},
            }
        },
    ),
    (
        "a reference to nothing says nothing",
        {"$ref": "#/$defs/no", "type": "string"},
        {"type": "string"},
    ),
    ("const is an enum of one", {"const": 5}, {"enum": [5]}),
    (
        "oneOf is anyOf",
        {"oneOf": [{"const": 1}, {"type": "null"}]},
        {"anyOf": [{"enum": [1]}, {"type": "null"}]},
    ),
    (
        "allOf is joined",
        {
            "allOf": [
                {"properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"properties": {"b": {"const": 1}}, "required": ["a", "b"], "type": "object"},
            ]
        },
        {
            "properties": {"a": {"type": "string"}, "b": {"enum": [1]}},
            "required": ["a", "b"],
            "type": "object",
        },
    ),
    (
        "limits are said in the description",
        {"type": "integer", "minimum": 0, "maximum": 9, "default": 1, "description": "How many."},
        {"type": "integer", "description": "How many. (at least 0; at most 9; default 1)"},
    ),
    (
        "limits without a description become one",
        {"type": "string", "format": "uri", "pattern": "^h"},
        {"type": "string", "description": "(format uri; matching ^h)"},
    ),
    (
        "items of a list are schemas too",
        {"type": "array", "minItems": 1, "items": {"type": "object", "additionalProperties": True}},
        {"type": "array", "items": {"type": "object"}, "description": "(at least 1 items)"},
    ),
    ("a schema that is no object is left as it is", {"items": True}, {"items": True}),
    (
        "a property may be called like a keyword",
        {"properties": {"default": {"type": "string"}, "format": {"const": "x"}}},
        {"properties": {"default": {"type": "string"}, "format": {"enum": ["x"]}}},
    ),
]


@pytest.mark.parametrize(
    ("schema", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_schemas(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    before = deepcopy(schema)
    assert plain(schema) == expected
    assert schema == before


def test_the_order_of_keys_is_kept() -> None:
    schema = {"properties": {"z": {}, "a": {}}, "type": "object", "required": ["z"]}
    assert list(plain(schema)) == ["properties", "type", "required"]
    assert list(plain(schema)["properties"]) == ["z", "a"]


def test_a_schema_that_refers_to_itself_has_an_end() -> None:
    schema = {"type": "object", "properties": {"child": {"$ref": "#"}}}
    child = plain(schema)["properties"]["child"]
    assert child == {"type": "object", "properties": {"child": {"type": "object"}}}
    assert plain({"$ref": "#"}) == {"type": "object"}


def test_definitions_that_double_at_every_step_have_an_end() -> None:
    pair = {
        f"d{i}": {"items": [0], "anyOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(40)
    }
    assert len(str(plain({"$ref": "#/$defs/d0", "$defs": pair}))) < 1_000_000


def test_a_large_definition_that_is_used_often_has_an_end() -> None:
    large = {"type": "string", "description": "x" * 30_000}
    used = {f"p{n}": {"$ref": "#/$defs/Large"} for n in range(4_000)}
    found = plain({"properties": used, "$defs": {"Large": large}})
    assert found["properties"]["p0"] == large
    assert found["properties"]["p3999"] == {"type": "string"}
    assert len(json.dumps(found)) < MAX_INLINED_BYTES + 200_000


def test_the_tools_of_a_request_share_the_room_for_references() -> None:
    large = {"type": "string", "description": "x" * 30_000}
    used = {f"p{n}": {"$ref": "#/$defs/Large"} for n in range(30)}
    schema = {"type": "object", "properties": used, "$defs": {"Large": large}}
    tools = [{"name": f"Tool{n}", "input_schema": schema} for n in range(100)]
    made = tool_set(json.dumps(tools).encode())
    assert len(made.body) < 3 * MAX_INLINED_BYTES
    assert len(made.schemas) == 100


def test_names_that_are_required_by_many_parts_are_joined_once_each() -> None:
    part = {"required": [f"p{n}" for n in range(50_000)]}
    found = plain({"required": ["a"], "allOf": [part, part, part]})
    assert found["required"] == ["a", *part["required"]]
