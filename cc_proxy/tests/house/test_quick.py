"""`make quick` stays quick: its tests start no program, no server and no Claude Code."""

import ast
import fnmatch
import re
from pathlib import Path

import pytest

from cc_proxy.tests.house.program import ROOT

TESTS = ROOT / "cc_proxy/tests"
# A test that imports one of these starts something.
STARTERS = {"subprocess", "pexpect", "cc_proxy.tests.e2e", "cc_proxy.tests.cli.conftest"}


def _variable(name: str) -> str:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(rf"^{name} := (.*)$", makefile, re.MULTILINE)
    assert found
    return found[1]


def _quick_files() -> list[Path]:
    prefixed = re.fullmatch(r"\$\(addprefix cc_proxy/tests/,(.*)\)", _variable("QUICK"))
    assert prefixed
    ignored = _variable("NOT_QUICK").split()
    paths = [TESTS / name for name in prefixed[1].split()]
    files = [file for path in paths for file in ([path] if path.suffix else path.rglob("*.py"))]
    return [
        file
        for file in files
        if not any(fnmatch.fnmatch(part, name) for part in file.parts for name in ignored)
    ]


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def _marks_claude(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node) == "pytest.mark.claude"


def test_the_quick_tests_start_nothing() -> None:
    files = _quick_files()
    assert len(files) > len(STARTERS)
    trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}
    starting = {file.name: sorted(_imports(tree) & STARTERS) for file, tree in trees.items()}
    assert {name: modules for name, modules in starting.items() if modules} == {}
    assert [
        file.name for file, tree in trees.items() if any(map(_marks_claude, ast.walk(tree)))
    ] == []


def test_the_quick_tests_ask_for_no_program(request: pytest.FixtureRequest) -> None:
    quick = set(_quick_files())
    assert [
        item.nodeid
        for item in request.session.items
        if isinstance(item, pytest.Function)
        if item.path in quick and "cc_proxy" in item.fixturenames
    ] == []
