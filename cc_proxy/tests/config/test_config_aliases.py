import time

import pytest

from cc_proxy.app.config import resolve_model

ALIASES = {
    "claude-*": "any",
    "claude-haiku-*": "small",
    "*-haiku-4": "tail",
    "claude-opus-5-5": "large",
    "my-*-*-model": "middle",
    "mine": "claude-haiku-4",
    "default": "rest",
}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("claude-opus-5-5", "large"),
        ("claude-haiku-4", "small"),
        ("claude-haiku-", "small"),
        ("haiku", "small"),
        ("opus[1m]", "any"),
        ("opusplan", "any"),
        ("claude-haiku", "any"),
        ("claude-sonnet-4", "any"),
        ("other-haiku-4", "tail"),
        ("anthropic.claude-3", "rest"),
        ("my-a-b-model", "middle"),
        ("my--model", "my--model"),
        ("mine", "claude-haiku-4"),
        ("qwen3:4b", "qwen3:4b"),
        ("Claude-opus-5-5", "Claude-opus-5-5"),
        ("claude-opus-5-5[1m]", "large"),
        ("qwen3:4b[1m]", "qwen3:4b"),
        ("default", "rest"),
        ("local-claude/qwen3:4b", "qwen3:4b"),
        ("local-claude/qwen3:4b[1m]", "qwen3:4b"),
        ("local-claude/mine", "claude-haiku-4"),
        ("local-claude/claude-haiku-9", "small"),
    ],
)
def test_a_name_finds_its_model(name: str, model: str) -> None:
    assert resolve_model(ALIASES, name) == model


def test_an_alias_for_a_discovered_name_comes_first() -> None:
    aliases = {"local-claude/a": "wanted", "a": "other"}
    assert resolve_model(aliases, "local-claude/a") == "wanted"


@pytest.mark.parametrize("name", ["claude-opus-5-5", "anthropic/claude", "claude-x[1m]"])
def test_a_claude_name_without_a_default_is_left_to_the_caller(name: str) -> None:
    assert resolve_model({}, name) is None
    assert resolve_model({"default": "m"}, name) == "m"


def test_of_equally_specific_patterns_the_first_of_the_file_counts() -> None:
    assert resolve_model({"a*": "first", "*b": "second"}, "ab") == "first"
    assert resolve_model({"*b": "second", "a*": "first"}, "ab") == "second"


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "anything", True),
        ("**", "anything", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a*b*c", "a-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("a*bc*c", "abc", False),
        ("a?c*", "abc", False),
        ("[ab]*", "a", False),
        ("a.c*", "abc", False),
    ],
)
def test_only_the_star_has_a_meaning(pattern: str, name: str, *, matches: bool) -> None:
    assert (resolve_model({pattern: "hit"}, name) == "hit") is matches


def test_many_stars_on_a_long_name_cost_no_time() -> None:
    start = time.process_time()
    name = "a" * 50_000
    assert resolve_model({"*a" * 50 + "*b": "hit"}, name) == name
    assert time.process_time() - start < 10
