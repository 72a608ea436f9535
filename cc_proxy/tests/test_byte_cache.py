"""Caches bounded by bytes; and no other cache is in the way of a request."""

import ast
import json
import sys
import tracemalloc
from pathlib import Path

import pytest

import cc_proxy.app
from cc_proxy.app.byte_cache import ENTRY_BYTES, ByteCache, json_bytes, text_bytes

APP = Path(cc_proxy.app.__file__).parent
# What a request passes through.
ROOMS = ("anthropic", "gateway", "search", "translate", "upstreams")
# Functions with a cache bounded by number, and why that is a bound in bytes.
BOUNDED = {
    "finder": "its keys are sets of markers of this program, some letters each",
    "together": "its keys are two such sets",
    "_tokens": "its keys are what a bounded pattern has found, some letters each",
}
_CACHES = {"lru_cache", "cache"}


def sized(max_bytes: int) -> ByteCache[str, bytes]:
    return ByteCache(max_bytes, lambda _, value: len(value) - ENTRY_BYTES)


def test_what_was_used_longest_ago_makes_room() -> None:
    cache = sized(3000)
    for name in "abc":
        cache.put(name, bytes(1000))
    assert cache.get("a") is not None
    cache.put("d", bytes(1000))
    assert [name for name, _ in cache.items()] == ["c", "a", "d"]
    assert cache.held_bytes == 3000


def test_what_is_larger_than_the_whole_is_not_kept_and_takes_nothing_away() -> None:
    cache = sized(3000)
    cache.put("a", bytes(1000))
    cache.put("large", bytes(3001))
    assert cache.get("large") is None
    assert cache.get("a") is not None
    cache.put("a", bytes(3001))
    assert (len(cache), cache.held_bytes) == (0, 0)


def test_a_value_in_place_of_another_is_counted_once() -> None:
    cache = sized(3000)
    for size in (1000, 2000, 500):
        cache.put("a", bytes(size))
    assert cache.held_bytes == 500
    cache.drop("a")
    cache.drop("never there")
    assert (len(cache), cache.held_bytes) == (0, 0)
    cache.put("a", bytes(10))
    cache.clear()
    assert (len(cache), cache.held_bytes) == (0, 0)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" + b"{}," * 50_000 + b"0]",
        b"[" + b"[]," * 50_000 + b"0]",
        b"[" + b'{"a":1},' * 50_000 + b"0]",
        b"[" + b'"",' * 50_000 + b"0]",
        b"[" + b"1.5," * 50_000 + b"0]",
        json.dumps([{f"name {n}": f"text {n} ä"} for n in range(20_000)]).encode(),
        json.dumps([[[n]] for n in range(20_000)]).encode(),
        b'"' + b"a" * 100_000 + b'"',
        '"{}"'.format("ж" * 100_000).encode(),
    ],
    ids=lambda raw: raw[:12].decode("utf-8", "replace"),
)
def test_json_is_not_taken_for_smaller_than_it_is(raw: bytes) -> None:
    import msgspec  # noqa: PLC0415 - not counted

    msgspec.json.decode(raw[:1] and b"[]")
    tracemalloc.start()
    try:
        decoded = msgspec.json.decode(raw)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert decoded
    assert json_bytes(raw) >= held


def test_texts_are_counted_as_they_are_in_memory() -> None:
    assert text_bytes("ä", b"ab") == sys.getsizeof("ä") + sys.getsizeof(b"ab")


def cached_functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = {ast.unparse(one).partition("(")[0] for one in node.decorator_list}
            if {name.rpartition(".")[2] for name in names} & _CACHES:
                found.append(node)
    return found


def test_no_cache_in_the_way_of_a_request_is_bounded_by_number_alone() -> None:
    unbounded = []
    for path in (path for room in ROOMS for path in (APP / room).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in cached_functions(tree):
            arguments = function.args
            takes = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            if takes and function.name not in BOUNDED:
                unbounded.append(f"{path.relative_to(APP)}: {function.name}")
        # As a call it would not be seen above: lru_cache(...)(function).
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
        unbounded += [
            f"{path.relative_to(APP)}: {ast.unparse(call)}"
            for call in calls
            if isinstance(call.func, ast.Call)
            and ast.unparse(call.func.func).rpartition(".")[2] in _CACHES
        ]
    assert unbounded == [], "use cc_proxy.app.byte_cache.ByteCache"
