"""The size of a prompt in tokens, and the part of it that another one shares."""

TOKEN_BYTES = 4


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
