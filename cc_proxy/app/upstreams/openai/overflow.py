"""Server errors for a prompt that does not fit the window, and whether their count is exact."""

import re
from dataclasses import dataclass

_PROMPT, _WINDOW = r"(?P<prompt>\d{1,18})", r"(?P<window>\d{1,18})"
_REQUESTED = r"You requested a total of \d{1,18} tokens"
_LOADED = "However, the model is loaded with context length of only"
_MAXIMUM = rf"maximum context length is {_WINDOW} tokens"
_EXACT = (
    # llama-server, and Ollama's runner.
    rf"request \({_PROMPT} tokens\) exceeds the available context size \({_WINDOW}\b",
    # vLLM up to 0.10, and 0.11 to 0.16: also where only prompt and answer together are too long.
    rf"{_MAXIMUM}\. However, you requested \d{{1,18}} tokens \({_PROMPT} in the messages",
    rf"{_MAXIMUM}(?:\. However,| and) your request has {_PROMPT} input tokens",
    # OpenAI.
    rf"{_MAXIMUM}\. However, your messages resulted in {_PROMPT} tokens",
    # SGLang 0.5: the prompt alone, and together with the answer that was asked for.
    rf"input \({_PROMPT} tokens\) is longer than the model's context length \({_WINDOW} tokens",
    rf"maximum context length of {_WINDOW} tokens\. {_REQUESTED}: {_PROMPT} tokens from the input",
)
_AT_LEAST = (
    # vLLM 0.32 stops counting at the window.
    rf"{_MAXIMUM}\. However, your prompt contains at least {_PROMPT}\b",
    # LM Studio 0.3 and 0.4 name what they would keep.
    rf"keep the first {_PROMPT} tokens when context the overflows\. {_LOADED} {_WINDOW} tokens",
    rf"\(n_keep: {_PROMPT} >= n_ctx: {_WINDOW}\)",
)
_PATTERNS = [(re.compile(text), True) for text in _EXACT]
_PATTERNS += [(re.compile(text), False) for text in _AT_LEAST]


@dataclass(frozen=True)
class Overflow:
    """A prompt that is too long, in tokens; without `is_exact` it has at least so many."""

    prompt_tokens: int
    window: int
    is_exact: bool = True


def overflow_in(text: str) -> Overflow | None:
    """Return the overflow that an error reports, None for an error of another kind."""
    for pattern, is_exact in _PATTERNS:
        if found := pattern.search(text):
            return Overflow(int(found["prompt"]), int(found["window"]), is_exact)
    return None
