"""Code that is finished, and swallows no error."""

import ast

from cc_proxy.tests.house.program import MODULES

UNFINISHED = ("TODO", "FIXME", "XXX", "NotImplementedError")


def test_no_module_is_unfinished() -> None:
    assert [
        f"{module.name}: {mark}" for module in MODULES for mark in UNFINISHED if mark in module.text
    ] == []


def test_no_error_is_swallowed() -> None:
    handlers = [
        (f"{module.name}:{node.lineno}", node)
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
    ]
    assert [place for place, handler in handlers if handler.type is None] == [], "a bare except"
    assert [
        place
        for place, handler in handlers
        if len(handler.body) == 1 and isinstance(handler.body[0], ast.Pass)
    ] == []
