"""How many tokens a prompt is, and how many of them the model has read before."""

TOKEN_BYTES = 4
# Ollama's runner keeps past prompts in host memory; so many are plenty for a session with
# subagents.
_PROMPTS_KEPT = 16


def count(prompt: bytes) -> int:
    """Return the tokens of a prompt: one for every four bytes begun."""
    return -(-len(prompt) // TOKEN_BYTES)


def common_prefix(one: bytes, other: bytes) -> int:
    """Return how many bytes at the start are the same, comparing in halves (memcmp is fast)."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while low < high - 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


class PromptCache:
    """The prompts that a loaded model has read, with what it said after each."""

    def __init__(self, kept: int = _PROMPTS_KEPT) -> None:
        self._kept = kept
        self._prompts: list[bytes] = []

    def reused(self, prompt: bytes) -> int:
        """Return the tokens of `prompt` that need not be read again; the last one always is."""
        longest = max((common_prefix(prompt, past) for past in self._prompts), default=0)
        return max(0, min(longest // TOKEN_BYTES, count(prompt) - 1))

    def keep(self, prompt: bytes) -> None:
        """Remember a prompt, in place of those that it continues; forget the oldest."""
        self._prompts = [past for past in self._prompts if not prompt.startswith(past)]
        self._prompts.append(prompt)
        del self._prompts[: -self._kept]
