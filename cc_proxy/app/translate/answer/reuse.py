"""The tokens of a prompt that came from Ollama's cache, in the API's usage fields.

Ollama counts those tokens like all others (`prompt_eval_count`). Ollama 0.34 and later may report
how many they were (`prompt_eval_cached_count`). Where it does not, the rules of its cache say what
was kept (engine_cache.py). The time that reading took may contradict them in one direction only: a
prompt that was read fast cannot have been read whole. A long time proves nothing, since the machine
may have been busy.
"""

from collections.abc import Callable

from cc_proxy.app.anthropic.events import Usage
from cc_proxy.app.chat.messages import ChatChunk

# A batch of up to 2,048 tokens has a price of its own: fewer tokens are no evidence.
_BATCH_TOKENS = 2048
# No machine reads so many times as fast as it did before.
_TOO_FAST = 5

# Takes the last chunk; returns the tokens of the prompt, and how many came from the cache if known.
Spent = Callable[[ChatChunk], tuple[int, int | None]]


def estimate_reuse(last: ChatChunk) -> tuple[int, int | None]:
    """Return Ollama's own counts: of the prompt, and of its cached part (None: not reported)."""
    return last.prompt_eval_count, reported_reuse(last)


def reported_reuse(last: ChatChunk) -> int | None:
    """Return how many tokens of the prompt Ollama took from its cache; None if it does not say."""
    if last.prompt_eval_cached_count is None:
        return None
    return _at_most(last.prompt_eval_cached_count, last.prompt_eval_count)


def checked_reuse(
    kept: int | None, prompt_tokens: int, seconds: float, seconds_per_token: float | None
) -> int | None:
    """Return how many tokens of a prompt came from the cache; None if that is not known.

    `kept` is what the rules of the cache say, None if its state is not known. `seconds` is what
    reading took, and `seconds_per_token` what it takes when nothing is cached, None if that was
    never measured. The rules do not hold if the rest was read in far less time than it needs.
    """
    if kept is None:
        return None
    reused = _at_most(kept, prompt_tokens)
    read = prompt_tokens - reused
    if seconds_per_token and read >= _BATCH_TOKENS:
        too_fast = 0 < seconds * _TOO_FAST < read * seconds_per_token
        return None if too_fast else reused
    return reused


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


def _at_most(reused: int, prompt_tokens: int) -> int:
    # The last token is always read again, for what comes after it.
    return max(0, min(reused, prompt_tokens - 1))
