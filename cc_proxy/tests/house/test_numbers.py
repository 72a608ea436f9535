"""Numbers that may only fall."""

import ast
from collections import Counter
from collections.abc import Iterator

import pytest

from cc_proxy.tests.house.program import FUNCTIONS, MODULES, Module

# An import in a function has a reason: aiohttp, ruamel.yaml and click take long to import.
MOST_DEFERRED_IMPORTS = 149
MOST_FIELDS_OF_SHARED = 22
MOST_IDS_OF_A_TEST = 50
# Files with larger tables, and the most that a test in them has.
LARGE_TABLES = {
    "conformance/test_python_answers.py": 150,
    "demo/test_practice_recordings.py": 99,
    "config/test_config_data_files.py": 84,
    "config/test_config_file_errors.py": 72,
    "gateway/test_token_counter.py": 60,
    "gateway/test_recordings.py": 54,
}
# Commands that print before they return, since they go on for long.
PRINTS = {
    "cli/claude/command.py": 4,
    "cli/commands.py": 1,
    "cli/demo.py": 1,
    "cli/models/choice.py": 3,
    "cli/start.py": 1,
}


def test_imports_are_at_the_top_but_for_the_slow_ones() -> None:
    deferred = [
        f"{module.name}:{node.lineno}"
        for module in MODULES
        for function in _functions(module)
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert len(set(deferred)) <= MOST_DEFERRED_IMPORTS, deferred


def test_what_all_handlers_share_stays_small() -> None:
    (shared,) = (
        node
        for module in MODULES
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and node.name == "Shared"
    )
    fields = [node for node in shared.body if isinstance(node, ast.AnnAssign)]
    assert len(fields) <= MOST_FIELDS_OF_SHARED


def test_a_command_returns_its_result_and_prints_nothing() -> None:
    printing = Counter(
        module.name
        for module in MODULES
        if module.room == "cli" and not module.name.startswith("cli/output/")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _name(node) == "show" and len(node.keywords) == 1
        if node.keywords[0].arg == "as_json"
    )
    assert {name: count for name, count in printing.items() if count > PRINTS.get(name, 0)} == {}


def test_a_table_of_tests_stays_small(request: pytest.FixtureRequest) -> None:
    counts = Counter(item.nodeid.partition("[")[0] for item in request.session.items)
    assert {name: count for name, count in counts.items() if count > _most(name)} == {}


def _most(test: str) -> int:
    file = test.partition("::")[0].removeprefix("cc_proxy/tests/")
    return LARGE_TABLES.get(file, MOST_IDS_OF_A_TEST)


def _functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module.tree) if isinstance(node, FUNCTIONS))


def _name(node: ast.AST) -> str:
    match node:
        case ast.Call():
            return _name(node.func)
        case ast.Attribute():
            return node.attr
        case ast.Name():
            return node.id
    return ""
