"""The thinking effort of a request, in terms that the model understands."""

from msgspec import UNSET, UnsetType

from cc_proxy.app.anthropic.requests import MessagesRequest
from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.translate.request.rules import ThinkingCounts

_COUNTS_BETA = "thinking-token-count-2026-05-13"
# The only family that cannot be asked not to think, and takes no `max` (Ollama docs, gpt-oss).
ALWAYS_THINKING = frozenset({"gptoss", "gpt-oss"})
# Ollama 0.32 takes a level for each model that thinks (recording 17c), and gives it to templates
# that know levels; to the others it is true. It knows no level between high and max.
_LEVELS = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "max",
}


def thinking_counts(request: MessagesRequest, betas: str) -> ThinkingCounts:
    """Return the token count in deltas of thinking; `betas` is the header anthropic-beta.

    Claude Code 2.1.332 asks for `display: "omitted"` and shows the count beside its spinner. It
    gets the thinking all the same: with that in the next turn, the model need not read it anew.
    """
    if _COUNTS_BETA not in betas:
        return ThinkingCounts.ABSENT
    omitted = request.thinking is not None and request.thinking.display == "omitted"
    return ThinkingCounts.COUNTED if omitted else ThinkingCounts.NULL


def think_value(
    request: MessagesRequest,
    model: ModelInfo,
    *,
    must_call: bool = False,
    configured: bool | str | None = None,
) -> bool | str | UnsetType:
    """Return Ollama's `think` for a request; as little as can be before a call it `must_call`.

    A model that cannot think gets no `think` (true would be a 400, recording 16). One that can
    always gets a value, since it thinks when the field is absent (recording 17f) and the API
    means the opposite by an absent `thinking`. `configured` is the user's choice for the model:
    off, or how it thinks where it is asked to think.
    """
    if not model.can("thinking"):
        return UNSET
    always = model.family in ALWAYS_THINKING
    if must_call or not request.thinks or configured is False:
        return "low" if always else False
    asked = _LEVELS.get(request.effort or "", "medium" if always else True)
    level = asked if configured is None or (configured is True and always) else configured
    return "high" if always and level == "max" else level
