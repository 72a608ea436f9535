"""Schemas that JSON Schema allows, or MCP servers send all the same, and Ollama's types refuse."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc_proxy.app.practice.requests.tool_types import check_parameters
from cc_proxy.app.practice.wire import WireError
from cc_proxy.app.translate.request.schemas import plain
from cc_proxy.app.translate.request.tools.definitions import tool_set

STRING = {"type": "string"}
ANYTHING, NOTHING = True, False


def of(schema: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema}}


# The name of a shape, a tool's schema, and what the model is shown.
REFUSED_BY_OLLAMA: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("anything", of(ANYTHING), of({})),
    ("nothing", of(NOTHING), {"type": "object", "properties": {}}),
    (
        "nothing, required",
        of(NOTHING) | {"required": ["a", "b"]},
        {"type": "object", "properties": {}, "required": ["b"]},
    ),
    ("the name of a type", of("string"), of(STRING)),
    ("a list", of([]), of({})),
    ("a number", of(5), of({})),
    ("a list of types at the top", {"type": ["object", "null"]}, {"type": "object"}),
    ("a mapping for a type at the top", {"type": {}}, {"type": "object"}),
    ("null among the types", of({"type": ["string", None]}), of({"type": ["string"]})),
    ("a number for a type", of({"type": 5}), of({})),
    ("a schema for a type", of({"type": STRING}), of({})),
    ("properties of PHP", {"type": "object", "properties": []}, {"type": "object"}),
    ("nested properties of PHP", of({"properties": []}), of({})),
    (
        "properties with their names inside",
        {"properties": [{"name": "a", "type": "string"}, {"name": "b"}]},
        {"properties": {"a": STRING, "b": {}}},
    ),
    ("properties that are no schemas", {"properties": "a"}, {}),
    ("an enum of one", of({"enum": "a"}), of({"enum": ["a"]})),
    ("an enum of a mapping", of({"enum": {"a": 1, "b": 2}}), of({"enum": ["a", "b"]})),
    (
        "any of anything",
        of({"anyOf": [STRING, True], "description": "A."}),
        of({"anyOf": [STRING, {}], "description": "A."}),
    ),
    ("any of nothing", of({"anyOf": [STRING, False]}), of({"anyOf": [STRING]})),
    ("one of anything", of({"oneOf": [STRING, True]}), of({"anyOf": [STRING, {}]})),
    ("a schema for anyOf", of({"anyOf": STRING}), of({"anyOf": [STRING]})),
    ("a number for anyOf", of({"anyOf": 5}), of({})),
    ("a description in parts", of({"description": ["A", "b"]}), of({"description": '["A","b"]'})),
    ("a number as a description", of({"description": 5}), of({"description": "5"})),
    ("required as of 2010", of({"required": True}), of({}) | {"required": ["a"]}),
    ("not required as of 2010", of({"required": False}), of({})),
    ("one name that is required", of({}) | {"required": "a"}, of({}) | {"required": ["a"]}),
    ("a mapping of what is required", of({}) | {"required": {"a": True}}, of({})),
    (
        "numbers among what is required",
        of({}) | {"required": ["a", 5]},
        of({}) | {"required": ["a"]},
    ),
    ("a field in another case", of({"Enum": "a", "TYPE": 5}), of({})),
    (
        "the same deep inside",
        of({"anyOf": [{"properties": {"b": {"properties": {"c": True, "d": "integer"}}}}]}),
        of({"anyOf": [{"properties": {"b": {"properties": {"c": {}, "d": {"type": "integer"}}}}}]}),
    ),
    (
        "a reference to anything",
        of({"$ref": "#/$defs/Any"}) | {"$defs": {"Any": True}},
        of({}),
    ),
    (
        "a part of allOf that is no schema",
        {"allOf": [True, {"properties": {"a": True}, "required": "a"}]},
        {"properties": {"a": {}}, "required": ["a"]},
    ),
]


@pytest.mark.parametrize(
    ("schema", "shown"),
    [row[1:] for row in REFUSED_BY_OLLAMA],
    ids=[row[0] for row in REFUSED_BY_OLLAMA],
)
def test_what_ollama_would_refuse_is_put_into_its_types(
    schema: dict[str, Any], shown: dict[str, Any]
) -> None:
    before = deepcopy(schema)
    found = plain(schema)
    check_parameters(found)
    assert found == shown
    assert schema == before


@pytest.mark.parametrize(
    "schema",
    [
        of(ANYTHING),
        of("string"),
        {"type": ["object"]},
        {"properties": []},
        of({"enum": "a"}),
        of({"anyOf": [True]}),
        of({"required": True}),
        of({"description": 5}),
        of({"Enum": "a"}),
    ],
)
def test_ollama_s_types_refuse_them_as_they_come(schema: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        check_parameters(schema)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("A thing", "#/$defs/A%20thing"),
        ("a/b", "#/$defs/a~1b"),
        ("a~b", "#/$defs/a~0b"),
        ("Pair<A,B>", "#/$defs/Pair%3CA%2CB%3E"),
        ("a~1b", "#/$defs/a~01b"),
        ("a/b", "#/$defs/a%7E1b"),
    ],
)
def test_a_reference_is_a_fragment_of_a_url(name: str, reference: str) -> None:
    assert plain(of({"$ref": reference}) | {"$defs": {name: STRING}}) == of(STRING)


def test_a_reference_may_lead_into_a_list() -> None:
    either = {"anyOf": [{"type": "null"}, STRING]}
    schema = {"properties": {"a": either, "b": {"$ref": "#/properties/a/anyOf/1"}}}
    assert plain(schema)["properties"]["b"] == STRING


def test_limits_that_do_not_limit_are_not_said() -> None:
    assert plain({"uniqueItems": False}) == {}
    assert plain({"minimum": 0, "exclusiveMinimum": True}) == {"description": "(at least 0)"}


PATH, URL = {"type": "string", "description": "A path."}, {"type": "string", "format": "uri"}


@pytest.mark.parametrize("word", ["anyOf", "oneOf"])
def test_alternatives_at_the_top_keep_their_properties(word: str) -> None:
    # Ollama's type for all parameters of a tool has no anyOf: it would drop them.
    found = plain(
        {
            "type": "object",
            "properties": {"mode": STRING},
            "required": ["mode"],
            word: [
                {"properties": {"path": PATH, "n": {"const": 1}}, "required": ["path", "n"]},
                {"properties": {"url": URL, "n": {"const": 2}}, "required": ["url", "n"]},
                True,
            ],
        }
    )
    check_parameters(found)
    assert found == {
        "type": "object",
        "properties": {
            "mode": STRING,
            "path": PATH,
            "n": {"anyOf": [{"enum": [1]}, {"enum": [2]}]},
            "url": {"type": "string", "description": "(format uri)"},
        },
        "required": ["mode"],
    }


def test_what_all_alternatives_at_the_top_require_is_required() -> None:
    options = [{"properties": {"a": STRING, "b": STRING}, "required": ["a", "b"]}]
    options.append({"properties": {"a": STRING, "c": STRING}, "required": ["a", "c"]})
    found = plain({"type": "object", "anyOf": options})
    assert found["required"] == ["a"]
    assert list(found["properties"]) == ["a", "b", "c"]


def test_a_tool_says_which_alternatives_it_has() -> None:
    options = [{"required": ["path"]}, {"required": ["url", "n"]}]
    properties = {"path": STRING, "url": STRING, "n": STRING}
    schema = {"type": "object", "properties": properties, "anyOf": options}
    raw = json.dumps([{"name": "Get", "description": "Gets.", "input_schema": schema}]).encode()
    (tool,) = json.loads(tool_set(raw).body)
    assert tool["function"]["description"] == "Gets. Give `path`, or `url` and `n`."
    assert tool["function"]["parameters"] == {"type": "object", "properties": properties}


_WORDS = ["type", "enum", "anyOf", "oneOf", "allOf", "properties", "required", "description"]
_WORDS += ["items", "$ref", "$defs", "const", "minimum", "Enum", "object", "#/$defs/a", "a"]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(_WORDS),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), below, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(_WORDS), _JSON, max_size=5))
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_whatever_a_schema_is_ollama_can_read_the_result(schema: dict[str, Any]) -> None:
    check_parameters(plain(schema))


def test_the_arguments_are_checked_against_the_schema_as_it_came() -> None:
    schema = of(ANYTHING)
    raw = json.dumps([{"name": "Get", "input_schema": schema}]).encode()
    assert tool_set(raw).schemas == {"Get": schema}
