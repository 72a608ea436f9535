import json
from typing import Any

import pytest

from cc_proxy.app.translate.rescue.repair.arguments import repair
from cc_proxy.app.translate.rescue.repair.names import resolve_tool

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "file_path": {"type": "string"},
        "limit": {"type": "integer"},
        "ratio": {"type": "number"},
        "all": {"type": "boolean"},
        "todos": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"content": {"type": "string"}, "done": {"type": "boolean"}},
            },
        },
        "options": {"type": "object"},
        "maybe": {"type": ["integer", "null"]},
        "either": {"type": ["string", "integer"]},
        "anything": {},
    },
}
OPEN = {**SCHEMA, "additionalProperties": True}


@pytest.mark.parametrize(
    ("given", "wanted", "note"),
    [
        ({"limit": "5000"}, {"limit": 5000}, "limit: string made integer"),
        ({"limit": " 5 "}, {"limit": 5}, "limit: string made integer"),
        ({"limit": 5.0}, {"limit": 5}, "limit: number made integer"),
        ({"limit": "5.0"}, {"limit": 5}, "limit: string made integer"),
        ({"ratio": "0.5"}, {"ratio": 0.5}, "ratio: string made number"),
        ({"ratio": "5"}, {"ratio": 5}, "ratio: string made integer"),
        ({"all": "true"}, {"all": True}, "all: string made boolean"),
        ({"all": "False"}, {"all": False}, "all: string made boolean"),
        (
            {"todos": '[{"content": "a"}]'},
            {"todos": [{"content": "a"}]},
            "todos: string made array",
        ),
        ({"options": '{"a": 1}'}, {"options": {"a": 1}}, "options: string made object"),
        ({"maybe": "null"}, {"maybe": None}, "maybe: string made null"),
        ({"File_Path": "a"}, {"file_path": "a"}, "File_Path: renamed to file_path"),
        ({"extra": 1, "all": True}, {"all": True}, "extra: not an argument of this tool, dropped"),
        ({"arguments": {"all": True}}, {"all": True}, "arguments: unwrapped"),
        ({"input": '{"all": true}'}, {"all": True}, "input: unwrapped"),
        (
            {"todos": [{"Content": "a"}]},
            {"todos": [{"content": "a"}]},
            "todos[0].Content: renamed to content",
        ),
        (
            {"todos": [{"content": "a", "done": "true"}]},
            {"todos": [{"content": "a", "done": True}]},
            "todos[0].done: string made boolean",
        ),
    ],
)
def test_one_slip_is_mended_and_named(given: Any, wanted: Any, note: str) -> None:
    arguments, notes = repair(json.dumps(given).encode(), SCHEMA)
    assert json.loads(arguments) == wanted
    assert notes == [note]


@pytest.mark.parametrize(
    "given",
    [
        '{"file_path": "a", "limit": 5}',
        '{"file_path":"5000"}',
        '{"limit": "many"}',
        '{"limit": "5.5"}',
        '{"limit": true}',
        '{"all": "yes"}',
        '{"todos": "a, b"}',
        '{"options": "[1]"}',
        '{"either": "5"}',
        '{"anything": "5"}',
        '{"todos": ["5"]}',
        "{}",
    ],
)
def test_what_fits_or_cannot_be_mended_is_unchanged(given: str) -> None:
    assert repair(given.encode(), SCHEMA) == (given.encode(), [])


REFERRING: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["target"],
    "properties": {
        "target": {
            "anyOf": [
                {"type": "object", "properties": {"id": {"type": "integer"}}},
                {"type": "null"},
            ]
        },
        "count": {"oneOf": [{"type": "integer"}, {"type": "null"}]},
        "text": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "twice": {"anyOf": [{"type": "object"}, {"type": "object"}]},
        "untyped": {"anyOf": [{"type": "integer"}, {}]},
        "place": {"$ref": "#/$defs/Place"},
        "both": {"allOf": [{"$ref": "#/$defs/Place"}]},
        "level": {"enum": ["High", "Low"]},
        "shade": {"type": "string", "enum": ["Red", "RED"]},
    },
    "$defs": {
        "Place": {
            "type": "object",
            "properties": {"x": {"type": "integer"}, "in": {"$ref": "#/$defs/Place"}},
        }
    },
}


@pytest.mark.parametrize(
    ("given", "wanted", "notes"),
    [
        (
            {"target": '{"ID": "5"}'},
            {"target": {"id": 5}},
            [
                "target: string made object",
                "target.ID: renamed to id",
                "target.id: string made integer",
            ],
        ),
        ({"target": "null"}, {"target": None}, ["target: string made null"]),
        (
            {"target": None, "count": "7"},
            {"target": None, "count": 7},
            ["count: string made integer"],
        ),
        (
            {"target": None, "place": {"in": {"X": "1"}}},
            {"target": None, "place": {"in": {"x": 1}}},
            ["place.in.X: renamed to x", "place.in.x: string made integer"],
        ),
        (
            {"target": None, "both": '{"x": 1}'},
            {"target": None, "both": {"x": 1}},
            ["both: string made object"],
        ),
        (
            {"target": None, "level": "HIGH"},
            {"target": None, "level": "High"},
            ["level: HIGH made High"],
        ),
        ({"params": {"target": None}}, {"target": None}, ["params: unwrapped"]),
    ],
)
def test_alternatives_references_and_listed_words_are_read(
    given: Any, wanted: Any, notes: list[str]
) -> None:
    arguments, said = repair(json.dumps(given).encode(), REFERRING)
    assert json.loads(arguments) == wanted
    assert said == notes


@pytest.mark.parametrize(
    "given",
    [
        {"target": None, "text": "5"},
        {"target": None, "twice": '{"a": 1}', "level": "middle"},
        {"target": None, "untyped": "5"},
        {"target": None, "shade": "red"},
        {"target": 5},
    ],
)
def test_what_alternatives_leave_open_is_unchanged(given: Any) -> None:
    sent = json.dumps(given).encode()
    wanted = given | ({"twice": {"a": 1}} if "twice" in given else {})
    assert json.loads(repair(sent, REFERRING)[0]) == wanted


def test_a_key_too_many_stays_while_a_required_one_is_missing() -> None:
    given = b'{"goal": {"id": 5}}'
    assert repair(given, REFERRING) == (given, [])


def test_extra_keys_stay_where_the_schema_allows_them() -> None:
    given = b'{"extra": 1}'
    assert repair(given, OPEN) == (given, [])


def test_two_keys_that_differ_in_case_are_ambiguous() -> None:
    given = b'{"limit": 1, "LIMIT": 2}'
    assert repair(given, OPEN) == (given, [])


def test_a_wrapper_that_is_an_argument_of_the_tool_stays() -> None:
    schema = {"type": "object", "properties": {"input": {"type": "object"}}}
    given = b'{"input": {"a": 1}}'
    assert repair(given, schema) == (given, [])


def test_a_tool_without_a_schema_takes_anything() -> None:
    given = b'{"arguments": {"a": "1"}}'
    assert repair(given, {}) == (given, [])


@pytest.mark.parametrize(
    ("written", "wanted"),
    [("Read", "Read"), ("read", "Read"), ("Raed", None), ("grep", "grep"), ("GREP", None)],
)
def test_a_tool_is_known_by_its_name_whatever_the_case(written: str, wanted: str | None) -> None:
    assert resolve_tool(written, ["Read", "grep", "Grep"]) == wanted


BASH: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["command"],
    "properties": {
        "command": {"type": "string"},
        "timeout": {"type": "number"},
        "run_in_background": {"type": "boolean"},
        "description": {"type": "string"},
        "mode": {"type": "string", "enum": ["in_progress", "done"]},
        "file_path": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "edits": {
            "type": "array",
            "items": {"type": "object", "properties": {"a": {"type": "string"}}},
        },
    },
}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"command": "ls", "description": None}, {"command": "ls"}),
        ({"command": "ls", "timeout": "null"}, {"command": "ls"}),
        ({"command": "ls", "timeout": ""}, {"command": "ls"}),
        ({"command": "ls", "description": 5}, {"command": "ls", "description": "5"}),
        (
            {"command": "ls", "run_in_background": "False"},
            {"command": "ls", "run_in_background": False},
        ),
        ({"command": "ls", "run_in_background": 1}, {"command": "ls", "run_in_background": True}),
        ({"command": "ls", "runInBackground": True}, {"command": "ls", "run_in_background": True}),
        (
            {"command": "ls", "run-in-background": True},
            {"command": "ls", "run_in_background": True},
        ),
        ({"command": "ls", "tags": "a"}, {"command": "ls", "tags": ["a"]}),
        ({"command": "ls", "tags": '["a", "b",]'}, {"command": "ls", "tags": ["a", "b"]}),
        ({"command": "ls", "tags": "['a', 'b']"}, {"command": "ls", "tags": ["a", "b"]}),
        ({"command": "ls", "edits": {"a": "x"}}, {"command": "ls", "edits": [{"a": "x"}]}),
        ({"command": "ls", "edits": ['{"a": "x"}']}, {"command": "ls", "edits": [{"a": "x"}]}),
        ({"command": "ls", "mode": "In-Progress"}, {"command": "ls", "mode": "in_progress"}),
        ({"cmd": "ls"}, {"command": "ls"}),
        ({"command": ["ls", "a b"]}, {"command": "ls 'a b'"}),
        ({"properties": {"command": "ls"}}, {"command": "ls"}),
        ({"raw_arguments": '{"command": "ls"}'}, {"command": "ls"}),
        ({"arguments": {"input": {"command": "ls"}}}, {"command": "ls"}),
        ({"name": "Bash", "arguments": {"command": "ls"}}, {"command": "ls"}),
        ({"function": "bash", "args": {"command": "ls"}}, {"command": "ls"}),
        ({"command": "ls", "file_path": "\n a.py\n"}, {"command": "ls", "file_path": "a.py"}),
        ({"command": "ls", "file_path": "C:\temp"}, {"command": "ls", "file_path": "C:\\temp"}),
        ('{"command": "ls"}', {"command": "ls"}),
        ([{"command": "ls"}], {"command": "ls"}),
        ("ls -la", {"command": "ls -la"}),
        (None, {}),
    ],
)
def test_what_the_client_would_refuse_is_put_right(given: Any, wanted: Any) -> None:
    arguments, notes = repair(json.dumps(given).encode(), BASH, "Bash")
    assert json.loads(arguments) == wanted
    assert notes


def test_arguments_that_nobody_can_read_are_not_lost() -> None:
    arguments, notes = repair(b'"not json"', SCHEMA)
    assert json.loads(arguments) == {"raw_arguments": "not json"}
    assert notes


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("todo_write", "TodoWrite"),
        ("web-fetch", "WebFetch"),
        ("functions.Bash", "Bash"),
        ("functions.Bash:0", "Bash"),
        ("functions_Bash", "Bash"),
        ("default_api.Bash", "Bash"),
        ("mcp__git_hub__create_issue", "mcp__git-hub__create_issue"),
        ("run_shell_command", "Bash"),
        ("DropAll", None),
    ],
)
def test_a_tool_is_known_whatever_separates_its_words(written: str, wanted: str | None) -> None:
    declared = ("TodoWrite", "WebFetch", "Bash", "mcp__git-hub__create_issue")
    assert resolve_tool(written, declared) == wanted
