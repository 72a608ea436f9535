"""Names of models, as Ollama reads them."""

_LATEST = ":latest"
# One of Anthropic's names that has no alias of its own: asks for the default model.
ANY_CLAUDE = "claude-default"


def same_model(one: str, other: str) -> bool:
    """Tell whether two names mean one model: case and `:latest` do not matter (recording 86)."""
    return full_name(one) == full_name(other)


def full_name(name: str) -> str:
    """Return the name in lower case, without `library/`, with its tag."""
    short = name.lower().removeprefix("library/")
    return short if ":" in short.rsplit("/", 1)[-1] else short + _LATEST


def short_name(name: str) -> str:
    """Return the name without a tag that says nothing."""
    return name.removesuffix(_LATEST)
