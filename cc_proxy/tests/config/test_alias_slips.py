"""Aliases that are told to be misspelt, and those that are not."""

import pytest

from cc_proxy.app.config.validation.alias_slips import slips


@pytest.mark.parametrize(
    ("alias", "meant"),
    [
        ("defualt", "default"),
        ("Default", "default"),
        ("defaults", "default"),
        ("claud-*", "claude-*"),
        ("Claude-*", "claude-*"),
        ("claude_*", "claude-*"),
        ("cluade-haiku-*", "claude-haiku-*"),
        ("claude-hiaku-*", "claude-haiku-*"),
        ("claude-sonet-4", "claude-sonnet-4"),
        ("claude-.*", "claude-*"),
        ("^claude-.*$", "claude-*"),
        ("claude-[a-z]*", "claude-*"),
        ("claude-(opus|sonnet)-.*", "claude-*"),
        ("claude-opus-5-5[1m]", "claude-opus-5-5"),
    ],
)
def test_an_alias_that_nobody_asks_for_is_told_with_what_was_meant(alias: str, meant: str) -> None:
    (found,) = slips([alias])
    assert (found.alias, found.suggestion) == (alias, meant)


@pytest.mark.parametrize(
    "alias",
    [
        *("default", "fault", "default-model", "*", "claude-*", "claude*", "*haiku*", "clause"),
        *("claude-opus-5-5", "claude-3-5-sonnet-20241022", "claude-new-9", "local-claude/x"),
        *("anthropic.claude-3", "anthropic/claude-*", "gpt-4o", "cloud-*", "cloud:x", "mine"),
    ],
)
def test_an_alias_that_may_be_meant_as_it_is_passes(alias: str) -> None:
    assert list(slips([alias])) == []


def test_a_name_near_default_passes_beside_the_default() -> None:
    assert list(slips(["defaults", "default"])) == []
