"""The window and speed that Claude Code needs, measured with 2.1.197 and 2.1.330."""

# Of a context window, in tokens. It starts with 12,000 to 25,000, and as `cc-proxy claude` sets it
# up it compacts at four fifths of the window less 13,000 (of 100,000 and more: 33,000 below it).
# Tried with sessions of 10 and 25 tool turns that print 3.5 KB each, and of 25 that print 8 KB:
# with this much it compacts at most twice.
ENOUGH_WINDOW = 65_536
# The least in which all of these sessions came to their end, with all that Claude Code sends by
# default and with less of it: it compacts up to six times. Below it gave up ("Autocompact is
# thrashing", "Prompt is too long").
FULL_WINDOW = 49_152
LEAN_WINDOW = 32_768
# The least in which one came to its end that prints 3.5 KB a turn; below, none did.
LEAST_WINDOW = 24_576
# Its first request with everything that it sends by default, in tokens (2.1.330).
FIRST_REQUEST_TOKENS = 12_000
# How long a person waits for the first answer of a session.
PATIENCE_SECONDS = 60.0
# What it keeps free for an answer at most, whatever it may be long, and for its summary.
KEPT_FOR_ANSWER = 20_000
KEPT_FOR_SUMMARY = 13_000


def compacts_at(window: int, max_answer: int) -> int:
    """Return the tokens of a window at which it compacts, when an answer has `max_answer` at most.

    65,536 and a fifth of it for the answer: 39,429.
    """
    return max(0, window - min(KEPT_FOR_ANSWER, max_answer) - KEPT_FOR_SUMMARY)
