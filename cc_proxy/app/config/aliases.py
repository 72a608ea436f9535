"""Aliases: from the model name in a request to the model that answers."""

from collections.abc import Mapping

# Claude Code's model discovery keeps only names with `claude` or `anthropic` in them; a name that
# begins with `claude-` would make 2.1.197 forget the window that it was told.
DISCOVERED = "local-claude/"

LONG_CONTEXT_MARK = "[1m]"
DEFAULT = "default"
# What Claude Code takes for `--model` in place of a name, by the family that it stands for.
_SHORT_NAMES = {"opus": "opus", "opusplan": "opus", "sonnet": "sonnet", "haiku": "haiku"}


def resolve_model(aliases: Mapping[str, str], name: str) -> str | None:
    """Return the Ollama model for a client's model name.

    An exact alias wins, then the `*` pattern with the most literal characters (the earlier of
    equals), then `default` for Anthropic's own names. Any other name is Ollama's and returned
    as it is. None: one of Anthropic's names, and no default is configured. A trailing `[1m]`
    (Claude Code's mark for a long context) is no part of the name, and neither is `local-claude/`
    before it, which the list of models has for Claude Code. `opus`, `opusplan`, `sonnet` and
    `haiku`, as in `--model haiku`, are names of these families. Aliases do not chain.
    """
    name = name.removesuffix(LONG_CONTEXT_MARK)
    if name in aliases:
        return aliases[name]
    name = name.removeprefix(DISCOVERED)
    if name in aliases:
        return aliases[name]
    if name in _SHORT_NAMES:
        name = f"claude-{_SHORT_NAMES[name]}-"  # which `claude-haiku-*` matches
    patterns = [alias for alias in aliases if "*" in alias and _matches(alias, name)]
    if patterns:
        return aliases[max(patterns, key=_literal_characters)]
    if name.startswith(("claude-", "anthropic")):
        return aliases.get(DEFAULT)
    return name


def _literal_characters(pattern: str) -> int:
    return len(pattern) - pattern.count("*")


def _matches(pattern: str, name: str) -> bool:
    # By hand: fnmatch gives meaning to `?` and `[`, and a regular expression with many stars
    # takes polynomial time on a name that somebody else chose.
    first, *middle, last = pattern.split("*")
    if not name.startswith(first) or not name.endswith(last):
        return False
    position, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return position <= end
