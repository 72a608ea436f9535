"""The command that gets a model that Ollama does not have."""

from cc_proxy.app.chat.model_names import short_name


def how_to_get(model: str) -> str:
    """Say how to get a missing model, in a sentence for the API's clients."""
    command = f"ollama pull {short_name(model)}"
    return f"Pull it with `{command}`, or see what is pulled with `cc-proxy models`."


def pull_command(model: str) -> str:
    """Return the command that pulls a model, as the hint of an error."""
    return f"cc-proxy models pull {short_name(model)}"
