"""How much a model should think, said in what the model can be told."""

from msgspec import UNSET, UnsetType

from cc_proxy.app.anthropic.requests import MessagesRequest
from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.translate.request.rules import ThinkingCounts

_COUNTS_BETA = "thinking-token-count-2026-05-13"
# The only family whose template takes a level; it always thinks (Ollama docs, gpt-oss).
LEVEL_FAMILIES = frozenset({"gptoss", "gpt-oss"})
_LEVELS = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}


def thinking_counts(request: MessagesRequest, betas: str) -> ThinkingCounts:
    """Return what deltas of thinking tell of their tokens; `betas` is the header anthropic-beta.

    Claude Code 2.1.332 asks for `display: "omitted"` and shows the count beside its spinner. It
    gets the thinking all the same: with that in the next turn, the model need not read it anew.
    """
    if _COUNTS_BETA not in betas:
        return ThinkingCounts.ABSENT
    omitted = request.thinking is not None and request.thinking.display == "omitted"
    return ThinkingCounts.COUNTED if omitted else ThinkingCounts.NULL


def think_value(
    request: MessagesRequest, model: ModelInfo, *, must_call: bool = False
) -> bool | str | UnsetType:
    """Return Ollama's `think` for a request; as little as can be before a call it `must_call`.

    A model that cannot think gets no `think` (true would be a 400, recording 16). One that can
    always gets a value, since it thinks when the field is absent (recording 17f) and the API
    means the opposite by an absent `thinking`.
    """
    if not model.can("thinking"):
        return UNSET
    wanted = request.thinks and not must_call
    if model.family in LEVEL_FAMILIES and must_call:
        return "low"
    if model.family in LEVEL_FAMILIES:
        return _LEVELS.get(request.effort or "", "medium" if wanted else "low")
    return wanted
