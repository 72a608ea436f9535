"""Another model to use: never the one that was tested."""

from collections.abc import Sequence

from cc_proxy.app.chat.model_names import full_name

# Where a real Ollama listens, for those who have the practice server in its place.
REAL_OLLAMA = "OLLAMA_BASE_URL=http://127.0.0.1:11434"
# Models of Ollama's library that are made for tools, from large to small.
_LIBRARY = ("qwen3-coder:30b", "gpt-oss:20b")


def other_model(tested: str, fit: Sequence[str] = ()) -> str:
    """Return the command that gets another model than `tested`.

    `fit` are pulled models that passed their own test. Without one, it is a model to pull, of
    another family than the tested one.
    """
    known = next((name for name in fit if full_name(name) != full_name(tested)), None)
    if known is not None:
        return f"cc-proxy claude --model {known} (fit in your test)"
    family = full_name(tested).partition(":")[0].rpartition("/")[2]
    name = next(name for name in _LIBRARY if name.partition(":")[0] != family)
    return f"cc-proxy models pull {name}"
