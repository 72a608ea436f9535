"""How much of a prompt the model had read before, checked against the time that reading took.

Ollama counts tokens from its cache like all others (`prompt_eval_count`), and has no field that
says how many those were: only `prompt_eval_duration` shows it.
"""

from collections.abc import Callable

from cc_proxy.app.anthropic.events import Usage
from cc_proxy.app.upstreams.ollama.chat import ChatChunk

# What a short prefill takes besides reading: at these many tokens the time says nothing yet.
_SLACK_TOKENS = 256
# A batch of up to 2,048 tokens has a price of its own: a difference of less is no evidence.
_BATCH_TOKENS = 2048
# Attention makes the end of a long prompt slower to read than its average token.
_SLOWER_AT_THE_END = 2.0
_AS_GOOD_AS_COLD = 0.5

# Tells of the last chunk how many tokens the prompt had, and how many of them were known before.
Spent = Callable[[ChatChunk], tuple[int, int]]


def as_counted(last: ChatChunk) -> tuple[int, int]:
    """Return Ollama's own count, which does not tell what was reused."""
    return last.prompt_eval_count, 0


def note_prompt(usage: Usage, prompt: int, reused: int, *, caches_all: bool) -> None:
    """Note a prompt's tokens, each in the one place where the API counts it.

    With `caches_all` the client wants the prompt kept to its end. A prompt of 0 tokens was not
    counted, and the estimate stands.
    """
    if prompt:
        # The last token is always read again.
        kept = prompt - reused - 1 if caches_all else 0
        usage.input_tokens = prompt - reused - kept
        usage.cache_creation_input_tokens = kept
        usage.cache_read_input_tokens = reused


def corrected_reuse(
    claimed: int, prompt_tokens: int, seconds: float, seconds_per_token: float | None
) -> int:
    """Return how many tokens of a prompt were reused, at most those that are `claimed`.

    `seconds` is what the prefill took, and `seconds_per_token` what a prompt of about that length
    takes when nothing of it is reused; without it the claim stands. A prefill about as long as a
    cold one gives 0, one in between what its time leaves room for.
    """
    claimed = max(0, min(claimed, prompt_tokens))
    if not claimed or not seconds_per_token:
        return claimed
    read = seconds / seconds_per_token
    if read <= (prompt_tokens - claimed) * _SLOWER_AT_THE_END + _SLACK_TOKENS:
        return claimed
    if read >= prompt_tokens * _AS_GOOD_AS_COLD:
        return 0
    if read <= prompt_tokens - claimed + _BATCH_TOKENS:
        return claimed
    return min(claimed, int(prompt_tokens - read))
