"""The one wording for a model that Ollama does not have."""

_LATEST = ":latest"


def missing_model(model: str, asked: str | None = None) -> str:
    """Say that Ollama does not have a model.

    `asked` is the name that the request had, or the alias: it is shown if it is another one.
    """
    name = _short(model)
    other = "" if asked is None or _short(asked) == name else f" (asked for as {asked})"
    return f"Ollama has no model {name}{other}."


def how_to_get(model: str) -> str:
    """Say how to get a missing model, in a sentence for the API's clients."""
    command = f"ollama pull {_short(model)}"
    return f"Pull it with `{command}`, or see what is pulled with `cc-proxy models`."


def pull_command(model: str) -> str:
    """Return the command that pulls a model, as the hint of an error."""
    return f"cc-proxy models pull {_short(model)}"


def _short(model: str) -> str:
    return model.removesuffix(_LATEST)
