"""Rules for the settings of one model: options that Ollama takes, by their types.

Ollama 0.33, `api/types.go`: Options and Runner. Left out are `num_ctx`, which is `context_window`,
`num_predict`, which Claude Code chooses with each request, and `stop`.
"""

import re
from collections.abc import Callable

from cc_proxy.app.config.errors import RefusedValueError
from cc_proxy.app.config.validation import rules

# By name, the least and the most; Ollama keeps them in 32 bits.
_MOST = 2**31 - 1
WHOLE: dict[str, tuple[int, int]] = {
    "top_k": (0, _MOST),
    "seed": (-1, _MOST),
    "repeat_last_n": (-1, _MOST),
    "num_gpu": (-1, _MOST),
    "main_gpu": (0, _MOST),
    "num_batch": (1, _MOST),
    "num_thread": (0, _MOST),
    "num_keep": (-1, _MOST),
    "draft_num_predict": (0, _MOST),
}
DECIMAL: dict[str, tuple[float, float]] = {
    "temperature": (0.0, 5.0),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "typical_p": (0.0, 1.0),
    "repeat_penalty": (0.0, 5.0),
    "presence_penalty": (-5.0, 5.0),
    "frequency_penalty": (-5.0, 5.0),
}
_LEVELS = ("low", "medium", "high", "max")
_INTEGER = re.compile(r"-?[0-9]{1,10}")
_NUMBER = re.compile(r"-?[0-9]{1,10}(?:\.[0-9]{1,10})?")


def whole(name: str) -> Callable[[str], int]:
    """Return the rule for an option that is a whole number."""
    least, most = WHOLE[name]

    def rule(text: str) -> int:
        if not _INTEGER.fullmatch(text) or not least <= int(text) <= most:
            raise RefusedValueError
        return int(text)

    return rule


def decimal(name: str) -> Callable[[str], float]:
    """Return the rule for an option that is a number."""
    least, most = DECIMAL[name]

    def rule(text: str) -> float:
        if not _NUMBER.fullmatch(text) or not least <= float(text) <= most:
            raise RefusedValueError
        return float(text)

    return rule


def think(text: str) -> bool | str:
    """Return true, false or a level of thinking.

    Raises:
        RefusedValueError: it is none of them.

    """
    return text if text in _LEVELS else rules.yes_or_no(text)
