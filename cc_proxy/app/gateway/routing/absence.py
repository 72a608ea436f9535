"""The errors where no default model is configured, and none of those that are there can answer.

Both name the setting, and a model to pull.
"""

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.chat.upstream import Upstream


def only_cloud(names: list[str]) -> ApiError:
    """Return the error for an Ollama that has only these cloud models."""
    return ApiError(
        404,
        "not_found_error",
        "No model is configured, and Ollama has only cloud models, which send what they read to"
        f" another company. To use one, set `aliases: {{default: {names[0]}}}` in"
        " cc-proxy.user.yaml. For a model of this machine: `cc-proxy models recommend`.",
        retry=False,
    )


def no_model(count: int, first: Upstream) -> ApiError:
    """Return the error for a server none of whose `count` models can use tools."""
    is_ollama = first.kind == "ollama"
    some = f"{count} {'pulled' if is_ollama else 'served'}, none that can use tools"
    found = some if count else "no model at all"
    remedy = (
        "Pull one that can use tools (`cc-proxy models recommend` says which fits), or set"
        if is_ollama
        else f"Let {first.title} serve one that can use tools, or set"
    )
    return ApiError(
        404,
        "not_found_error",
        f"No model is configured, and {first.title} has {found}. {remedy} `aliases.default` in"
        " cc-proxy.user.yaml.",
        retry=False,
    )
