"""Another model to use: never the one that was tested."""

from collections.abc import Sequence

from cc_proxy.app.chat.model_names import full_name

# Where a real Ollama listens, for those who have the practice server in its place.
REAL_OLLAMA = "OLLAMA_BASE_URL=http://127.0.0.1:11434"
# Which one fits depends on the machine.
_RECOMMEND = "cc-proxy models recommend"


def other_model(tested: str, fit: Sequence[str] = ()) -> str:
    """Return the command that gets another model than `tested`.

    `fit` are pulled models that passed their own test. Without one, it is the command that names
    what fits this machine.
    """
    known = next((name for name in fit if full_name(name) != full_name(tested)), None)
    return f"cc-proxy claude --model {known} (fit in your test)" if known else _RECOMMEND
