"""Every regular expression of the product, and how its code uses it."""

import ast
import importlib
import pkgutil
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cc_proxy import app

_ROOT = Path(app.__file__).parent
_METHODS = frozenset(
    {"match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split"}
)


@dataclass
class Expression:
    """A pattern, where it is, and the methods that are called on it; none: it is handed on."""

    where: str
    pattern: re.Pattern[Any]
    methods: frozenset[str] = field(default_factory=frozenset)


def expressions() -> list[Expression]:
    """Return the patterns that modules hold, each once, and those that stand in a call."""
    uses = _uses()
    found = []
    seen = set()
    for module in _modules():
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        for name, pattern in _held(vars(module)):
            if id(pattern) in seen:
                continue
            seen.add(id(pattern))
            where = f"{module.__name__.removeprefix('cc_proxy.app.')}.{name}"
            found.append(Expression(where, pattern, frozenset(uses[name])))
        for line, pattern, method in _in_calls(ast.parse(source)):
            where = f"{module.__name__.removeprefix('cc_proxy.app.')}:{line}"
            found.append(Expression(where, pattern, frozenset({method})))
    return found


def made_while_running() -> set[str]:
    """Return which functions make a pattern of what only the running program knows."""
    return {
        f"{path.relative_to(_ROOT).with_suffix('')}.{function.name}".replace("/", ".")
        for path in _ROOT.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for call in _calls_of_re(function)
        if call.func.attr != "escape" and not isinstance(call.args[0], ast.Constant)
    }


def _modules() -> Iterator[Any]:
    for info in pkgutil.walk_packages([str(_ROOT)], "cc_proxy.app."):
        if sys.platform == "win32" or not info.name.rpartition(".")[2].startswith("windows"):
            try:
                yield importlib.import_module(info.name)
            except ModuleNotFoundError as error:
                # A real engine for the tests, which not every system has.
                if error.name != "xllamacpp":
                    raise


def _held(names: dict[str, Any]) -> Iterator[tuple[str, re.Pattern[Any]]]:
    for name, value in names.items():
        for pattern in _patterns_in(value):
            yield name, pattern


def _patterns_in(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _patterns_in(one)
    elif isinstance(value, (tuple, list, frozenset)):
        for one in value:
            yield from _patterns_in(one)


def _uses() -> dict[str, set[str]]:
    """Return for each name which methods are called on it, or on what it holds."""
    uses: dict[str, set[str]] = defaultdict(set)
    for path in _ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in _METHODS:
                held = node.value.value if isinstance(node.value, ast.Subscript) else node.value
                if isinstance(held, ast.Name):
                    uses[held.id].add(node.attr)
                elif isinstance(held, ast.Attribute):
                    uses[held.attr].add(node.attr)
    return uses


def _in_calls(tree: ast.Module) -> Iterator[tuple[int, re.Pattern[Any], str]]:
    for call in _calls_of_re(tree):
        if call.func.attr in _METHODS and isinstance(call.args[0], ast.Constant):
            yield call.lineno, re.compile(call.args[0].value), call.func.attr


def _calls_of_re(tree: ast.AST) -> Iterator[Any]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            module = node.func.value
            if isinstance(module, ast.Name) and module.id == "re":
                yield node
