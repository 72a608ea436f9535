"""How many tokens a request will be, before anyone has counted them."""

BYTES_PER_TOKEN = 3.6


def estimate(body_bytes: int) -> int:
    """Return the tokens that a translated request of `body_bytes` bytes is likely to be."""
    return max(1, round(body_bytes / BYTES_PER_TOKEN))
